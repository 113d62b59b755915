//! What contract types can say beyond the shipped ones, what is wrong with one, and what speaks against auto-sign.

use sealflow_core::{AutoSignFacts, AutoSignRefusal, ContractType, load, model::contract_type::Feature};
use serde_json::{Value, json};

use crate::{
    drive::{ANNE as SENDER, BERT, CARL, Drive},
    shipped,
};

/// A contract type with one person, and what is put into it.
fn source(head: &str, role: &str) -> String {
    format!(
        "contract_type: {{name: test, version: 1, dsl: 1}}\ntitle: {{zh: 测试, en: Test}}\nrouting: sequential\n{head}recipients:\n  - role: signer\n    title: {{zh: 签署人, en: Signer}}\n    kind: person\n    intent_methods: [sms_code]\n{role}"
    )
}

fn faults(head: &str, role: &str) -> Vec<String> {
    match load(&source(head, role), "x") {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

fn contract_type(source: &str) -> ContractType {
    load(source, "x").unwrap().contract_type.unwrap()
}

fn input(recipient: &Value) -> Value {
    let mut signer = json!({"id": "r1", "role": "signer", "kind": "person", "person_id": BERT});
    signer.as_object_mut().unwrap().extend(recipient.as_object().unwrap().clone());
    json!({
        "contract": {"id": "c1", "deadline_at_ms": null, "sender_person_id": SENDER},
        "recipients": [signer],
    })
}

#[test]
fn faults_are_told_where_they_are() {
    let level =
        |rest: &str| format!("approval: {{levels: [{{name: a, title: {{zh: 甲, en: A}}, {rest}}}]}}\n");
    let mut wrong = Vec::new();
    for (head, role, fault) in [
        ("", "    min: 2\n", "x:9:10: at least 2 is more than at most 1"),
        ("", "    min: 0\n", "x:4:1: every role is optional: nobody would sign"),
        ("", "    max: 51\n", "x:9:10: 51 is more than 50"),
        ("", "    group: 1\n", "x:9:12: `group` needs `routing: groups`"),
        ("", "    pre_sign: {}\n", "x:9:5: `pre_sign` asks for nothing"),
        (
            "",
            "    pre_sign: {agreement: a, agreements: [b]}\n",
            "x:9:27: `agreement` and `agreements` say the same (name them all under `agreements`)",
        ),
        ("", "    pre_sign: {agreements: [b, b]}\n", "x:9:32: this agreement is there twice"),
        (
            "",
            "    pre_sign: {subject_verification: {any_of: [face]}}\n",
            "x:9:39: a face check must not be the only method (offer another method beside it)",
        ),
        ("need: 2\n", "", "x:4:7: there are at most 1 recipients"),
        ("groups: [{group: 1, need: 1}]\n", "", "x:4:18: no role is in group 1"),
        (
            "deadline: P2D\nreminders: {every: P1D, limit: 1, before_deadline: [P2D]}\n",
            "",
            "x:5:53: this is before the contract is sent",
        ),
        ("reminders: {limit: 1}\n", "", "x:4:1: reminders have one of `every` and `daily`"),
        (
            "reminders: {every: P1D, daily: {at: \"09:00\", zone: Asia/Shanghai}, limit: 1}\n",
            "",
            "x:4:1: reminders have one of `every` and `daily`",
        ),
        ("cc: {told_at: [send, send], max: 1}\n", "", "x:4:22: this moment is there twice"),
        (
            "on_completion: [{kind: send_smss}]\n",
            "",
            "x:4:24: there is no job kind `send_smss` (did you mean `send_sms`?)",
        ),
        (
            &level("rule: any, timeout: {after: P1D, then: escalate}"),
            "",
            "x:4:93: no level ranks higher than the last (`reject` or `approve`)",
        ),
        (&level("rule: {need: 21}"), "", "x:4:67: a level has at most 20 approvers"),
    ] {
        let found = faults(head, role);
        if !found.iter().any(|found| found == fault) {
            wrong.push(format!("{head}{role}: {found:#?}\n not {fault}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(faults(&level("rule: all, timeout: {after: P1D, then: reject}"), "").is_empty());
    assert!(faults("", "    min: 0\n    max: 3\n").len() == 1);
    assert!(faults("", "    max: 3\n").is_empty());
}

#[test]
fn an_organization_has_no_auto_sign() {
    let source = source("", "    auto_sign: true\n");
    assert!(load(&source, "x").is_ok());
    let fault = load(&source.replace("kind: person", "kind: organization"), "x").unwrap_err();
    assert_eq!(fault[0].to_string(), "x:9:16: only a person can switch auto-sign on");
}

#[test]
fn auto_sign_is_refused_for_every_reason_at_once() {
    let nothing = AutoSignFacts { default_signature: false, positions_set: false, fill_in_fields: true };
    let everything = AutoSignFacts { default_signature: true, positions_set: true, fill_in_fields: false };
    let plain = contract_type(&source("", "    auto_sign: true\n"));
    assert_eq!(sealflow_core::auto_sign_refusals(&plain, "signer", everything), []);
    let asks = "    auto_sign: true\n    pre_sign: {agreement: a}\n    forced_reading: {min_seconds: 1}\n";
    let all = [
        AutoSignRefusal::NoDefaultSignature,
        AutoSignRefusal::NoPosition,
        AutoSignRefusal::FillInFields,
        AutoSignRefusal::ChecksBeforeSigning,
        AutoSignRefusal::ForcedReading,
    ];
    assert_eq!(sealflow_core::auto_sign_refusals(&contract_type(&source("", asks)), "signer", nothing), all);
    // Each reason by itself.
    let text = "    fields:\n      - {kind: signature, page: 1, x_mm: 1, y_mm: 1, w_mm: 9, h_mm: 9}\n      - {kind: text, page: 1, x_mm: 1, y_mm: 1, w_mm: 9, h_mm: 9}\n";
    let verify = "    pre_sign: {subject_verification: {any_of: [sms_code]}}\n";
    let read = "    forced_reading: {min_seconds: 1}\n";
    for (role, facts, reason) in [
        ("", AutoSignFacts { default_signature: false, ..everything }, all[0]),
        ("", AutoSignFacts { positions_set: false, ..everything }, all[1]),
        ("", AutoSignFacts { fill_in_fields: true, ..everything }, all[2]),
        (text, AutoSignFacts { positions_set: false, ..everything }, all[2]),
        (verify, everything, all[3]),
        (read, everything, all[4]),
    ] {
        let refusals = sealflow_core::auto_sign_refusals(&contract_type(&source("", role)), "signer", facts);
        assert_eq!(refusals, [reason]);
    }
}

#[test]
fn the_automatic_path_is_taken_only_when_the_input_says_so_and_nothing_speaks_against_it() {
    let source = source("", "    auto_sign: true\n");
    let sent = |recipient: Value| {
        let mut drive = Drive::start(&source, input(&recipient));
        drive.job("prepare", "prepared").unwrap();
        drive
    };
    let mut drive = sent(json!({"auto_sign": {"enabled": true, "refusals": []}}));
    assert_eq!(drive.words(), ["start stamp_signature stamp/r1/0"], "nobody is asked");
    assert_eq!(drive.payload("stamp/r1/0")["confirmation"], json!({"method": "auto_sign"}));
    drive.job("stamp/r1/0", "failed").unwrap();
    assert_eq!(drive.words(), ["open sign open/signing/acting/signing@r1#1"], "then he is asked after all");
    for asked in [
        json!({}),
        json!({"auto_sign": null}),
        json!({"auto_sign": {"enabled": false, "refusals": []}}),
        json!({"auto_sign": {"enabled": true, "refusals": ["no_position"]}}),
    ] {
        let drive = sent(asked);
        assert_eq!(drive.words().first().map(String::as_str), Some("start send_sms notify/r1"));
        assert_eq!(drive.state.open_tasks().count(), 1);
    }
    // A role that asks for something first has no such path, whatever the input says.
    let reading = source.clone() + "    forced_reading: {min_seconds: 1}\n";
    let mut drive = Drive::start(&reading, input(&json!({"auto_sign": {"enabled": true, "refusals": []}})));
    drive.job("prepare", "prepared").unwrap();
    assert_eq!(
        drive.state.open_tasks().next().map(|(_, task)| task.form.clone()),
        Some("reading".to_owned())
    );
}

#[test]
fn reminders_come_at_a_time_of_day_in_a_zone() {
    let source = source("reminders: {daily: {at: \"09:00\", zone: Asia/Shanghai}, limit: 2}\n", "");
    let mut drive = Drive::start(&source, input(&json!({})));
    drive.job("prepare", "prepared").unwrap();
    let key = "open/signing/acting@r1:reminder";
    for day in 0..2 {
        // 1970-01-01T09:00:00+08:00 is an hour after the start.
        let due = drive.state.set_timers().find(|(other, _)| *other == key).unwrap().1.due_at;
        assert_eq!(due.as_ms(), 3_600_000 + day * 86_400_000);
        drive.fire(key).unwrap();
        assert!(drive.words().iter().any(|word| word.starts_with("start send_sms")), "{:?}", drive.words());
    }
    assert!(drive.state.set_timers().all(|(other, _)| other != key), "two are the limit");
}

#[test]
fn agreements_are_accepted_one_by_one() {
    let source = source("", "    pre_sign: {agreements: [first, second, third]}\n");
    let mut drive = Drive::start(&source, input(&json!({})));
    drive.job("prepare", "prepared").unwrap();
    let role = contract_type(&source);
    let role = role.role("signer").unwrap();
    for name in ["first", "second", "third"] {
        let at = drive.state.item_progress("r1").and_then(|progress| progress.state().map(str::to_owned));
        assert_eq!(role.agreement_at(&at.unwrap()), Some(name));
        assert_eq!(drive.act(CARL, "accept", Some("r1"), json!({})).unwrap_err().code(), "wrong_person");
        drive.act(BERT, "accept", Some("r1"), json!({})).unwrap();
    }
    assert_eq!(role.steps(), ["agreement", "agreement_2", "agreement_3"]);
    assert_eq!(drive.state.item_progress("r1").and_then(|progress| progress.state()), Some("signing"));
}

#[test]
fn enough_over_all_groups_completes_it() {
    let source = "
contract_type: {name: test, version: 1, dsl: 1}
title: {zh: 测试, en: Test}
routing: groups
need: 2
cc: {told_at: [send], max: 2}
recipients:
  - {role: late, title: {zh: 后, en: Late}, kind: person, max: 2, group: 2, intent_methods: [sms_code]}
  - {role: early, title: {zh: 先, en: Early}, kind: person, max: 2, group: 1, intent_methods: [sms_code]}
on_completion:
  - {kind: send_email, key: mail, payload: {contract_id: \"{contract.id}\"}}
";
    let recipient =
        |id: &str, role: &str| json!({"id": id, "role": role, "kind": "person", "person_id": BERT});
    let mut drive = Drive::start(
        source,
        json!({
            "contract": {"id": "c1", "deadline_at_ms": null, "sender_person_id": SENDER, "cc": [{"id": "x"}]},
            "recipients": [recipient("l1", "late"), recipient("e1", "early"), recipient("l2", "late")],
        }),
    );
    drive.job("prepare", "prepared").unwrap();
    assert_eq!(
        drive.words()[..2],
        ["start send_sms cc/sent/x", "start send_sms notify/e1"],
        "group 1 is first"
    );
    drive.act(BERT, "confirm", Some("e1"), json!({})).unwrap();
    drive.job("stamp/e1/0", "stamped").unwrap();
    drive.act(BERT, "confirm", Some("l2"), json!({})).unwrap();
    drive.job("stamp/l2/0", "stamped").unwrap();
    assert_eq!(drive.state.status(), "completed");
    let words = drive.words();
    assert!(words.contains(&"start send_email mail".to_owned()), "{words:?}");
    let told = |id: &str| words.contains(&format!("start send_sms completed/{id}"));
    assert!(told("e1") && told("l1") && told("l2"), "l1 was asked, so it is told: {words:?}");
}

#[test]
fn what_a_type_needs_is_known_beforehand() {
    let shipped = |name: &str| {
        let all = shipped::all();
        contract_type(&all.iter().find(|(other, _)| other == name).unwrap().1)
    };
    let purchase = shipped("supplier_purchase");
    assert!(purchase.missing(&[Feature::IntentSmsCode]).is_empty());
    assert_eq!(purchase.missing(&[]).into_iter().collect::<Vec<_>>(), [Feature::IntentSmsCode]);
    let labour = shipped("labour_contract").missing(&[Feature::IntentSmsCode, Feature::VerifyBySmsCode]);
    let labour: Vec<Feature> = labour.into_iter().collect();
    assert_eq!(
        labour,
        [Feature::Attachments, Feature::ApprovalAfterIntent, Feature::Cc],
        "one method of verification is enough"
    );
    let none = shipped("labour_contract").missing(&[Feature::IntentSmsCode]);
    assert!(none.contains(&Feature::VerifyByFace) && none.contains(&Feature::VerifyBySmsCode));
    assert!(shipped("tender").features().contains(&Feature::GroupsOrEnough));
    assert!(shipped("seal_application").features().contains(&Feature::ApprovalBeforeSending));
    assert!(shipped("rescission").features().contains(&Feature::Rescission));
}
