//! What authors are told: place, fault, help; and every fault at once.

use std::fmt::Write as _;

use sealflow_core::{SOURCE_BYTES_MAX, load};

use crate::{
    drive::workflow,
    shipped::{MICRO_DEPOSIT, SUPPLIER_PURCHASE},
};

pub(crate) fn faults(source: &str) -> Vec<String> {
    match load(source, "x") {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

/// A workflow with one task state `a` that is written by the test, and a final state `over`.
pub(crate) fn with(head: &str, states: &str) -> String {
    workflow(&format!("input: [who]\n{head}initial: a\nstates:\n{states}  over: {{final: over}}\n"))
}

#[test]
fn yaml_that_cannot_be_read() {
    assert_eq!(
        faults("workflow: {name: x\n  version: 1"),
        [
            "x:2:10: not readable as YAML: while parsing a flow mapping, did not find expected ',' or '}' at line 2, column 10"
        ]
    );
    let twice = with("", "  a: {task: {form: sign, assignee: who}, on: {x: over}}\n  a: {final: a}\n");
    let found = faults(&twice);
    assert!(found.len() == 1 && found[0].starts_with("x:6:3: not readable as YAML"), "{found:?}");
    assert_eq!(
        faults("workflo: {name: x}"),
        ["x:1:1: neither `workflow` nor `contract_type` is here (did you mean `workflow`?)"]
    );
    assert_eq!(faults(""), ["x:1:1: neither `workflow` nor `contract_type` is here"]);
    let bomb = "a: &a [x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: [*c, *c, *c, *c, *c, *c, *c, *c]\n";
    assert_eq!(faults(bomb).len(), 1);
    let deep = format!("workflow: {}{}", "[".repeat(200), "]".repeat(200));
    assert_eq!(faults(&deep).len(), 1);
}

#[test]
fn names_that_the_language_does_not_have() {
    let source = with(
        "",
        "  a: {tsk: {form: sign}, timers: {t: {aftr: PT1H, to: over}}}
  b: 5
  c: {on: {x: {two: over}}}
  d: {each: {in: [], order: paralel, initial: x, states: {}}}
",
    );
    assert_eq!(
        faults(&source),
        [
            "x:5:7: `tsk` is not known here (did you mean `task`?)",
            "x:5:39: `aftr` is not known here (did you mean `after`?)",
            "x:6:6: expected a map, found a number",
            "x:7:16: `two` is not known here (did you mean `to`?)",
            "x:8:18: expected a text or a number or true or false, found a list",
            "x:8:29: `paralel` is not known here (did you mean `parallel`?)",
        ]
    );
}

#[test]
fn states_forms_and_jobs_that_do_not_exist() {
    let source = with(
        "",
        "  a:
    task: {form: sing, assignee: who}
    on: {x: ovr, y: b/d, z: {raise: n, to: over, else: nowhere}}
  b: {initial: d, states: {c: {job: {kind: send_sm}, on: {sent: over}}}}
",
    );
    assert_eq!(
        faults(&source),
        [
            "x:6:18: there is no form `sing` (did you mean `sign`?)",
            "x:7:13: there is no state `ovr` to go to from here (did you mean `over`?)",
            "x:7:21: there is no state `b/d` to go to from here (known here: a, b, over)",
            "x:7:37: the counter `n` has no limit (declare it with its limit under `counters`)",
            "x:7:56: there is no state `nowhere` to go to from here (known here: a, b, over)",
            "x:8:16: there is no state `d` here (did you mean `c`?)",
            "x:8:44: there is no job kind `send_sm` (did you mean `send_sms`?)",
            "x:8:65: nothing here causes `sent` (say with `by` who may do it)",
        ]
    );
}

#[test]
fn variables_and_expressions() {
    let source = with(
        "data: {now: 1, Big: 2, kept: null}\n",
        "  a:
    task: {form: sign, assignee: whoo}
    on:
      b: {if: 'who ===', to: over}
      c: {if: lower(who) == 'x', to: over}
      d: {set: {other: \"1\", kept: event.x}, to: over}
      e: {start: [{kind: send_sms, payload: {a: who.phone, b: \"{who\", c: \"{what}\"}}]}
      f: {start: [{kind: send_sms, in: who.all, as: kept}]}
",
    );
    assert_eq!(
        faults(&source),
        [
            "x:3:8: `now` has a meaning of its own in expressions",
            "x:3:16: `Big` is no variable (up to 64 lower-case letters, digits and `_`, a letter first)",
            "x:7:34: the variable `whoo` is not declared (did you mean `who`?)",
            "x:9:15: the expression cannot be read at its column 7: Syntax error: token recognition error at: '='",
            "x:10:15: there is no function `lower`",
            "x:11:24: the variable `other` is not declared (declare it under `data`)",
            "x:12:49: `who.phone` is taken as a text here (write `\"{who.phone}\"` for the value)",
            "x:12:63: a brace in `{who` has no partner (write `{{` or `}}` for the character itself)",
            "x:12:74: the variable `what` is not declared (did you mean `who`?)",
            "x:13:53: `kept` is declared twice",
        ]
    );
}

#[test]
fn counters_and_timers() {
    let source = with(
        "counters: {c: 1}\n",
        "  a:
    task: {form: sign, assignee: who}
    timers:
      t: {after: P1M, to: over}
      u: {every: PT1H, limit: 0, to: over}
      v: {}
      w: {after: 2 hours, by: who, to: over}
      x: {after: PT1H, at: now, limit: 3, to: over}
    on: {y: [{to: over}, {to: a}], z: {else: over}}
",
    );
    assert_eq!(
        faults(&source),
        [
            "x:3:12: nothing raises the counter `c`",
            "x:9:18: \"P1M\" has years or months, whose length depends on the calendar (for example `PT2H` (two hours) or `P30D` (thirty days))",
            "x:10:31: a timer that never comes (leave it out for a timer that comes as long as the state lasts)",
            "x:10:38: a repeating timer stays: it has no `to` (use `after` to lead on once)",
            "x:11:7: a timer has one of `after`, `at`, `every` and `daily`",
            "x:11:7: this timer does nothing",
            "x:12:18: \"2 hours\" is no ISO 8601 duration (for example `PT2H` (two hours) or `P30D` (thirty days))",
            "x:12:31: no person causes this: `by` has no meaning",
            "x:13:7: a timer has one of `after`, `at`, `every` and `daily`",
            "x:13:40: `limit` belongs to `every` and `daily`",
            "x:14:26: is never tried: the one before it has no `if`",
            "x:14:46: `else` belongs to `raise`",
        ]
    );
}

#[test]
fn times_and_deadlines() {
    let state = |timers: &str| {
        with("", &format!("  a:\n    task: {{form: sign, assignee: who}}\n{timers}    on: {{x: over}}\n"))
    };
    assert_eq!(
        faults(&state("    timers: {t: {daily: {at: \"09:00\", zone: UTC, days: [mon, tu]}, to: over}}\n")),
        ["x:7:62: `tu` is not known here (did you mean `thu`?)"]
    );
    let source = state(
        "    timers:
      s: {daily: {at: 9 am, zone: Asia/Shangai}, to: over}
      t: {at: 2026-12-31, to: over}
      u: {at: 2026-12-31T18:00:00, to: over}
      v: {at: 2026-12-31T18:00:00+08:00, to: over}
      w: {daily: {at: \"24:00\", zone: somewhere}, limit: 1, set: {who: who}}
",
    );
    assert_eq!(
        faults(&source),
        [
            "x:8:23: \"9 am\" is no time of day (for example `\"09:00\"`)",
            "x:8:35: there is no time zone \"Asia/Shangai\" (did you mean `Asia/Shanghai`?)",
            "x:9:15: \"2026-12-31\" is no time with its distance from UTC (for example `2026-12-31T18:00:00+08:00`)",
            "x:10:15: \"2026-12-31T18:00:00\" is no time with its distance from UTC (for example `2026-12-31T18:00:00+08:00`)",
            "x:12:23: \"24:00\" is no time of day (for example `\"09:00\"`)",
            "x:12:38: there is no time zone \"somewhere\" (for example `Asia/Shanghai` or `UTC`)",
        ]
    );
    let source = with(
        "",
        "  a:
    task: {form: sign, assignee: who, deadline: {every: PT1H, to: stay}}
    timers: {deadline: {after: P1D, to: over}}
    on: {x: b}
  b: {task: {form: sign, assignee: who, deadline: {after: P1D, to: ovr}}, on: {x: over}}
",
    );
    assert_eq!(
        faults(&source),
        [
            "x:6:39: the timer `deadline` is there twice: under `timers` and here",
            "x:6:39: a deadline leads on: `to` is missing (say with `to` where the missed deadline leads)",
            "x:6:57: a deadline comes once (use `after`, `at` or `daily`)",
            "x:9:68: there is no state `ovr` to go to from here (did you mean `over`?)",
        ]
    );
}

#[test]
fn values_of_the_wrong_kind() {
    let source = with(
        "data: {late: false, rounds: 0, name: x, many: [], any: null}\ncounters: {c: 2}\n",
        "  a:
    task: {form: sign, assignee: rounds}
    timers:
      t: {at: \"'tomorrow'\", to: over}
    on:
      b: {if: rounds, to: over}
      c: {if: \"name == 1 || c + 'x' == 'y'\", to: over}
      d: {if: \"late && size(rounds) > 1 && name < 2 && !many\", set: {late: \"'yes'\", rounds: late, any: \"1\", name: \"null\"}, to: over}
      e: {by: c, raise: c, to: over}
      f: {start: [{kind: send_sms, in: name, key: \"{rounds}\", payload: {x: \"a {many}\", y: \"{many}\"}}], to: over}
      g: {if: \"many.exists(x, x.y == 1) && name.all(x, true) && any.z && (late ? 1 : 'a') == 2\", to: over}
      h: {if: \"late.x == 1 && 'a' in name && rounds[0] && now + 1.5 > 2.5\", to: over}
",
    );
    assert_eq!(
        faults(&source),
        [
            "x:8:34: the assignee is a text or a list, not a whole number",
            "x:10:15: a time is a whole number or null, not a text",
            "x:12:15: a condition gives true or false, not a whole number",
            "x:13:15: a text is never equal to a whole number",
            "x:13:15: `+` cannot be applied to a whole number and a text",
            "x:14:15: what `size` counts must be a text or a list or a map, not a whole number",
            "x:14:15: a text and a whole number have no order",
            "x:14:15: a condition must be true or false, not a list",
            "x:14:76: `late` is true or false and stays that, not a text (a variable that begins with null may become anything)",
            "x:14:93: `rounds` is a whole number and stays that, not true or false (a variable that begins with null may become anything)",
            "x:15:15: `by` gives a text or a list or true or false or null, not a whole number",
            "x:16:40: `in` gives a list, not a text",
            "x:16:51: this must be a text, not a whole number",
            "x:16:76: `many` gives a list, which has no text",
            "x:17:15: a text has no elements",
            "x:18:15: true or false has no `x`",
            "x:18:15: what `in` looks through must be a list or a map, not a text",
            "x:18:15: what `[…]` looks into must be a list or a map, not a whole number",
            "x:18:15: `+` cannot be applied to a whole number and a number with a fraction",
        ]
    );
}

#[test]
fn contract_types() {
    let source =
        SUPPLIER_PURCHASE.replace("kind: person", "kind: human").replace("deadline: P30D", "dedline: P30D");
    assert_eq!(
        faults(&source),
        [
            "x:6:1: `dedline` is not known here (did you mean `deadline`?)",
            "x:12:11: `human` is not known here (known here: person, organization)",
        ]
    );
    let source = SUPPLIER_PURCHASE
        .replace("kind: signature", "kind: seal")
        .replace("deadline: P30D", "deadline: 30 days")
        .replace("role: buyer", "role: supplier")
        .replace("[sms_code]", "[sms_code, sms_code]");
    assert_eq!(
        faults(&source),
        [
            "x:6:11: \"30 days\" is no ISO 8601 duration (for example `PT2H` (two hours) or `P30D` (thirty days))",
            "x:15:32: this method is there twice",
            "x:17:16: only an organization has seals (a person signs with a `signature`)",
            "x:20:11: the role `supplier` is there twice",
            "x:24:32: this method is there twice",
        ]
    );
    let source = SUPPLIER_PURCHASE.replace("page: last", "page: 0").replace("limit: 5", "limit: 0");
    let found = faults(&source);
    assert_eq!(found.len(), 5, "{found:#?}");
    assert_eq!(found[0], "x:7:32: 0 is less than 1");
}

#[test]
fn sources_have_limits() {
    let large = MICRO_DEPOSIT.to_owned() + &"# x\n".repeat(SOURCE_BYTES_MAX / 4);
    let found = faults(&large);
    assert!(found.len() == 1 && found[0].contains("more than 262144"), "{found:?}");
    assert!(faults(&(MICRO_DEPOSIT.to_owned() + &"# x\n".repeat(1_000))).is_empty());

    let many = |count: usize| {
        let mut states = String::new();
        for index in 0..count {
            let next = if index + 1 < count { format!("s{}", index + 1) } else { "over".to_owned() };
            let name = if index == 0 { "a".to_owned() } else { format!("s{index}") };
            writeln!(states, "  {name}: {{task: {{form: sign, assignee: who}}, on: {{x: {next}}}}}").unwrap();
        }
        faults(&with("", &states))
    };
    assert!(many(499).is_empty());
    assert_eq!(many(500), ["x:4:1: 501 states are more than 500"]);

    let nested = |depth: usize| {
        let inner = "{initial: n, states: {n: ".repeat(depth)
            + "{task: {form: sign, assignee: who}, on: {x: over}}"
            + &"}}".repeat(depth);
        faults(&with("", &format!("  a: {inner}\n")))
    };
    assert!(nested(7).is_empty());
    assert_eq!(nested(8).len(), 1);
    assert!(nested(8)[0].contains("nested more than 8 deep"));

    let long = |bytes: usize| {
        let guard = format!("who == '{}'", "x".repeat(bytes));
        faults(&with(
            "",
            &format!(
                "  a: {{task: {{form: sign, assignee: who}}, on: {{x: {{if: \"{guard}\", to: over}}}}}}\n"
            ),
        ))
    };
    assert!(long(1_000).is_empty());
    assert!(long(1_100)[0].contains("more than 1024"));
}
