//! Every definition that is shipped loads, and is the same after it was stored and read.

use sealflow_core::{Definition, load, schema};

use crate::drive::{definition, unchecked};

pub(crate) const SUPPLIER_PURCHASE: &str =
    include_str!("../../../../workflows/supplier_purchase/workflow.yaml");
pub(crate) const NDA_PARALLEL: &str = include_str!("../../../../workflows/nda_parallel/workflow.yaml");
/// As it was shipped first: instances of it still run.
pub(crate) const MICRO_DEPOSIT: &str = include_str!("micro_deposit_1.yaml");

/// Every shipped definition: its name and source.
pub(crate) fn all() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../workflows");
    let mut all: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().join("workflow.yaml"))
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    all.sort();
    all
}

#[test]
fn loads_and_keeps_its_hash() {
    let all = all();
    assert!(all.len() >= 14, "{} definitions", all.len());
    for (name, source) in all {
        let definition = definition(&source);
        assert_eq!(definition.name(), name, "the folder's name");
        let stored = serde_json::to_string(&definition).unwrap();
        let read: Definition = serde_json::from_str(&stored).unwrap();
        assert_eq!(read.hash(), definition.hash());
        assert_eq!(read, definition);
        assert_eq!(serde_json::to_string(&read).unwrap(), stored);
    }
}

/// The example of the language's description.
#[test]
fn the_readme_is_right() {
    let readme = include_str!("../../../../workflows/README.md");
    let example = readme.split("```yaml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert_eq!(definition(example).name(), "example");
}

#[test]
fn contract_types_are_handed_out() {
    let loaded = load(SUPPLIER_PURCHASE, "supplier_purchase.yaml").unwrap();
    let contract_type = loaded.contract_type.unwrap();
    assert_eq!(loaded.definition.contract_type(), Some(&contract_type));
    let supplier = contract_type.role("supplier").unwrap();
    assert_eq!(supplier.agreement(), Some("e_signature_consent"));
    assert_eq!(supplier.forced_reading.unwrap().min_seconds, 5);
    assert_eq!(contract_type.deadline_ms(), Some(30 * 86_400_000));
    assert!(contract_type.role("nobody").is_none());
    assert!(load(MICRO_DEPOSIT, "micro_deposit.yaml").unwrap().contract_type.is_none());
}

#[test]
fn the_schema_names_both_languages() {
    let schema = schema();
    for name in ["Workflow", "ContractType", "StateDef", "Transition", "Timer"] {
        assert!(schema["$defs"][name].is_object(), "{name}");
    }
    assert_eq!(schema["$defs"]["Timer"]["additionalProperties"], false);
}

/// Instances are pinned to a definition by its hash: what is stored today must have the same hash in later versions.
/// When this fails, the canonical form has changed, and every running instance would lose its definition.
#[test]
fn the_canonical_form_is_frozen() {
    let definition = unchecked(
        "
workflow: {name: frozen, version: 3, dsl: 1}
title: {zh: 冻结, en: Frozen}
input: [who]
require: [size(who) > 0]
data: {n: 1.5, many: [1, {b: 1, a: null}]}
counters: {c: 2}
initial: a
on: {stop: {by: who, to: over}}
timers: {end: {at: now + 5, to: over}}
states:
  a:
    status: first
    enter: {set: {n: n + 1.0}, start: [{kind: send_sms, payload: {x: \"{n}\", y: 1}}]}
    task: {form: sign, assignee: who, methods: [sms_code]}
    timers: {hint: {every: PT1H, limit: 3, set: {n: \"0\"}}, late: {after: P1D, to: all}}
    on: {x: all, y: [{if: n > 1.0, to: all}, {raise: c, else: over}]}
  all:
    each: {in: many, as: one, id: string(one), need: \"1\", initial: j, states: {j: {job: {kind: send_sms, key: k}, on: {sent: e}}, e: {final: e}}}
    on: {done: choose}
  choose: {always: [{if: n > 2.0, to: a}, over]}
  over: {status: ended, final: over}
",
    );
    assert_eq!(definition.hash().0, "7a108f107bbfacf3ab08fb14f219e0d927aafe8f05f6df339ad563b41229755b");
}
