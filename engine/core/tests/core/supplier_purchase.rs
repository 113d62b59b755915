//! The shipped contract type, from sending to completion, effect by effect, and every way out of it.

use sealflow_core::{Actor, EventKind, ItemProgress, Rejection, Timestamp, explain, possible_actions};
use serde_json::{Value, json};

use crate::{
    drive::{ANNE as SENDER, BERT as SUPPLIER, CARL as TRANSACTOR, Drive, person},
    shipped::{NDA_PARALLEL, SUPPLIER_PURCHASE},
};

const R1: &str = "r1";
const R2: &str = "r2";
const DAY_MS: i64 = 86_400_000;

pub(crate) fn input() -> Value {
    json!({
        "contract": {"id": "c1", "title": "示例采购合同", "deadline_at_ms": null, "sender_person_id": SENDER},
        "recipients": [
            {"id": R1, "role": "supplier", "kind": "person", "person_id": SUPPLIER, "organization_id": null,
             "name": "示例签署人"},
            {"id": R2, "role": "buyer", "kind": "organization", "person_id": TRANSACTOR,
             "organization_id": "01900000-0000-7000-8000-0000000000f0", "name": "示例采购有限公司"},
        ],
    })
}

fn sent() -> Drive {
    Drive::start(SUPPLIER_PURCHASE, input())
}

/// The first recipient has agreed, read, and is about to sign.
fn at_signing() -> Drive {
    let mut drive = sent();
    drive.job("prepare", "prepared").unwrap();
    drive.act(SUPPLIER, "accept", Some(R1), json!({"sha256": "00"})).unwrap();
    drive.act(SUPPLIER, "finish_reading", Some(R1), json!({"pages_read": 3, "seconds": 9})).unwrap();
    drive
}

/// The first recipient has signed, the second was notified.
fn at_second() -> Drive {
    let mut drive = at_signing();
    drive.act(SUPPLIER, "confirm", Some(R1), json!({"code_id": "k1"})).unwrap();
    drive.job("stamp/r1/0", "stamped").unwrap();
    drive
}

#[test]
fn two_recipients_sign_in_order() {
    let mut drive = sent();
    assert_eq!(drive.words(), ["set open:deadline at 2592000000", "start prepare_document prepare"]);
    assert_eq!(drive.payload("prepare"), json!({"contract_id": "c1"}));
    assert_eq!(drive.state.status(), "in_progress");

    drive.job("prepare", "prepared").unwrap();
    let sms = json!({"contract_id": "c1", "recipient_id": "r1", "template": "sign_request"});
    assert_eq!(drive.payload("notify/r1"), sms);
    assert_eq!(drive.state.item_progress(R2), Some(&ItemProgress::Waiting));

    // The task is open together with the message: who has it may act at once.
    let reminder = "open/signing/acting@r1:reminder";
    let agreement = "open/signing/acting/agreement@r1#3";
    assert_eq!(
        drive.words(),
        [
            "start send_sms notify/r1".to_owned(),
            format!("set {reminder} at {}", 3 * DAY_MS),
            format!("open agreement {agreement}")
        ]
    );

    drive.act(SUPPLIER, "accept", Some(R1), json!({"sha256": "00"})).unwrap();
    let reading = "open/signing/acting/reading@r1#4";
    assert_eq!(drive.words(), [format!("close {agreement}"), format!("open reading {reading}")]);

    drive.act(SUPPLIER, "finish_reading", Some(R1), json!({})).unwrap();
    let signing = "open/signing/acting/signing@r1#5";
    assert_eq!(drive.words(), [format!("close {reading}"), format!("open sign {signing}")]);
    assert_eq!(drive.state.item_progress(R1).and_then(ItemProgress::state), Some("signing"));

    drive.at = 5_000;
    drive.act(SUPPLIER, "confirm", Some(R1), json!({"code_id": "k1"})).unwrap();
    assert_eq!(
        drive.words(),
        [
            format!("close {signing}"),
            format!("cancel timer {reminder}"),
            "start stamp_signature stamp/r1/0".to_owned()
        ]
    );
    assert_eq!(
        drive.payload("stamp/r1/0"),
        json!({"contract_id": "c1", "recipient_id": "r1", "confirmation": {"code_id": "k1"}, "confirmed_at_ms": 5_000})
    );
    assert_eq!(
        drive.state.item_progress(R2),
        Some(&ItemProgress::Waiting),
        "not before the first has signed"
    );

    drive.job("stamp/r1/0", "stamped").unwrap();
    assert_eq!(drive.words()[0], "start send_sms notify/r2");
    assert_eq!(drive.state.item_progress(R1), Some(&ItemProgress::Done { outcome: "signed".to_owned() }));

    drive.act(TRANSACTOR, "accept", Some(R2), json!({})).unwrap();
    assert_eq!(
        drive.words(),
        ["close open/signing/acting/agreement@r2#7", "open sign open/signing/acting/signing@r2#8"],
        "the buyer need not read"
    );
    drive.act(TRANSACTOR, "confirm", Some(R2), json!({})).unwrap();
    drive.job("stamp/r2/0", "stamped").unwrap();
    assert_eq!(
        drive.words(),
        ["cancel timer open:deadline", "start send_sms completed/r1", "start send_sms completed/r2"]
    );
    assert_eq!(drive.state.status(), "completed");

    drive.job("completed/r2", "sent").unwrap();
    assert!(!drive.state.is_final());
    drive.job("completed/r1", "failed").unwrap();
    assert_eq!(drive.words(), ["finish completed"]);
    assert_eq!(drive.state.outcome(), Some("completed"));
    assert!(drive.state.open_tasks().next().is_none());
    assert!(explain(&drive.def, &drive.state).is_empty());
}

#[test]
fn only_the_recipient_whose_turn_it_is_may_act() {
    let mut drive = at_signing();
    let before = drive.state.clone();
    let refused = drive.act(TRANSACTOR, "confirm", Some(R1), json!({})).unwrap_err();
    assert_eq!(refused.code(), "wrong_person");
    let refused = drive.act(TRANSACTOR, "confirm", Some(R2), json!({})).unwrap_err();
    assert_eq!(refused.code(), "unknown_action_here", "his turn has not come");
    let refused = drive.act(SUPPLIER, "confirm", None, json!({})).unwrap_err();
    assert_eq!(refused.code(), "unknown_action_here", "for which recipient?");
    let refused = drive.act(SUPPLIER, "confirm", Some("r3"), json!({})).unwrap_err();
    assert_eq!(refused.code(), "unknown_item");
    let refused = drive.act(SUPPLIER, "accept", Some(R1), json!({})).unwrap_err();
    assert_eq!(refused.code(), "unknown_action_here", "agreed already");
    assert_eq!(drive.state, before);
    drive.act(SUPPLIER, "confirm", Some(R1), json!({})).unwrap();
}

#[test]
fn nobody_can_pretend_that_a_job_is_done() {
    let mut drive = at_signing();
    drive.act(SUPPLIER, "confirm", Some(R1), json!({})).unwrap();
    for who in [SUPPLIER, SENDER] {
        let refused = drive.act(who, "stamped", Some(R1), json!({})).unwrap_err();
        assert_eq!(refused.code(), "unknown_action_here");
        let kind = EventKind::JobResult {
            key: "stamp/r1/0".to_owned(),
            outcome: "stamped".to_owned(),
            data: json!({}),
        };
        assert_eq!(drive.try_event(person(who), kind).unwrap_err().code(), "wrong_person");
    }
    let refused = drive.job("stamp/r1/0", "sent").unwrap_err();
    assert_eq!(refused.code(), "unknown_outcome");
    assert!(!refused.is_stale());
    drive.job("stamp/r1/0", "stamped").unwrap();
    assert!(drive.job("stamp/r1/0", "stamped").unwrap_err().is_stale(), "a second delivery changes nothing");
}

#[test]
fn declining_tells_those_who_were_notified() {
    let mut drive = at_second();
    assert_eq!(drive.act(TRANSACTOR, "decline", Some(R2), json!({})).unwrap_err().code(), "guard_refused");
    assert_eq!(
        drive.act(SUPPLIER, "decline", Some(R2), json!({"reason": "x"})).unwrap_err().code(),
        "wrong_person"
    );
    let long = json!({"reason": "长".repeat(501)});
    assert_eq!(drive.act(TRANSACTOR, "decline", Some(R2), long).unwrap_err().code(), "guard_refused");
    drive.at = 9;
    drive.act(TRANSACTOR, "decline", Some(R2), json!({"reason": "价格有误"})).unwrap();
    assert_eq!(
        drive.words(),
        [
            "close open/signing/acting/agreement@r2#7",
            "cancel timer open/signing/acting@r2:reminder",
            "cancel timer open:deadline",
            "start send_sms declined/r1",
            "finish declined",
        ]
    );
    assert_eq!(drive.state.status(), "declined");
    let declined = json!({"recipient_id": "r2", "reason": "价格有误", "at_ms": 9});
    assert_eq!(drive.state.data("declined"), Some(&declined));
    assert_eq!(drive.state.item_progress(R2).and_then(ItemProgress::state), Some("agreement"));
    assert!(matches!(drive.state.item_progress(R2), Some(ItemProgress::Stopped { .. })));
    assert_eq!(drive.act(TRANSACTOR, "accept", Some(R2), json!({})), Err(Rejection::Finished));
}

#[test]
fn only_the_sender_withdraws_and_only_before_completion() {
    let mut drive = at_second();
    assert_eq!(drive.act(SUPPLIER, "withdraw", None, json!({})).unwrap_err().code(), "wrong_person");
    drive.act(SENDER, "withdraw", None, json!({"reason": "重新起草"})).unwrap();
    assert_eq!(drive.state.status(), "withdrawn");
    assert_eq!(drive.words().last().map(String::as_str), Some("finish withdrawn"));

    let mut drive = at_second();
    drive.act(TRANSACTOR, "accept", Some(R2), json!({})).unwrap();
    drive.act(TRANSACTOR, "confirm", Some(R2), json!({})).unwrap();
    drive.job("stamp/r2/0", "stamped").unwrap();
    assert_eq!(drive.act(SENDER, "withdraw", None, json!({})).unwrap_err().code(), "unknown_action_here");
}

#[test]
fn withdrawing_calls_off_the_job_that_is_waited_for() {
    let mut drive = at_signing();
    drive.act(SUPPLIER, "confirm", Some(R1), json!({})).unwrap();
    drive.act(SENDER, "withdraw", None, Value::Null).unwrap();
    assert!(drive.words().contains(&"cancel job stamp/r1/0".to_owned()));
    assert!(drive.job("stamp/r1/0", "stamped").unwrap_err().is_stale());
}

#[test]
fn it_expires_at_the_contracts_own_deadline() {
    let mut input = input();
    input["contract"]["deadline_at_ms"] = json!(5 * DAY_MS);
    let mut drive = Drive::start(SUPPLIER_PURCHASE, input);
    assert_eq!(drive.words().first().map(String::as_str), Some("set open:deadline at 432000000"));
    drive.job("prepare", "prepared").unwrap();
    drive.fire("open:deadline").unwrap();
    let called_off = [
        "close open/signing/acting/agreement@r1#3",
        "cancel timer open/signing/acting@r1:reminder",
        "finish expired",
    ];
    assert_eq!(drive.words(), called_off);
    assert_eq!(drive.state.status(), "expired");
}

#[test]
fn reminders_are_sent_while_a_recipient_has_something_to_do() {
    let mut drive = at_signing();
    for _ in 0..5 {
        drive.fire("open/signing/acting@r1:reminder").unwrap();
        let started = drive.words().iter().filter(|word| word.starts_with("start send_sms")).count();
        assert_eq!(started, 1);
    }
    assert!(drive.state.set_timers().all(|(key, _)| !key.ends_with("reminder")), "five are the limit");
    drive.act(SENDER, "remind", Some(R1), Value::Null).unwrap();
    assert_eq!(drive.words().len(), 1);
    assert_eq!(drive.act(SUPPLIER, "remind", Some(R1), Value::Null).unwrap_err().code(), "wrong_person");
    for _ in 1..20 {
        drive.act(SENDER, "remind", Some(R1), Value::Null).unwrap();
    }
    assert_eq!(drive.act(SENDER, "remind", Some(R1), Value::Null).unwrap_err().code(), "limit_reached");
}

#[test]
fn a_failed_stamp_is_confirmed_anew_under_a_new_key() {
    let mut drive = at_signing();
    for attempt in 0..3 {
        drive.act(SUPPLIER, "confirm", Some(R1), json!({})).unwrap();
        drive.job(&format!("stamp/r1/{attempt}"), "failed").unwrap();
    }
    drive.act(SUPPLIER, "confirm", Some(R1), json!({})).unwrap();
    assert_eq!(drive.job("stamp/r1/3", "failed").unwrap_err().code(), "limit_reached");
    drive.job("stamp/r1/3", "stamped").unwrap();
}

#[test]
fn the_recipients_must_be_those_of_the_type() {
    let mut other = input();
    other["recipients"][0]["role"] = json!("buyer");
    assert_eq!(
        Drive::try_start(SUPPLIER_PURCHASE, other).err().map(|error| error.code()),
        Some("guard_refused")
    );
    let mut fewer = input();
    fewer["recipients"].as_array_mut().unwrap().pop();
    assert_eq!(
        Drive::try_start(SUPPLIER_PURCHASE, fewer).err().map(|error| error.code()),
        Some("guard_refused")
    );
    let more = json!({"contract": {}, "recipients": [], "extra": 1});
    assert_eq!(Drive::try_start(SUPPLIER_PURCHASE, more).err().map(|error| error.code()), Some("bad_input"));
}

#[test]
fn says_what_each_person_can_do() {
    let drive = at_second();
    let can = |who: &str, item: Option<&str>| {
        possible_actions(&drive.def, &drive.state, &person(who), item, Timestamp(0))
    };
    assert_eq!(can(TRANSACTOR, Some(R2)), ["accept", "decline"]);
    assert_eq!(can(SENDER, Some(R2)), ["remind", "withdraw"]);
    assert_eq!(can(SENDER, None), ["withdraw"]);
    assert!(can(SUPPLIER, Some(R1)).is_empty());
    assert!(possible_actions(&drive.def, &drive.state, &Actor::Clock, Some(R2), Timestamp(0)).is_empty());
}

#[test]
fn parallel_recipients_are_notified_together_and_sign_in_any_order() {
    let mut input = input();
    input["recipients"][0]["role"] = json!("discloser");
    input["recipients"][0]["kind"] = json!("organization");
    input["recipients"][1]["role"] = json!("receiver");
    input["recipients"][1]["kind"] = json!("person");
    let mut drive = Drive::start(NDA_PARALLEL, input);
    drive.job("prepare", "prepared").unwrap();
    assert_eq!(drive.words()[..2], ["start send_sms notify/r1", "start send_sms notify/r2"]);
    let no_agreement_for_r1 = "open sign open/signing/acting/signing@r1#4".to_owned();
    assert!(drive.words().contains(&no_agreement_for_r1), "{:?}", drive.words());
    drive.act(TRANSACTOR, "accept", Some(R2), json!({})).unwrap();
    drive.act(TRANSACTOR, "confirm", Some(R2), json!({})).unwrap();
    drive.job("stamp/r2/0", "stamped").unwrap();
    assert!(drive.words().is_empty());
    drive.act(SUPPLIER, "confirm", Some(R1), json!({})).unwrap();
    drive.job("stamp/r1/0", "stamped").unwrap();
    assert_eq!(drive.state.status(), "completed");
}
