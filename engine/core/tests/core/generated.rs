//! Definitions made at random that are always right: a chain of states of every kind, with ways back and aside.

use std::fmt::Write as _;

use proptest::prelude::*;
use sealflow_core::{Library, load};
use serde_json::{Value, json};

use crate::drive::{ANNE, BERT, CARL, workflow};

/// One state of the chain.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    kind: u8,
    /// Where its way aside leads.
    other: usize,
    /// A number for whatever the kind counts.
    number: u8,
    flag: bool,
}

pub(crate) fn specs() -> impl Strategy<Value = Vec<Spec>> {
    let one = (0..9_u8, any::<u8>(), 0..4_u8, any::<bool>()).prop_map(|(kind, other, number, flag)| Spec {
        kind,
        other: usize::from(other),
        number,
        flag,
    });
    prop::collection::vec(one, 1..10)
}

const USED: &str = "
workflow: {name: used, version: 1, dsl: 1}
input: [who]
data: {n: 0}
counters: {c: 1}
initial: ask
on: {log: {by: who, set: {n: n + 1}}}
states:
  ask:
    status: hidden
    task: {form: sign, assignee: who}
    on: {go: work, again: {raise: c, to: ask, else: bad}}
    timers: {late: {after: PT3H, to: bad}}
  work: {job: {kind: send_sms}, on: {sent: fine, failed: {raise: c, to: ask, else: bad}}}
  fine: {final: fine}
  bad: {final: bad}
";

pub(crate) fn library() -> Library {
    let mut library = Library::default();
    library.insert(load(USED, "used.yaml").unwrap().definition);
    library
}

pub(crate) fn input() -> Value {
    let item = |id: &str, who: &str, group: i64| json!({"id": id, "who": who, "group": group});
    json!({"who": ANNE, "boss": BERT, "people": [item("r0", ANNE, 1), item("r1", BERT, 1), item("r2", CARL, 2)]})
}

pub(crate) fn source(specs: &[Spec]) -> String {
    let mut text = workflow(
        "input: [who, boss, people]
data: {n: 0, last: null}
counters: {c: 5}
initial: s0
on: {withdraw: {by: boss, to: over}, poke: {by: boss, raise: c}}
timers: {end: {after: P30D, to: over}}
states:
  over: {status: completed, final: over}
",
    );
    for (index, spec) in specs.iter().enumerate() {
        let next = if index + 1 < specs.len() { format!("s{}", index + 1) } else { "over".to_owned() };
        let other = format!("s{}", spec.other % specs.len());
        writeln!(text, "  s{index}: {}", state(spec, &next, &other)).unwrap();
    }
    text
}

fn state(spec: &Spec, next: &str, other: &str) -> String {
    let Spec { number, flag, .. } = spec;
    let back = format!("{{raise: c, to: {other}, else: {next}}}");
    match spec.kind {
        0 => format!(
            "{{status: asked, task: {{form: sign, assignee: who, deadline: {{after: PT5H, to: {next}}}}}, on: {{go: {next}, back: {back}, note: {{set: {{n: n + 1, last: event}}}}, again: {{raise: c, to: stay}}}}}}"
        ),
        1 => format!(
            "{{job: {{kind: send_sms, payload: {{n: \"{{n}}\"}}}}, on: {{sent: {next}, failed: {back}}}, timers: {{slow: {{after: PT1H, to: {next}}}}}}}"
        ),
        2 => format!("{{always: [{{if: n > {number}, to: {next}}}, {back}]}}"),
        3 => format!(
            "{{timers: {{t: {{after: PT1H, to: {next}}}, d: {{daily: {{at: \"09:00\", zone: Asia/Shanghai, days: [mon, thu]}}, set: {{n: n + 1}}}}, e: {{every: PT30M, limit: 2, start: [{{kind: send_sms, if: n > {number}}}]}}}}}}"
        ),
        4 => format!(
            "{{status: stuck, incident: {{reason: \"n is {{n}}\"}}, on: {{go: {next}, again: {{raise: c, to: {other}}}}}}}"
        ),
        5 => format!(
            "{{initial: a, enter: {{set: {{n: n + 1}}, start: [{{kind: send_email}}]}}, on: {{done: {next}, stop: {{by: boss, to: {other}}}}}, timers: {{late: {{after: P1D, to: {next}}}}}, states: {{a: {{task: {{form: sign, assignee: who}}, on: {{go: b, skip: {next}}}}}, b: {{job: {{kind: send_sms, key: \"once/{{c}}/{{now}}/{{n}}\"}}, on: {{sent: z, failed: z}}}}, z: {{final: z}}}}}}"
        ),
        6 => {
            let order = ["sequential", "parallel", "grouped, group: one.group"][usize::from(number % 3)];
            let need = if *flag { format!("need: {number}, ") } else { String::new() };
            format!(
                "{{each: {{in: people, as: one, id: one.id, order: {order}, {need}data: {{m: 0}}, counters: {{r: 2}}, initial: a, states: {{a: {{task: {{form: sign, assignee: one.who}}, on: {{go: z, again: {{raise: r, set: {{m: m + 1, n: n + 1}}, to: a, else: z}}, leave: {{raise: c, to: {other}}}}}, timers: {{hint: {{every: PT1H, limit: {}, start: [{{kind: send_sms}}]}}}}}}, z: {{final: z}}}}}}, on: {{done: {next}, stop: {{by: boss, to: {other}}}}}}}",
                number + 1
            )
        }
        7 => format!(
            "{{status: inside, use: {{workflow: used, version: 1, with: {{who: who}}}}, on: {{fine: {{set: {{last: event.n}}, to: {next}}}, bad: {back}}}, timers: {{late: {{after: PT2H, to: {next}}}}}}}"
        ),
        _ => format!(
            "{{each: {{in: people, as: one, id: one.id, order: parallel, initial: u, states: {{u: {{use: {{workflow: used, version: 1, with: {{who: one.who}}}}, on: {{fine: z, bad: z}}}}, z: {{final: z}}}}}}, on: {{done: {next}}}}}"
        ),
    }
}
