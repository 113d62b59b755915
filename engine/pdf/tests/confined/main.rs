//! Why: hostile files must not harm the process that asks. This program is its own child, as the platform's binary is, so it
//! has no test harness around it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is the test's failure")]

mod hostile;
#[path = "../it/support/mod.rs"]
#[expect(dead_code, reason = "the other test binary uses the rest")]
mod support;

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, process::ExitCode, time::Duration};

use sealflow_pdf::{
    begin,
    confined::{self, Confined, Error, Limits},
    inspect, prepare, read, validate,
};
use support::{
    company_request, contract_fields,
    pdf::{self, Xref},
    person_request,
    pki::{pki, trust},
};
use tempfile::TempDir;

const NAMES: [&str; 7] = [
    "answers_are_those_of_the_plain_functions",
    "errors_come_through",
    "memory_is_limited",
    "time_is_limited",
    "output_is_limited",
    "a_child_that_breaks_is_a_refusal",
    "hostile_files_are_refused_or_read",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == confined::SUBCOMMAND) {
        return confined::child_main();
    }
    let given = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if given("--list") {
        // As cargo-nextest asks; none is ignored.
        for name in NAMES.iter().filter(|_| !given("--ignored")) {
            println!("confined::{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<&str> =
        arguments.iter().filter(|argument| !argument.starts_with('-')).map(String::as_str).collect();
    let chosen: Vec<&str> = NAMES
        .into_iter()
        .filter(|name| {
            wanted.is_empty() || wanted.iter().any(|part| format!("confined::{name}").contains(part))
        })
        .collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for name in &chosen {
        runtime.block_on(run(name));
        println!("test confined::{name} ... ok");
    }
    println!("test result: ok. {} passed; 0 failed", chosen.len());
    ExitCode::SUCCESS
}

async fn run(name: &str) {
    match name {
        "answers_are_those_of_the_plain_functions" => answers_are_those_of_the_plain_functions().await,
        "errors_come_through" => errors_come_through().await,
        "memory_is_limited" => memory_is_limited().await,
        "time_is_limited" => time_is_limited().await,
        "output_is_limited" => output_is_limited().await,
        "a_child_that_breaks_is_a_refusal" => a_child_that_breaks_is_a_refusal().await,
        "hostile_files_are_refused_or_read" => hostile_files_are_refused_or_read().await,
        _ => panic!("no test is named {name}"),
    }
}

fn myself(limits: Limits) -> Confined {
    Confined::new(std::env::current_exe().unwrap(), limits)
}

/// A child that does what the script says.
fn script(folder: &TempDir, text: &str, limits: Limits) -> Confined {
    let path: PathBuf = folder.path().join("child");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Confined::new(path, limits)
}

fn refusal<T: std::fmt::Debug>(answer: Result<T, Error>) -> String {
    match answer {
        Err(Error::Refused { why }) => why,
        other => panic!("not refused: {other:?}"),
    }
}

async fn answers_are_those_of_the_plain_functions() {
    let confined = myself(Limits::default());
    let original = pdf::file(Xref::Stream, 3, 90);
    assert_eq!(confined.inspect(&original).await.unwrap(), inspect(&original).unwrap());
    let prepared = confined.prepare(&original, &contract_fields(1)).await.unwrap();
    assert_eq!(prepared, prepare(&original, &contract_fields(1)).unwrap());
    let junk = [b"\r\nX-Scan: 1\r\n".as_slice(), &original].concat();
    assert_eq!(confined.prepare(&junk, &contract_fields(1)).await.unwrap(), prepared);
    let begun = confined.begin(&prepared, &person_request()).await.unwrap();
    assert_eq!(begun, begin(&prepared, &person_request()).unwrap());
    let signed = pki().person.finish(begun, false);
    assert_eq!(confined.validate(&signed, &trust()).await.unwrap(), validate(&signed, &trust()).unwrap());
}

async fn errors_come_through() {
    let confined = myself(Limits::default());
    assert!(matches!(confined.inspect(b"").await, Err(Error::Read(read::Error::Empty))));
    assert!(matches!(confined.inspect(b"text").await, Err(Error::Read(read::Error::NotAPdf))));
    let file = pdf::file(Xref::Table, 1, 0);
    assert!(matches!(confined.prepare(&file, &contract_fields(2)).await, Err(Error::Prepare(_))));
    assert!(matches!(confined.begin(&file, &company_request()).await, Err(Error::Sign(_))));
    assert!(matches!(confined.validate(b"text", &trust()).await, Err(Error::Read(_))));
    let missing = Confined::new("/nowhere/sealflow", Limits::default());
    assert!(matches!(missing.inspect(&file).await, Err(Error::Io(_))));
}

async fn memory_is_limited() {
    let mut file = pdf::file(Xref::Table, 1, 0);
    file.resize(90 * 1024 * 1024, b' ');
    assert!(myself(Limits::default()).inspect(&file).await.is_ok());
    let little = Limits { memory_bytes: 80 * 1024 * 1024, ..Limits::default() };
    refusal(myself(little).inspect(&file).await);
}

async fn time_is_limited() {
    let folder = TempDir::new().unwrap();
    let wall = Duration::from_millis(300);
    let why =
        refusal(script(&folder, "exec sleep 600", Limits { wall, ..Limits::default() }).inspect(b"x").await);
    assert!(why.contains("longer than"), "{why}");
    let busy = script(&folder, "ulimit -t 1; while :; do :; done", Limits::default());
    let why = refusal(busy.inspect(b"x").await);
    assert!(why.contains("processor") || why.contains("killed"), "{why}");
}

async fn output_is_limited() {
    let folder = TempDir::new().unwrap();
    let limits = Limits { output_bytes: 100_000, ..Limits::default() };
    let why = refusal(script(&folder, "exec cat /dev/zero", limits).inspect(b"x").await);
    assert!(why.contains("100000 bytes"), "{why}");
}

async fn a_child_that_breaks_is_a_refusal() {
    let folder = TempDir::new().unwrap();
    for (text, expected) in [
        ("kill -SEGV $$", "nested"),
        ("kill -ABRT $$", "memory"),
        ("exit 3", "status 3"),
        ("exit 0", "no sense"),
        ("cat > /dev/null; printf '\\377\\377\\377\\377{}'", "no sense"),
    ] {
        let why = refusal(script(&folder, text, Limits::default()).inspect(&vec![b'x'; 1_000_000]).await);
        assert!(why.contains(expected), "{text}: {why}");
    }
}

/// Files that break or starve other readers: none may take the parent along, and all end well within the limits.
async fn hostile_files_are_refused_or_read() {
    let confined = myself(Limits { wall: Duration::from_secs(20), ..Limits::default() });
    for (name, file) in [
        ("a chain of lengths", hostile::chain_of_lengths(1_200)),
        ("deep arrays", hostile::deep_arrays(500_000)),
        ("an object stream that unpacks to gigabytes", hostile::swollen_object_streams(8)),
        ("pages in a ring", hostile::page_ring()),
        ("revisions in a ring", hostile::revision_ring()),
        ("a table of a billion entries", hostile::endless_table()),
    ] {
        match confined.inspect(&file).await {
            Ok(_) | Err(Error::Read(_)) => {}
            other => panic!("{name}: {other:?}"),
        }
    }
}
