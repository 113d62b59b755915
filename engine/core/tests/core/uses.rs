//! `use`: a definition inside another keeps its variables to itself, and its outcomes are followed.

use std::collections::BTreeMap;

use sealflow_core::{
    Actor, Definition, EventKind, Library, State, load, load_all, load_with,
    migrate::{Reason, migrate},
    start, step,
};
use serde_json::{Value, json};

use crate::drive::{ANNE, BERT, Drive, event, workflow};

/// Asks a person for a code, twice at most.
const CHECK: &str = "
workflow: {name: check, version: 2, dsl: 1}
input: [person, code]
require: [size(code) == 3]
data: {entered: null, note: 0}
counters: {tries: 1}
initial: asking
on: {skip: {by: person, if: event.yes, to: given_up}, log: {by: person, set: {note: note + 1}}}
timers: {slow: {after: PT1H, to: given_up}}
states:
  asking:
    status: never_seen
    task: {form: amount, assignee: person}
    on:
      enter:
        - {if: event.code == code, set: {entered: event.code}, to: right}
        - {raise: tries, to: stay, else: wrong}
  right: {final: right}
  wrong: {final: wrong}
  given_up: {final: given_up}
";

fn library() -> Library {
    let mut library = Library::default();
    library.insert(load(CHECK, "check.yaml").unwrap().definition);
    library
}

fn faults(source: &str) -> Vec<String> {
    match load_with(source, "x", &library()) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

fn drive(source: &str, input: Value) -> Drive {
    let def = load_with(source, "x", &library()).map_err(|faults| faults[0].to_string()).unwrap().definition;
    let (state, effects) = start(&def, input, &event(0, 7, Actor::System, EventKind::Started)).unwrap();
    Drive { def, state, effects, at: 0, random: 7 }
}

fn errand() -> String {
    workflow(
        "
input: [who, boss]
data: {note: outer, got: null, secret: abc}
counters: {tries: 5, rounds: 1}
initial: verify
on: {withdraw: {by: boss, to: over}}
states:
  verify:
    status: verifying
    use: {workflow: check, version: 2, with: {person: who, code: secret}}
    timers: {late: {after: PT2H, to: over}}
    on:
      right: {set: {got: event}, to: keep}
      wrong: {raise: rounds, to: verify, else: over}
      given_up: over
      count: {by: who, raise: tries}
  keep:
    status: keeping
    task: {form: approval, assignee: who}
    on: {again: {set: {secret: \"'xyz'\"}, to: verify}, end: over}
  over: {final: over}
",
    )
}

fn start_errand() -> Drive {
    drive(&errand(), json!({"who": ANNE, "boss": BERT}))
}

#[test]
fn the_outcome_is_an_event_that_brings_the_inner_variables() {
    let mut drive = start_errand();
    assert_eq!((drive.at().as_str(), drive.state.status()), ("verify/check/asking", "verifying"));
    assert_eq!(drive.act(BERT, "enter", None, json!({"code": "abc"})).unwrap_err().code(), "wrong_person");
    drive.act(ANNE, "log", None, json!({})).unwrap();
    drive.act(ANNE, "enter", None, json!({"code": "abc"})).unwrap();
    assert_eq!((drive.at().as_str(), drive.state.status()), ("keep", "keeping"));
    let got = json!({"code": "abc", "entered": "abc", "note": 1, "person": ANNE});
    assert_eq!(drive.state.data("got"), Some(&got));
    assert_eq!(drive.state.data("note"), Some(&json!("outer")), "the inner `note` is another");
    assert!(drive.state.use_runs().is_empty() && drive.state.set_timers().next().is_none());
}

#[test]
fn counters_and_variables_are_new_on_every_entry() {
    let mut drive = start_errand();
    drive.act(ANNE, "enter", None, json!({"code": "no"})).unwrap();
    assert_eq!(drive.state.use_runs()[0].scope.counters["tries"], 1);
    assert_eq!(drive.state.counter("tries"), Some(0), "the outer counter of that name is another");
    drive.act(ANNE, "count", None, json!({})).unwrap();
    assert_eq!(drive.state.counter("tries"), Some(1));
    drive.act(ANNE, "enter", None, json!({"code": "no"})).unwrap();
    assert_eq!((drive.at().as_str(), drive.state.counter("rounds")), ("verify/check/asking", Some(1)));
    assert_eq!(drive.state.use_runs()[0].scope.counters["tries"], 0, "a new round has its own tries");
    drive.act(ANNE, "enter", None, json!({"code": "abc"})).unwrap();
    drive.act(ANNE, "again", None, json!({})).unwrap();
    assert_eq!(drive.act(ANNE, "skip", None, json!({"yes": false})).unwrap_err().code(), "guard_refused");
    drive.act(ANNE, "enter", None, json!({"code": "xyz"})).unwrap();
    assert_eq!(drive.state.data("got").unwrap()["code"], "xyz", "what `with` gives is worked out anew");
}

#[test]
fn what_the_inner_definition_says_for_all_its_states_does_not_leave_it() {
    let mut drive = start_errand();
    let due =
        |drive: &Drive| -> Vec<String> { drive.state.set_timers().map(|(key, _)| key.to_owned()).collect() };
    assert_eq!(due(&drive), ["verify/check:slow", "verify:late"]);
    drive.act(ANNE, "log", None, json!({})).unwrap();
    drive.act(ANNE, "log", None, json!({})).unwrap();
    assert_eq!(drive.state.use_runs()[0].scope.data["note"], 2);
    drive.fire("verify/check:slow").unwrap();
    assert_eq!(drive.state.outcome(), Some("over"));
    let mut drive = start_errand();
    drive.act(ANNE, "skip", None, json!({"yes": true})).unwrap();
    assert_eq!(drive.state.outcome(), Some("over"));
    let mut drive = start_errand();
    drive.act(BERT, "withdraw", None, json!({})).unwrap();
    assert_eq!(drive.state.outcome(), Some("over"), "the outer definition is still heard");
    assert!(drive.words().contains(&"cancel timer verify/check:slow".to_owned()), "{:?}", drive.words());
}

#[test]
fn the_inner_conditions_are_checked_on_entry() {
    let source = errand().replace("secret: abc", "secret: too long");
    let def = load_with(&source, "x", &library()).unwrap().definition;
    let refused =
        start(&def, json!({"who": ANNE, "boss": BERT}), &event(0, 7, Actor::System, EventKind::Started));
    assert_eq!(refused.unwrap_err().code(), "guard_refused");
}

#[test]
fn every_item_has_its_own() {
    let source = workflow(
        "
input: [people]
data: {results: []}
initial: all
states:
  all:
    each:
      in: people
      as: one
      id: one.id
      order: parallel
      data: {code: abc}
      counters: {tries: 3}
      initial: verify
      states:
        verify:
          use: {workflow: check, version: 2, with: {person: one.id, code: code}}
          on:
            right: {set: {results: 'results + [event.entered + one.name]'}, to: ended}
            wrong: {raise: tries, to: verify, else: ended}
            given_up: ended
        ended: {final: ended}
    on: {done: over}
  over: {final: over}
",
    );
    let people = json!([{"id": ANNE, "name": "a"}, {"id": BERT, "name": "b"}]);
    let mut drive = drive(&source, json!({"people": people}));
    drive.act(ANNE, "enter", Some(ANNE), json!({"code": "no"})).unwrap();
    let tries: Vec<u32> = drive.state.use_runs().iter().map(|run| run.scope.counters["tries"]).collect();
    assert_eq!(tries, [1, 0]);
    assert_eq!(
        drive.act(ANNE, "enter", Some(BERT), json!({"code": "abc"})).unwrap_err().code(),
        "wrong_person"
    );
    drive.act(BERT, "enter", Some(BERT), json!({"code": "abc"})).unwrap();
    drive.act(ANNE, "enter", Some(ANNE), json!({"code": "no"})).unwrap();
    assert_eq!(drive.state.item(ANNE).unwrap().scope.counters["tries"], 1, "the item's counter of that name");
    drive.act(ANNE, "enter", Some(ANNE), json!({"code": "abc"})).unwrap();
    assert_eq!(drive.state.outcome(), Some("over"));
    assert_eq!(drive.state.data("results"), Some(&json!(["abcb", "abca"])));
}

#[test]
fn the_hash_covers_what_is_used_and_a_stored_definition_needs_nothing_else() {
    let def = load_with(&errand(), "x", &library()).unwrap().definition;
    let stored: Definition = serde_json::from_str(&serde_json::to_string(&def).unwrap()).unwrap();
    assert_eq!((stored.hash(), &stored), (def.hash(), &def));
    let first = event(0, 7, Actor::System, EventKind::Started);
    let (state, _) = start(&stored, json!({"who": ANNE, "boss": BERT}), &first).unwrap();
    let read: State = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
    assert_eq!(read, state);
    let enter = EventKind::Action { name: "enter".to_owned(), item: None, data: json!({"code": "abc"}) };
    assert!(step(&stored, &read, &event(1, 1, crate::drive::person(ANNE), enter)).is_ok());
    let mut other = Library::default();
    other.insert(load(&CHECK.replace("tries: 1", "tries: 2"), "check.yaml").unwrap().definition);
    assert_ne!(load_with(&errand(), "x", &other).unwrap().definition.hash(), def.hash());
}

#[test]
fn what_is_not_there_or_not_followed_is_a_fault() {
    let source = workflow(
        "input: [who]
initial: a
states:
  a:
    use: {workflow: chek, version: 2}
    on: {right: over}
  b: {use: {workflow: check, version: 3}, on: {x: {by: who, to: over}}}
  c: {use: {workflow: test, version: 1}, on: {x: {by: who, to: over}}}
  d:
    use: {workflow: check, version: 2, with: {person: who, cod: \"'a'\"}}
    on: {right: a, wrong: {by: who, to: b}, given_up: c, wring: d}
  over: {final: over}
",
    );
    assert_eq!(
        faults(&source),
        [
            "x:6:21: there is no definition `chek` (did you mean `check`?)",
            "x:8:39: `check` has no version 3 (known here: 2)",
            "x:9:23: `test` version 1 uses itself",
            "x:10:3: nothing follows the outcome `wrong` of `check` (`on: {wrong: …}`)",
            "x:11:5: `check` is not given its input `code` (`with: {code: …}`)",
            "x:11:60: `check` does not ask for `cod` (did you mean `code`?)",
            "x:12:65: nothing here causes `wring` (did you mean `wrong`?)",
        ]
    );
    let written = errand().replace("with: {person", "body: {}, with: {person");
    assert_eq!(faults(&written).len(), 1, "the place for the definition itself is not for authors");
}

#[test]
fn a_circle_through_another_definition_is_found() {
    let quick = "
workflow: {name: quick, version: 1, dsl: 1}
initial: choose
states:
  choose: {always: [{if: '1 > 2', to: waiting}, {to: at_once}]}
  waiting: {timers: {later: {after: PT1H, to: late}}}
  at_once: {final: at_once}
  late: {final: late}
";
    let mut library = Library::default();
    library.insert(load(quick, "quick.yaml").unwrap().definition);
    let errand = |back: &str, other: &str| {
        workflow(&format!(
            "
initial: first
states:
  first: {{use: {{workflow: quick, version: 1}}, on: {{{back}: second, {other}: over}}}}
  second: {{always: [{{to: first}}]}}
  over: {{final: over}}
"
        ))
    };
    let faults = load_with(&errand("at_once", "late"), "x", &library).unwrap_err();
    let [fault] = faults.as_slice() else { panic!("{faults:?}") };
    assert!(fault.to_string().contains("`first` → `second` → `first` goes round without end"), "{fault}");
    // The outcome that a timer brings may lead back.
    load_with(&errand("late", "at_once"), "x", &library).unwrap();
}

/// The errand as it stands now, moved to another version that uses `check` version 3, changed like this.
fn moved(drive: &Drive, change: (&str, &str)) -> Result<State, Vec<Reason>> {
    let used = CHECK.replace("version: 2", "version: 3").replace(change.0, change.1);
    let mut library = library();
    library.insert(load(&used, "check.yaml").map_err(|faults| faults[0].to_string()).unwrap().definition);
    let source = errand()
        .replace("version: 1", "version: 2")
        .replace("workflow: check, version: 2", "workflow: check, version: 3");
    let to = load_with(&source, "x", &library).map_err(|faults| faults[0].to_string()).unwrap().definition;
    let kind = EventKind::Migrated { to: to.hash().clone(), states: BTreeMap::new() };
    migrate(&drive.def, &to, &drive.state, &event(drive.at, 1, Actor::System, kind)).map(|(state, _)| state)
}

#[test]
fn an_instance_inside_another_definition_moves_with_its_variables() {
    let mut drive = start_errand();
    drive.act(ANNE, "enter", None, json!({"code": "no!"})).unwrap();
    let state = moved(&drive, ("note: 0", "note: 0, more: 7")).unwrap();
    let [run] = state.use_runs() else { panic!("{state:?}") };
    assert_eq!(run.scope.counters["tries"], 1, "the count is lost");
    assert_eq!((&run.scope.data["more"], &run.scope.data["code"]), (&json!(7), &json!("abc")));

    let codes =
        |change| moved(&drive, change).unwrap_err().into_iter().map(|reason| reason.code).collect::<Vec<_>>();
    assert_eq!(codes(("tries: 1", "tries: 0")), ["above_limit"]);
}

fn named(name: &str, states: &str) -> (String, String) {
    let text = format!(
        "workflow: {{name: {name}, version: 1, dsl: 1}}\ninitial: a\nstates:\n  a: {states}\n  over: {{final: over}}\n"
    );
    (format!("{name}.yaml"), text)
}

#[test]
fn many_are_loaded_in_the_order_of_their_needs() {
    let uses = |name: &str| format!("{{use: {{workflow: {name}, version: 1}}, on: {{over: over}}}}");
    let waits = "{timers: {t: {after: PT1H, to: over}}}";
    let files = [named("x", &uses("y")), named("y", &uses("z")), named("z", waits)];
    let loaded = load_all(&files, &Library::default());
    let names: Vec<&str> = loaded.iter().map(|loaded| loaded.as_ref().unwrap().definition.name()).collect();
    assert_eq!(names, ["x", "y", "z"]);
    let x = &loaded[0].as_ref().unwrap().definition;
    let first = event(0, 7, Actor::System, EventKind::Started);
    let (state, _) = start(x, json!({}), &first).unwrap();
    assert_eq!(state.at().to_string(), "a/y/a/z/a");

    let says = |files: &[(String, String)]| -> Vec<String> {
        load_all(files, &Library::default())
            .into_iter()
            .filter_map(Result::err)
            .flatten()
            .map(|fault| fault.to_string())
            .collect()
    };
    let circle = [named("x", &uses("y")), named("y", &uses("x")), named("z", waits)];
    assert_eq!(
        says(&circle),
        [
            "x.yaml:4:7: `y` version 1 uses, by way of others, this definition or one that does (definitions cannot use one another in a circle)",
            "y.yaml:4:7: `x` version 1 uses, by way of others, this definition or one that does (definitions cannot use one another in a circle)",
        ]
    );
    let broken = [named("x", &uses("y")), named("y", "{}")];
    assert_eq!(
        says(&broken),
        [
            "x.yaml:4:7: `y` version 1 has faults of its own",
            "y.yaml:3:1: no `final` state is reached: instances never end",
            "y.yaml:4:3: nothing leads out of the state `a`",
            "y.yaml:5:3: nothing leads to the state `over`",
        ]
    );
    let twice = [named("x", waits), ("x2.yaml".to_owned(), named("x", waits).1)];
    assert_eq!(says(&twice), ["x2.yaml:1:1: the same name and version are in `x.yaml` (raise the version)"]);
    let chain: Vec<_> =
        (0..6)
            .map(|n| {
                if n == 0 {
                    named("s0", waits)
                } else {
                    named(&format!("s{n}"), &uses(&format!("s{}", n - 1)))
                }
            })
            .collect();
    assert_eq!(says(&chain), ["s5.yaml:4:7: definitions use one another more than 4 deep"]);
}

#[test]
fn many_uses_of_large_definitions_do_not_grow_without_end() {
    use std::fmt::Write as _;
    let mut large = "workflow: {name: large, version: 1, dsl: 1}\ninitial: s0\nstates:\n".to_owned();
    for n in 0..120 {
        writeln!(large, "  s{n}: {{timers: {{t: {{after: PT1H, to: s{}}}}}}}", n + 1).unwrap();
    }
    large += "  s120: {final: over}\n";
    let mut library = library();
    library.insert(load(&large, "large").unwrap().definition);
    let uses = |count: usize| {
        let mut source = workflow("initial: a0\nstates:\n");
        for n in 0..count {
            writeln!(source, "  a{n}: {{use: {{workflow: large, version: 1}}, on: {{over: a{}}}}}", n + 1)
                .unwrap();
        }
        source + &format!("  a{count}: {{final: over}}\n")
    };
    assert!(load_with(&uses(4), "x", &library).is_ok());
    let refused = load_with(&uses(5), "x", &library).unwrap_err();
    assert!(
        refused.iter().any(|fault| fault.message == "with `large` there are more than 500 states"),
        "{refused:?}"
    );
}
