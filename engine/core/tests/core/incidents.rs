//! Incidents: what only an operator decides.

use sealflow_core::{Actor, Effect, EventKind, Wait, explain, ids::PersonId};
use serde_json::{Value, json};

use crate::drive::{ANNE, BERT, Drive, workflow};

fn source() -> String {
    workflow(
        "
input: [who]
data: {bank: BOC}
counters: {payouts: 3}
initial: paying
on: {withdraw: {by: who, to: over}}
states:
  paying:
    job: {kind: pay_micro_deposit, key: \"pay/{payouts}\"}
    on: {paid: over, refused: over, failed: stuck}
  stuck:
    status: held
    incident: {reason: \"{bank} does not say whether it paid\"}
    timers: {late: {after: P7D, to: over}}
    on:
      retry: {if: event.sure, raise: payouts, to: paying, else: over}
      give_up: over
      hint: {by: who, to: stay}
  over: {final: over}
",
    )
}

fn stuck() -> Drive {
    let mut drive = Drive::start(&source(), json!({"who": ANNE}));
    drive.at = 5;
    drive.job("pay/0", "failed").unwrap();
    drive
}

fn operate(drive: &mut Drive, name: &str, data: Value) -> Result<(), sealflow_core::Rejection> {
    let actor = Actor::Operator { id: BERT.parse::<PersonId>().unwrap() };
    drive.try_event(actor, EventKind::Action { name: name.to_owned(), item: None, data })
}

#[test]
fn an_operator_decides_and_nobody_else() {
    let mut drive = stuck();
    assert_eq!(
        drive.words(),
        ["set stuck:late at 604800005", "incident stuck#2: BOC does not say whether it paid"]
    );
    for actor in
        [Actor::System, Actor::Worker, Actor::Clock, crate::drive::person(ANNE), crate::drive::person(BERT)]
    {
        let kind = EventKind::Action { name: "give_up".to_owned(), item: None, data: Value::Null };
        assert_eq!(drive.try_event(actor, kind).unwrap_err().code(), "wrong_person");
    }
    assert_eq!(operate(&mut drive, "retry", json!({"sure": false})).unwrap_err().code(), "guard_refused");
    assert_eq!(
        operate(&mut drive, "hint", json!({})).unwrap_err().code(),
        "wrong_person",
        "that one names a person"
    );
    assert_eq!(operate(&mut drive, "withdraw", json!({})).unwrap_err().code(), "wrong_person");
    drive.act(ANNE, "hint", None, json!({})).unwrap();
    operate(&mut drive, "retry", json!({"sure": true})).unwrap();
    assert_eq!(drive.words()[..2], ["close incident stuck#2", "cancel timer stuck:late"]);
    assert_eq!(drive.state.open_incidents().count(), 0);
    drive.job("pay/1", "paid").unwrap();
    assert_eq!(drive.state.outcome(), Some("over"));
    assert_eq!(operate(&mut drive, "give_up", json!({})).unwrap_err().code(), "finished");
}

#[test]
fn leaving_closes_it_whoever_leaves() {
    let mut drive = stuck();
    drive.act(ANNE, "withdraw", None, json!({})).unwrap();
    assert!(drive.effects.contains(&Effect::CloseIncident { key: "stuck#2".to_owned() }));
    let mut drive = stuck();
    drive.fire("stuck:late").unwrap();
    assert!(drive.effects.contains(&Effect::CloseIncident { key: "stuck#2".to_owned() }));
}

#[test]
fn it_is_told_with_what_can_be_done() {
    let drive = stuck();
    let waits = explain(&drive.def, &drive.state);
    let Wait::Operator { reason, actions, since, .. } = &waits[0] else { panic!("{waits:?}") };
    assert_eq!(reason, "BOC does not say whether it paid");
    assert_eq!(
        (actions.as_slice(), since.as_ms()),
        (["give_up", "hint", "retry"].map(str::to_owned).as_slice(), 5)
    );
}

#[test]
fn a_long_reason_is_cut() {
    let source = source().replace("bank: BOC", &format!("bank: {}", "银".repeat(600)));
    let mut drive = Drive::start(&source, json!({"who": ANNE}));
    drive.job("pay/0", "failed").unwrap();
    assert_eq!(drive.state.open_incidents().next().unwrap().1.reason.chars().count(), 500);
}
