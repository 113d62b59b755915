//! The micro-deposit (银行对公打款): checklist rows C6 to C10, rule by rule.

use serde_json::{Value, json};

use crate::{
    drive::{ANNE as TRANSACTOR, BERT as STRANGER, Drive},
    shipped::MICRO_DEPOSIT,
};

const TWO_HOURS_MS: i64 = 2 * 3_600_000;

pub(crate) fn input() -> Value {
    json!({"transactor": {"person_id": TRANSACTOR}})
}

fn submitted() -> Drive {
    let mut drive = Drive::start(MICRO_DEPOSIT, input());
    drive.act(TRANSACTOR, "submit", None, json!({"account": "62010000"})).unwrap();
    drive
}

fn key(drive: &Drive) -> String {
    drive.state.waiting_jobs().next().map(|(key, _)| key.to_owned()).expect("a payout")
}

fn entering() -> Drive {
    let mut drive = submitted();
    let key = key(&drive);
    drive.job(&key, "paid").unwrap();
    drive
}

fn fen(drive: &Drive) -> i64 {
    drive.state.data("fen").and_then(Value::as_i64).unwrap()
}

#[test]
fn the_right_amount_verifies() {
    let mut drive = submitted();
    let paid = fen(&drive);
    assert!((1..=99).contains(&paid), "under one yuan: {paid}");
    let key = key(&drive);
    assert_eq!(drive.payload(&key), json!({"account": {"account": "62010000"}, "fen": paid}));
    drive.job(&key, "paid").unwrap();
    assert_eq!(drive.act(STRANGER, "submit", None, json!({"fen": paid})).unwrap_err().code(), "wrong_person");
    drive.act(TRANSACTOR, "submit", None, json!({"fen": paid})).unwrap();
    assert_eq!(drive.state.outcome(), Some("verified"));
}

#[test]
fn the_third_wrong_amount_ends_it() {
    let mut drive = entering();
    for _ in 0..2 {
        drive.act(TRANSACTOR, "submit", None, json!({"fen": 0})).unwrap();
        assert!(!drive.state.is_final());
    }
    drive.act(TRANSACTOR, "submit", None, json!({"fen": 0})).unwrap();
    assert_eq!(drive.state.outcome(), Some("failed"));
}

#[test]
fn the_third_wrong_information_closes_the_method() {
    let mut drive = submitted();
    for _ in 0..2 {
        let key = key(&drive);
        drive.job_with(&key, "refused", json!({"fault": "unit"})).unwrap();
        assert_eq!(drive.at(), "info");
        assert_eq!(drive.state.data("fault"), Some(&json!("unit")));
        drive.act(TRANSACTOR, "submit", None, json!({"account": "62010001"})).unwrap();
    }
    let key = key(&drive);
    drive.job(&key, "refused").unwrap();
    assert_eq!(drive.state.outcome(), Some("method_closed"));
}

#[test]
fn the_account_can_be_changed_once_and_is_paid_anew() {
    let mut drive = entering();
    drive.act(TRANSACTOR, "change_account", None, json!({})).unwrap();
    drive.act(TRANSACTOR, "submit", None, json!({"account": "62010002"})).unwrap();
    assert_eq!(key(&drive), "pay/0.1.0");
    drive.job("pay/0.1.0", "paid").unwrap();
    let refused = drive.act(TRANSACTOR, "change_account", None, json!({})).unwrap_err();
    assert_eq!(refused.code(), "limit_reached");
    assert_eq!(drive.at(), "entering");
}

#[test]
fn the_amount_must_be_entered_within_two_hours_of_the_payout() {
    let mut drive = submitted();
    drive.at = 1_000;
    drive.job("pay/0.0.0", "paid").unwrap();
    assert!(drive.words().contains(&format!("set entering:window at {}", 1_000 + TWO_HOURS_MS)));
    drive.fire("entering:window").unwrap();
    assert_eq!(drive.state.outcome(), Some("expired"));
}

#[test]
fn a_late_payout_is_waited_for_and_never_paid_twice() {
    let mut drive = submitted();
    drive.fire("paying:settle").unwrap();
    assert_eq!(drive.state.data("late"), Some(&json!(true)));
    assert_eq!(drive.words(), Vec::<String>::new(), "the payout may still arrive");
    assert_eq!(drive.act(TRANSACTOR, "retry", None, json!({})).unwrap_err().code(), "unknown_action_here");
    drive.job("pay/0.0.0", "failed").unwrap();
    drive.act(TRANSACTOR, "retry", None, json!({})).unwrap();
    assert_eq!(key(&drive), "pay/0.0.1", "a new payout only after the bank said no");
    assert_eq!(drive.state.data("late"), Some(&json!(false)));
}
