//! What authors are told: place, fault, help.

use sealflow_core::load;

use crate::drive::workflow;

fn faults(source: &str) -> Vec<String> {
    match load(source, "x.yaml") {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn probe() {
    for source in [
        "workflow: {name: x\n  version: 1".to_owned(),
        "workflo: {name: x}".to_owned(),
        workflow("initial: a\nstates:\n  a: {tsk: {form: approval}}\n  b: 5\n"),
        workflow(
            "initial: a\nstates:\n  a:\n    task: {form: aproval, assignee: who}\n    on: {yes: ovr}\n  over: {final: over}\n",
        ),
        workflow(
            "input: [who]\ninitial: b\nstates:\n  a:\n    task: {form: approval, assignee: who}\n    on:\n      yes: {if: whoo == 1, set: {x: \"1\"}, to: over}\n  over: {final: over}\n",
        ),
        workflow(
            "input: [who]\ninitial: a\nstates:\n  a:\n    job: {kind: send_sms, payload: {to: who.phone, b: \"{who.x\"}}\n    on:\n      snt: over\n      stop: over\n  lost: {task: {form: sign, assignee: who}, on: {x: over}}\n  over: {final: over}\n",
        ),
        workflow(
            "input: [who]\ncounters: {c: 1}\ninitial: a\nstates:\n  a:\n    task: {form: sign, assignee: who}\n    timers: {t: {after: P1M, to: over}, u: {every: PT1H, to: over}, v: {}}\n    on:\n      x: {raise: d, to: over}\n      y: [{to: over}, {to: a}]\n  over: {final: over}\n",
        ),
        workflow(
            "input: [who]\ninitial: a\nstates:\n  a: {task: {form: sign, assignee: 'who ==='}, on: {x: over, y: b}}\n  b: {task: {form: sign, assignee: lower(who)}, on: {x: stay}}\n  lost: {final: lost}\n  over: {final: over}\n",
        ),
        workflow(
            "input: [who]\ninitial: a\nstates:\n  a: {task: {form: sign, assignee: who}, on: {x: over, y: b}}\n  b: {task: {form: sign, assignee: who}, on: {x: stay}}\n  lost: {final: lost}\n  over: {final: over}\n",
        ),
        include_str!("../../../../workflows/supplier_purchase.yaml")
            .replace("kind: person", "kind: human")
            .replace("deadline: P30D", "dedline: P30D"),
        include_str!("../../../../workflows/supplier_purchase.yaml")
            .replace("kind: signature", "kind: seal")
            .replace("deadline: P30D", "deadline: 30 days")
            .replace("role: buyer", "role: supplier"),
    ] {
        println!("----\n{source}\n>>>> {:#?}", faults(&source));
    }
}
