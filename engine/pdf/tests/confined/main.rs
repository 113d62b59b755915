//! Why: hostile files must not harm the process that asks. This program is its own child, as the platform's binary is, so it
//! has no test harness around it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is the test's failure")]

mod hostile;
mod mutants;
mod pool;
mod starving;
#[path = "../it/support/mod.rs"]
#[expect(dead_code, reason = "the other test binary uses the rest")]
mod support;

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, process::ExitCode, time::Duration};

use sealflow_pdf::{
    begin,
    confined::{self, Confined, Error, Limits},
    inspect, prepare, read,
    sign::{DigestAlgorithm, GrowingFile},
    validate,
};
use support::{
    company_request, contract_fields,
    pdf::{self, Xref},
    person_request,
    pki::{pki, trust},
};
use tempfile::TempDir;

const NAMES: [&str; 15] = [
    "answers_are_those_of_the_plain_functions",
    "errors_come_through",
    "memory_is_limited",
    "time_is_limited",
    "output_is_limited",
    "a_child_that_breaks_is_a_refusal",
    "a_child_has_a_process_group_of_its_own",
    "a_child_is_kept_until_it_has_opened_many_files",
    "a_child_that_has_grown_is_replaced",
    "what_breaks_a_child_harms_only_its_own_file",
    "each_file_has_its_own_processor_time",
    "a_child_that_died_meanwhile_is_not_asked",
    "who_will_not_wait_is_told_that_all_are_busy",
    "hostile_files_are_refused_or_read",
    "mutants_are_refused_or_read",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == confined::SUBCOMMAND) {
        return confined::child_main();
    }
    if let [flag, folder] = arguments.as_slice()
        && flag == "--seeds"
    {
        mutants::write_kinds(folder.as_ref());
        return ExitCode::SUCCESS;
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
        "a_child_has_a_process_group_of_its_own" => a_child_has_a_process_group_of_its_own().await,
        "a_child_is_kept_until_it_has_opened_many_files" => {
            pool::a_child_is_kept_until_it_has_opened_many_files().await;
        }
        "a_child_that_has_grown_is_replaced" => pool::a_child_that_has_grown_is_replaced().await,
        "what_breaks_a_child_harms_only_its_own_file" => {
            pool::what_breaks_a_child_harms_only_its_own_file().await;
        }
        "each_file_has_its_own_processor_time" => pool::each_file_has_its_own_processor_time().await,
        "a_child_that_died_meanwhile_is_not_asked" => pool::a_child_that_died_meanwhile_is_not_asked().await,
        "who_will_not_wait_is_told_that_all_are_busy" => {
            pool::who_will_not_wait_is_told_that_all_are_busy().await;
        }
        "hostile_files_are_refused_or_read" => hostile_files_are_refused_or_read().await,
        "mutants_are_refused_or_read" => mutants::mutants_are_refused_or_read().await,
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

fn growing(file: &[u8]) -> GrowingFile {
    GrowingFile::new(file.to_vec(), DigestAlgorithm::Sha256).unwrap()
}

async fn answers_are_those_of_the_plain_functions() {
    let confined = myself(Limits::default());
    let original = pdf::file(Xref::Stream, 3, 90);
    assert_eq!(confined.inspect(&original).await.unwrap(), inspect(&original).unwrap());
    let prepared = confined.prepare(&original, &contract_fields(1)).await.unwrap();
    assert_eq!((prepared.bytes, prepared.cut_bytes), (prepare(&original, &contract_fields(1)).unwrap(), 0));
    let junk = [b"\r\nX-Scan: 1\r\n".as_slice(), &original].concat();
    let cut = confined.prepare(&junk, &contract_fields(1)).await.unwrap();
    assert_eq!((cut.cut_bytes, cut.bytes.starts_with(&original)), (junk.len() - original.len(), true));
    let prepared = cut.bytes;
    assert_eq!(prepared, prepare(&original, &contract_fields(1)).unwrap());
    let begun = confined.begin(growing(&prepared), &person_request()).await.unwrap();
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
    assert!(matches!(confined.begin(growing(&file), &company_request()).await, Err(Error::Sign(_))));
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
    // Lengths of nothing and of 100,001 bytes, which are announced, and of 16 million, which is only half of them.
    for lengths in ["\\0\\0\\0\\0\\241\\206\\1\\0\\0\\0\\0\\0", "\\0\\0\\0\\1\\0\\0\\0\\0\\0\\0\\0\\0"] {
        let text = format!("printf '{lengths}'; exec cat /dev/zero");
        let why = refusal(script(&folder, &text, limits).inspect(b"x").await);
        assert!(why.contains("100000 bytes"), "{why}");
    }
}

async fn a_child_that_breaks_is_a_refusal() {
    let folder = TempDir::new().unwrap();
    for (text, expected) in [
        ("kill -SEGV $$", "nested"),
        ("kill -ABRT $$", "memory"),
        ("exit 3", "status 3"),
        ("exit 0", "no sense"),
        ("printf 'half'", "no sense"),
        ("printf '\\2\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0{}'", "no sense"),
    ] {
        let why = refusal(script(&folder, text, Limits::default()).inspect(&vec![b'x'; 1_000_000]).await);
        assert!(why.contains(expected), "{text}: {why}");
    }
}

/// Signals to the group of one do not reach the other.
async fn a_child_has_a_process_group_of_its_own() {
    let folder = TempDir::new().unwrap();
    // The fifth word of its state is the group.
    let text = "read -r state < /proc/$$/stat; set -- $state; [ $5 = $$ ] && exit 3; exit 4";
    let why = refusal(script(&folder, text, Limits::default()).inspect(b"x").await);
    assert!(why.contains("status 3"), "{why}");
}

/// Files that break or starve other readers: none may take the parent along, and all end well within the limits.
async fn hostile_files_are_refused_or_read() {
    // Processor time is limited as ever; how busy the machine is must not decide.
    let confined = myself(Limits { wall: Duration::from_secs(600), ..Limits::default() });
    for (name, file) in [
        ("a chain of lengths", hostile::chain_of_lengths(1_200)),
        ("deep arrays", hostile::deep_arrays(500_000)),
        ("an object stream that unpacks to gigabytes", hostile::swollen_object_streams(8)),
        ("pages in a ring", hostile::page_ring()),
        ("revisions in a ring", hostile::revision_ring()),
        ("a table of a billion entries", hostile::endless_table()),
        ("cross-references that unpack to gigabytes", hostile::swollen_revisions(40)),
        ("strings that run over each other", hostile::overlapping_strings(4_000, 500)),
        ("a dictionary of many names", hostile::crowded_dictionary(400_000)),
        ("names of fields that grow", hostile::long_field_names(10_000)),
        ("a long object that is the length of many streams", starving::shared_length(3_000, 1_000_000)),
        ("a hidden cross-reference that many tables name", starving::shared_hidden_stream(1_900, 1_000_000)),
        ("a field that is named many times below a long name", starving::repeated_kids(300_000)),
        ("object streams that are all index", starving::crowded_indexes(8)),
        ("an object stream within an object stream", starving::nested_object_streams()),
        ("a chain of filters", starving::chain_of_filters(10_000)),
        ("an object number beyond all", starving::far_object()),
        ("a page that is its own parent", starving::own_parent()),
        ("as many revisions as there may be, and one more", starving::revisions(2_001)),
        ("a byte range at the end of all numbers", starving::endless_byte_range()),
        ("a later catalog of other entries", starving::other_catalog(100_000)),
        ("later fonts under other names", starving::other_fonts(30_000)),
    ] {
        match confined.inspect(&file).await {
            Ok(_) | Err(Error::Read(_)) => {}
            other => panic!("{name}: {other:?}"),
        }
        match confined.validate(&file, &trust()).await {
            Ok(_) | Err(Error::Read(_)) => {}
            other => panic!("{name}, validated: {other:?}"),
        }
        // What cannot be read is offered for repair.
        match confined.repair(&file).await {
            Ok(_) | Err(Error::Read(_)) => {}
            other => panic!("{name}, repaired: {other:?}"),
        }
    }
}
