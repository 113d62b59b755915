//! What a definition can lead to, seen before anybody starts it: states that nobody reaches, leaves or ends.

use crate::diagnostics::{faults, with};

#[test]
fn states_that_cannot_work() {
    let source = with(
        "",
        "  a: {job: {kind: send_sms}, on: {snt: over, stop: over}}
  b: {task: {form: sign, assignee: who}, final: b, on: {x: over}}
  c: {always: [{if: \"true\", to: over}]}
  d: {each: {in: who, initial: e, states: {e: {status: x, task: {form: sign, assignee: item.p}, on: {x: stay}}}}}
  f: {initial: g, states: {g: {final: g}}}
  stay: {task: {form: sign, assignee: who}, on: {x: over}}
",
    );
    assert_eq!(
        faults(&source),
        [
            "x:5:3: nothing follows the job `send_sms` (its outcomes are sent, failed)",
            "x:5:40: nothing here causes `snt` (did you mean `sent`?)",
            "x:5:52: nothing here causes `stop` (known here: failed, sent)",
            "x:6:3: a state is one of task, final, not several",
            "x:6:3: nothing leads on from a `final` state",
            "x:7:7: the last branch of a decision must have no `if`",
            "x:8:7: no state of an item is `final`: items never end",
            "x:8:7: nothing follows `done`: the items' end",
            "x:8:56: a state of an item has no `status` (the status is the instance's; an item has its progress)",
            "x:9:3: inner states are `final`, but nothing follows `done`",
            "x:10:3: `stay` means not to leave a state",
        ]
    );
}

#[test]
fn states_that_nobody_reaches_or_leaves() {
    let source = with(
        "",
        "  a: {task: {form: sign, assignee: who}, on: {x: over, y: b}}
  b: {task: {form: sign, assignee: who}, on: {x: stay}}
  lost: {final: lost}
",
    );
    assert_eq!(
        faults(&source),
        ["x:6:3: nothing leads out of the state `b`", "x:7:3: nothing leads to the state `lost`"]
    );
}

#[test]
fn outcomes_that_nothing_follows() {
    let source = with(
        "data: {n: 0}\n",
        "  a: {job: {kind: pay_micro_deposit}, on: {paid: over}}
  b: {job: {kind: send_sms}, on: {sent: {if: n > 0, to: over}, failed: {by: who, to: over}}}
  c:
    initial: d
    states: {d: {job: {kind: send_sms}, on: {sent: e}}, e: {final: e}}
    on: {done: {if: n > 0, to: over}, failed: [{if: n > 0, to: a}, {if: n < 0, to: b}, c]}
  f: {task: {form: sign, assignee: who}, on: {x: over}, timers: {t: {after: P1D, raise: k, to: a}}}
  over: {final: over}
",
    )
    .replace("  over: {final: over}\n  over", "  over")
    .replace("data:", "counters: {k: 1}\ndata:");
    assert_eq!(
        faults(&source),
        [
            "x:7:3: nothing follows the outcome `refused` of the job `pay_micro_deposit` (`on: {refused: …}`)",
            "x:7:3: nothing follows the outcome `failed` of the job `pay_micro_deposit` (`on: {failed: …}`)",
            "x:8:3: nothing follows the outcome `failed` of the job `send_sms` (`on: {failed: …}`)",
            "x:8:35: when no `if` holds, nothing follows `sent` (let the last one have no `if`)",
            "x:12:10: when no `if` holds, nothing follows `done` (let the last one have no `if`)",
            "x:13:89: what follows when `k` is at its limit? (say it with `else`: a state, or `stay`)",
        ]
    );
}

#[test]
fn what_goes_round_without_end() {
    let circle = |b: &str| {
        faults(&with(
            "counters: {c: 3}\non: {w: {by: who, to: z}}\n",
            &format!(
                "  a: {{always: [{{if: \"who == 'x'\", to: over}}, b]}}\n  b: {b}\n  z: {{task: {{form: sign, assignee: who}}, on: {{x: a, y: {{raise: c, to: stay, else: over}}}}}}\n"
            ),
        ))
    };
    let open = "{job: {kind: send_sms}, on: {sent: over, failed: a}}";
    let text = circle(open).join("\n");
    assert_eq!(
        text,
        "x:7:3: `a` → `b` → `a` goes round without end (let a counter (`raise` with `else`), a task, an incident or a timer stand in the way)"
    );
    let counted = "{job: {kind: send_sms}, on: {sent: over, failed: {raise: c, to: a, else: over}}}";
    assert!(circle(counted).is_empty(), "{:?}", circle(counted));
    let at_limit = "{job: {kind: send_sms}, on: {sent: over, failed: {raise: c, to: over, else: a}}}";
    assert_eq!(circle(at_limit).len(), 1);
    for waits in [
        "{task: {form: sign, assignee: who}, on: {x: a}}",
        "{incident: {reason: x}, on: {x: a}}",
        "{timers: {t: {after: PT1S, to: a}}}",
    ] {
        assert!(circle(waits).is_empty(), "{waits}: {:?}", circle(waits));
    }
    let inner = "{initial: i, on: {done: a}, states: {i: {always: j}, j: {final: j}}}";
    assert_eq!(circle(inner).len(), 1, "{:?}", circle(inner));
}

#[test]
fn states_that_come_to_no_end() {
    let source = with(
        "counters: {c: 1}\n",
        "  a: {task: {form: sign, assignee: who}, on: {x: over, y: b}}
  b: {task: {form: sign, assignee: who}, on: {x: d}}
  d: {task: {form: sign, assignee: who}, on: {x: b}}
",
    );
    let source = source.replace("counters: {c: 1}\n", "");
    assert_eq!(
        faults(&source),
        [
            "x:6:3: no `final` state can be reached from `b`",
            "x:7:3: no `final` state can be reached from `d`",
        ]
    );
    let source = with(
        "counters: {c: 1}\n",
        "  a: {task: {form: sign, assignee: who}, on: {x: {raise: c, to: over}, y: stay}}\n",
    );
    assert_eq!(
        faults(&source),
        [
            "x:6:3: once `c` is at its limit, nothing leads out of the state `a` (say with `else` where it leads then)"
        ]
    );
}
