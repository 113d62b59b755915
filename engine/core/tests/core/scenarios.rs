//! Every scenario that is shipped with a definition, and what the runner says about scenarios that are wrong.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sealflow_core::{Definition, load, scenario, simulate::Coverage};

use crate::{drive::definition, shipped::MICRO_DEPOSIT};

fn workflows() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows")
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// `workflows/<name>/workflow.yaml`, with what is wrong with it.
fn definition_of(folder: &Path) -> Definition {
    let inside = folder.join("workflow.yaml");
    let path = if inside.exists() { inside } else { folder.with_extension("yaml") };
    let source = fs::read_to_string(&path).unwrap();
    load(&source, &path.display().to_string())
        .unwrap_or_else(|faults| {
            panic!("{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        })
        .definition
}

/// Every definition has scenarios, all of them pass, and together they enter every state and take every way on.
#[test]
fn every_shipped_scenario_passes() {
    let mut faults = Vec::new();
    let mut scenarios = 0;
    for folder in sorted(&workflows()).iter().filter(|folder| folder.join("workflow.yaml").is_file()) {
        let files: Vec<PathBuf> = sorted(&folder.join("scenarios"))
            .into_iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
            .collect();
        let definition = definition_of(folder);
        let mut coverage = Coverage::default();
        let mut steps = 0;
        for file in &files {
            let shown = file.strip_prefix(workflows()).unwrap().display().to_string();
            let report = scenario::run(&definition, &fs::read_to_string(file).unwrap(), &shown);
            coverage.add(&report.path);
            steps += report.steps;
            faults.extend(report.faults.iter().map(ToString::to_string));
        }
        scenarios += files.len();
        let (name, workflow) = (definition.name(), definition.workflow());
        let missed = coverage.missed_states(workflow).into_iter().map(|path| format!("enters {path}"));
        let ways = coverage.missed_ways(workflow).into_iter().map(|way| format!("takes {way}"));
        faults.extend(missed.chain(ways).map(|missed| format!("{name}: no scenario {missed}")));
        println!("{name}: {} scenarios, {steps} steps", files.len());
    }
    println!("{scenarios} scenarios");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// What the runner says of a scenario of the micro-deposit.
fn said(steps: &str) -> String {
    let source = format!("scenario: x\ninput: {{transactor: {{person_id: $clerk}}}}\n{steps}");
    let report = scenario::run(&definition(MICRO_DEPOSIT), &source, "x.yaml");
    report.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_not_as_written_is_told_with_its_place() {
    let submit = "- {do: submit, by: clerk, data: {account: '1'}}";
    for (steps, words) in [
        (
            format!("steps:\n{submit}\n- expect: {{at: entering}}"),
            "x.yaml:5:16: step 2: expected the state `entering`, but it is `paying`",
        ),
        (format!("steps:\n{submit}\n- expect: {{at: paying, jobs: []}}"), "pay/0.0.0 (pay_micro_deposit)"),
        ("steps:\n- expect: {at: inof}".to_owned(), "did you mean `info`?"),
        ("steps:\n- {do: submitt, by: clerk}".to_owned(), "x.yaml:4:8: step 1: it is refused"),
        ("steps:\n- {do: submitt, by: clerk}".to_owned(), "did you mean `submit`?"),
        ("steps:\n- {do: submit, by: clark}".to_owned(), "did you mean `clerk`?"),
        ("steps:\n- {doo: submit, by: clerk}".to_owned(), "x.yaml:4:4: `doo` is not known here"),
        ("steps:\n- {do: submit, by: clerk, refused: wrong_person}".to_owned(), "but the condition"),
        (
            "steps:\n- {do: submit, by: clerk, refused: {code: guard_refused, contains: fen}}".to_owned(),
            "to say \"fen\"",
        ),
        (format!("steps:\n{submit}\n- {{job: {{kind: send_sms, outcome: sent}}}}"), "is waited for"),
        (format!("steps:\n{submit}\n- {{job: {{key: pay/1, outcome: paid}}}}"), "job_not_waited_for"),
        (format!("steps:\n{submit}\n- {{advance: PT1H, refused: stale_timer}}"), "none is"),
        (format!("steps:\n{submit}\n- {{advance: 1 hour}}"), "no ISO 8601 duration"),
        (format!("steps:\n{submit}\n- advance_to: 2020-01-01T00:00:00Z"), "forward only"),
        (format!("steps:\n{submit}\n- advance_to: paying:settel"), "did you mean `paying:settle`?"),
        (format!("steps:\n{submit}\n- {{advance: PT1H, again: true}}"), "no timer fires"),
        ("steps:\n- {do: submit, by: clerk, advance: PT1H}".to_owned(), "are two steps"),
        ("steps:\n- {note: nothing}".to_owned(), "nothing is done"),
        ("steps:\n- expect: {data: {fenn: 0}}".to_owned(), "did you mean `fen`?"),
        ("steps:\n- expect: {data: {fen: 1}}".to_owned(), "x.yaml:4:24: step 1: expected `fen` to be 1"),
        ("steps:\n- expect: {counters: {wrong_amounts: 1}}".to_owned(), "at 1, but it is at 0"),
        ("steps:\n- expect: {tasks: [amount]}".to_owned(), "bank_account by clerk in info"),
        ("steps:\n- expect: {timers: [x]}".to_owned(), "there are: none"),
        ("steps:\n- expect: {that: ['fen > 0']}".to_owned(), "but it is false"),
        ("steps:\n- expect: {items: {a: signed}}".to_owned(), "no item `a`"),
        ("steps:\n- expect: {outcome: verified}".to_owned(), "but it is null"),
        ("refused: bad_input".to_owned(), "but it is taken"),
        ("expect: {status: completed}".to_owned(), "x.yaml:3:18: expected the status"),
    ] {
        let said = said(&steps);
        assert!(said.contains(words), "{steps}\n says: {said}\n not: {words}");
    }
}

#[test]
fn what_is_as_written_passes() {
    for steps in [
        "steps: []",
        "expect: {at: info, outcome: null, tasks: [bank_account], jobs: [], timers: [], data: {fen: 0}}",
        "steps:\n- {do: submit, by: clerk, refused: guard_refused}\n- {expect: {actions: {clerk: [submit]}}}",
        "steps:\n- {do: submit, by: clerk, data: {account: '1'}, again: true, expect: {that: ['fen > 0']}}",
        "steps:\n- {do: submit, by: system, data: {account: '1'}, refused: wrong_person}",
    ] {
        assert_eq!(said(steps), "", "{steps}");
    }
}

#[test]
fn a_start_may_be_refused() {
    let run = |rest: &str| {
        let report = scenario::run(&definition(MICRO_DEPOSIT), &format!("scenario: x\n{rest}"), "x.yaml");
        report.faults.iter().map(ToString::to_string).collect::<String>()
    };
    assert_eq!(run("refused: {code: bad_input, contains: transactor}"), "");
    assert!(run("refused: guard_refused").contains("bad_input"));
    assert!(run("input: {}").contains("the start is refused"));
    assert!(run("refused: bad_input\nsteps: [{advance: PT1H}]").contains("nothing follows"));
}

#[test]
fn the_same_seed_draws_the_same() {
    let fen = |seed: u64| {
        let source = format!(
            "scenario: x\nseed: {seed}\ninput: {{transactor: {{person_id: $clerk}}}}\nsteps: [{{do: submit, by: clerk, data: {{account: '1'}}}}]"
        );
        let report = scenario::run(&definition(MICRO_DEPOSIT), &source, "x.yaml");
        assert!(report.passed());
        report.path.last().unwrap().event.random
    };
    assert_eq!(fen(7), fen(7));
    assert_ne!(fen(7), fen(8));
}

#[test]
fn coverage_tells_what_no_scenario_uses() {
    let definition = definition(MICRO_DEPOSIT);
    let mut coverage = Coverage::default();
    let missed = |coverage: &Coverage| -> Vec<String> {
        coverage.missed_ways(definition.workflow()).iter().map(ToString::to_string).collect()
    };
    assert!(missed(&coverage).contains(&"info: on submit".to_owned()));
    assert!(missed(&coverage).contains(&"entering: on submit [2] else".to_owned()));
    let source = "scenario: x\ninput: {transactor: {person_id: $clerk}}\nsteps: [{do: submit, by: clerk, data: {account: '1'}}]";
    coverage.add(&scenario::run(&definition, source, "x.yaml").path);
    assert!(!missed(&coverage).contains(&"info: on submit".to_owned()));
    assert!(missed(&coverage).contains(&"paying: timer settle".to_owned()));
    let states: Vec<String> =
        coverage.missed_states(definition.workflow()).iter().map(ToString::to_string).collect();
    assert!(!states.contains(&"paying".to_owned()) && states.contains(&"entering".to_owned()), "{states:?}");
}
