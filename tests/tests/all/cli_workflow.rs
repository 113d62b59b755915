//! `sealflow workflow …` as people and scripts use it: exit status, text and JSON, the refused beside the accepted.

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use sealflow_store::{definitions, refusals};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::Value;
use tempfile::TempDir;

use crate::store::errand::{self, Errand};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealflow_under_test"));
    command.arg("workflow").args(arguments);
    command
}

fn workflow(arguments: &[&str]) -> Result<Output> {
    Ok(command(arguments).output()?)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn lines(output: &Output) -> Result<Vec<Value>> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

const ERRAND: &str = include_str!("store/errand.yaml");

const SCENARIO: &str = "\
scenario: The clerk finishes
input: {clerk: $anne}
people: [bert]
steps:
  - {job: {kind: send_sms, outcome: sent}, again: true, expect: {tasks: [{form: approval, by: anne}]}}
  - {do: finish, by: bert, refused: wrong_person}
  - {advance: PT2H, expect: {data: {notes: 2}}}
  - {do: finish, by: anne, expect: {outcome: completed, started: [farewell]}}
";

/// A folder with `errand/workflow.yaml` and one scenario.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir_all(folder.path().join("errand/scenarios"))?;
        let desk = Self { folder };
        desk.write("errand/workflow.yaml", ERRAND)?;
        desk.write("errand/scenarios/finish.yaml", SCENARIO)?;
        Ok(desk)
    }

    fn write(&self, name: &str, text: &str) -> Result<String> {
        std::fs::write(self.folder.path().join(name), text)?;
        Ok(self.path(name))
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

#[test]
fn check_looks_into_folders() -> Result<()> {
    let desk = Desk::new()?;
    let right = workflow(&["check", &desk.path("")])?;
    ensure!(right.status.success() && said(&right).contains("errand version 1 is right"), said(&right));
    desk.write("errand/second.yaml", "workflow: {name: x, version: 1, dsl: 1}\n")?;
    let wrong = workflow(&["check", &desk.path("")])?;
    ensure!(!wrong.status.success() && said(&wrong).contains("second.yaml:1:"), said(&wrong));
    ensure!(said(&wrong).contains("errand version 1 is right"), "the others are checked too");
    let none = workflow(&["check", &desk.path("errand/scenarios/..nothing")])?;
    ensure!(!none.status.success() && said(&none).contains("cannot be read"), said(&none));
    Ok(())
}

#[test]
fn test_runs_scenarios_and_says_what_none_uses() -> Result<()> {
    let desk = Desk::new()?;
    let right = workflow(&["test", &desk.path("")])?;
    ensure!(right.status.success(), said(&right));
    ensure!(said(&right).contains("1 scenarios passed, 0 failed"), said(&right));
    ensure!(said(&right).contains("asking: on pay"), "an unused way is not told: {}", said(&right));
    let as_json = lines(&workflow(&["test", "--json", &desk.path("errand")])?)?;
    ensure!(as_json[0]["passed"] == true && as_json[0]["steps"] == 4, "{as_json:?}");
    ensure!(
        as_json[1]["missed_states"].as_array().is_some_and(|all| all.contains(&"paying".into())),
        "{as_json:?}"
    );

    desk.write("errand/scenarios/wrong.yaml", &SCENARIO.replace("notes: 2", "notes: 3"))?;
    let wrong = workflow(&["test", &desk.path("")])?;
    ensure!(!wrong.status.success(), "a scenario that fails passes");
    ensure!(
        said(&wrong).contains("wrong.yaml:7:") && said(&wrong).contains("to be 3, but it is 2"),
        said(&wrong)
    );
    let none = workflow(&["test", &desk.path("errand/scenarios")])?;
    ensure!(!none.status.success() && said(&none).contains("holds no folder"), said(&none));
    Ok(())
}

#[test]
fn graph_draws_mermaid_and_svg() -> Result<()> {
    let desk = Desk::new()?;
    let file = desk.path("errand/workflow.yaml");
    let mermaid = said(&workflow(&["graph", &file])?);
    ensure!(
        mermaid.contains("stateDiagram-v2") && mermaid.contains("s_working --> s_asking : sent"),
        mermaid
    );
    let svg = said(&workflow(&["graph", &file, "--format", "svg"])?);
    ensure!(svg.starts_with("<svg") && svg.contains(">asking<") && svg.contains("pay_micro_deposit"), svg);
    let wrong = workflow(&["graph", &desk.path("errand/scenarios/finish.yaml")])?;
    ensure!(!wrong.status.success() && said(&wrong).contains("finish.yaml:1:1"), said(&wrong));
    Ok(())
}

#[test]
fn simulate_follows_a_script_or_choices() -> Result<()> {
    let desk = Desk::new()?;
    let file = desk.path("errand/workflow.yaml");
    let scripted = workflow(&["simulate", &file, "--script", &desk.path("errand/scenarios/finish.yaml")])?;
    ensure!(scripted.status.success() && said(&scripted).contains("ends with `completed`"), said(&scripted));
    ensure!(said(&scripted).contains("refused: `finish` is for somebody else"), said(&scripted));

    let play = |input: &str, choices: &str, more: &[&str]| -> Result<Output> {
        let mut child = command(&["simulate", &file, "--input", input])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        child.stdin.take().context("its input")?.write_all(choices.as_bytes())?;
        Ok(child.wait_with_output()?)
    };
    // The job fails: 2 is the first outcome after the clerk's own `withdraw`.
    let chosen = play("{clerk: $anne}", "2\n", &[])?;
    ensure!(chosen.status.success(), said(&chosen));
    ensure!(said(&chosen).contains("It has ended with `broken`"), said(&chosen));
    ensure!(said(&chosen).contains("$anne: withdraw"), "the choices are not offered: {}", said(&chosen));
    let late = play("{clerk: $anne}", "3\n+PT4H\n", &["--json"])?;
    ensure!(late.status.success(), said(&late));
    let events = lines(&late)?;
    ensure!(events.last().is_some_and(|event| event["status"] == "expired"), "{events:?}");
    ensure!(lines(&play("{clerk: $anne}", "3\n+PT4H\n", &["--json"])?)? == events, "the path differs");

    let missing = play("{}", "", &[])?;
    ensure!(!missing.status.success() && said(&missing).contains("`clerk` is missing"), said(&missing));
    let unknown = play("{clerk: $anne}", "99\n", &[])?;
    ensure!(!unknown.status.success() && said(&unknown).contains("there are choices 1 to 3"), said(&unknown));
    Ok(())
}

#[test]
fn diff_compares_versions() -> Result<()> {
    let desk = Desk::new()?;
    let old = desk.path("errand/workflow.yaml");
    let changed =
        ERRAND.replace("version: 1", "version: 2").replace("PT3H", "PT5H").replace("asking", "deciding");
    let new = desk.write("new.yaml", &changed)?;
    let map = desk.write("map.yaml", "states: {asking: deciding}\n")?;
    let without = said(&workflow(&["diff", &old, &new])?);
    ensure!(without.contains("- state asking") && without.contains("name its counterpart"), without);
    let with = said(&workflow(&["diff", &old, &new, "--map", &map])?);
    ensure!(with.contains("Running instances can be moved"), with);
    let as_json: Value = serde_json::from_slice(&workflow(&["diff", &old, &new, "--json"])?.stdout)?;
    ensure!(as_json["against_migration"][0]["code"] == "no_counterpart", "{as_json}");
    let wrong = desk.write("wrong.yaml", "states: {aking: deciding}\n")?;
    let refused = workflow(&["diff", &old, &new, "--map", &wrong])?;
    ensure!(!refused.status.success() && said(&refused).contains("did you mean `asking`?"), said(&refused));
    Ok(())
}

on_both!(explain_tells_where_and_why, migrate_moves_with_a_report);

/// The command against the test's database.
async fn on(db: &TestStore, arguments: &[&str]) -> Result<Output> {
    let data = tempfile::tempdir()?;
    let mut command = command(arguments);
    command.arg("--data").arg(data.path()).env("DATABASE_URL", &db.config.database_url);
    Ok(tokio::task::spawn_blocking(move || command.output()).await??)
}

async fn explain_tells_where_and_why(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    errand.act("e1", "nonsense").await.unwrap_err();
    let until = Instant::now() + Duration::from_secs(20);
    while refusals::of_instance(&mut db.store.read().await.unwrap(), errand.id).await.unwrap().is_empty() {
        assert!(Instant::now() < until, "the refusal is not written");
        tokio::task::yield_now().await;
    }
    let id = errand.id.to_string();
    let told = on(&db, &["explain", &id]).await.unwrap();
    let text = said(&told);
    assert!(told.status.success(), "{text}");
    for words in [
        "It is waiting in `asking` after 2 events",
        "to do `approval` in asking",
        "the timer asking:window at",
        "asking: on again → working, raises rounds (0 of 3; then refused)",
        "anywhere: on withdraw by clerk → broken",
        "action `nonsense` by",
        "it is not possible in `asking` (unknown_action_here)",
    ] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    errand.act("e2", "again").await.unwrap();
    let story: Value =
        serde_json::from_slice(&on(&db, &["explain", "--json", &id]).await.unwrap().stdout).unwrap();
    assert_eq!(
        (&story["at"], &story["waits"][0]["job"]["state"]),
        (&"working".into(), &"available".into()),
        "{story}"
    );
    assert_eq!(story["refusals"][0]["rule"], "unknown_action_here");
    let nobody = on(&db, &["explain", "01900000-0000-7000-8000-00000000000a"]).await.unwrap();
    assert!(!nobody.status.success() && said(&nobody).contains("there is no instance"), "{}", said(&nobody));
}

async fn migrate_moves_with_a_report(db: TestStore) {
    let asking = Errand::start_asking(&db.store).await;
    let working = Errand::start_another(&db.store).await;
    let source = ERRAND.replace("version: 1", "version: 2").replace("work/{rounds}", "errand/{rounds}");
    let definition = sealflow_core::load(&source, "errand.yaml").unwrap().definition;
    let arguments = ["migrate", "errand", "--from", "1", "--to", "2"];
    let unknown = on(&db, &arguments).await.unwrap();
    assert!(!unknown.status.success() && said(&unknown).contains("version 2 of errand is not published"));
    let mut tx = db.store.begin().await.unwrap();
    definitions::publish(&mut tx, &definition, &source).await.unwrap();
    tx.commit().await.unwrap();

    let dry = on(&db, &[&arguments[..], &["--dry-run"]].concat()).await.unwrap();
    assert!(said(&dry).contains("1 would be moved, 1 not"), "{}", said(&dry));
    assert_eq!(asking.get().await.definition, *errand::definition().0.hash(), "a dry run moves nothing");
    let real = on(&db, &[&arguments[..], &["--json"]].concat()).await.unwrap();
    assert!(!real.status.success(), "one stays behind");
    let report = lines(&real).unwrap();
    let of = |errand: &Errand| report.iter().find(|line| line["instance"] == errand.id.to_string()).unwrap();
    assert_eq!(of(&asking)["moved"], true);
    assert_eq!(of(&working)["reasons"][0]["code"], "other_job");
    assert_eq!(asking.get().await.definition, *definition.hash());
    assert_eq!(working.get().await.definition, *errand::definition().0.hash());
    let again = on(&db, &arguments).await.unwrap();
    assert!(said(&again).contains("0 moved, 1 not"), "{}", said(&again));
}
