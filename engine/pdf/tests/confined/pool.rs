//! Why: a child is kept for further files, which must not notice.

use std::time::Duration;

use sealflow_pdf::{
    confined::{CALLS_MAX, Error, Limits},
    inspect, read,
};
use tempfile::TempDir;

use crate::{
    myself, refusal, script,
    support::pdf::{self, Xref},
};

pub(crate) async fn a_child_is_kept_until_it_has_opened_many_files() {
    let confined = myself(Limits { children: 1, ..Limits::default() });
    let file = pdf::file(Xref::Stream, 1, 0);
    for _ in 0..CALLS_MAX {
        assert!(confined.inspect(&file).await.is_ok());
        // A file that is refused in order does not use the child up.
        assert!(matches!(confined.inspect(b"text").await, Err(Error::Read(read::Error::NotAPdf))));
    }
    assert_eq!(confined.children_started(), 3);

    let warm = myself(Limits::default());
    warm.warm_up().unwrap();
    assert!(warm.inspect(&file).await.is_ok());
    assert_eq!(warm.children_started(), 1);
}

pub(crate) async fn a_child_that_has_grown_is_replaced() {
    let confined = myself(Limits { children: 1, kept_bytes: 1, ..Limits::default() });
    let file = pdf::file(Xref::Stream, 1, 0);
    for _ in 0..3 {
        assert!(confined.inspect(&file).await.is_ok());
    }
    // Each was replaced, the last one ahead of the next file.
    assert_eq!(confined.children_started(), 4);
}

/// What breaks a child is refused, while files beside it, before it and after it are read.
pub(crate) async fn what_breaks_a_child_harms_only_its_own_file() {
    let little = Limits { memory_bytes: 96 << 20, children: 2, ..Limits::default() };
    let confined = myself(little);
    let good = pdf::file(Xref::Stream, 3, 0);
    let mut bad = pdf::file(Xref::Table, 1, 0);
    bad.resize(98 << 20, b' ');
    let expected = inspect(&good).unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for turn in 0..24 {
        let (confined, expected) = (confined.clone(), expected.clone());
        let file = if turn % 4 == 3 { bad.clone() } else { good.clone() };
        calls.spawn(async move {
            let answer = confined.inspect(&file).await;
            if turn % 4 == 3 {
                let why = refusal(answer);
                assert!(why.contains("memory"), "{why}");
            } else {
                assert_eq!(answer.unwrap(), expected);
            }
        });
    }
    while let Some(ended) = calls.join_next().await {
        ended.unwrap();
    }
}

/// The processor time of one file is limited, not that of all files together: together these take longer.
pub(crate) async fn each_file_has_its_own_processor_time() {
    let confined = myself(Limits { cpu_s: 1, children: 1, ..Limits::default() });
    let mut file = pdf::file(Xref::Table, 1, 0);
    file.resize(6 << 20, b' ');
    for _ in 0..15 {
        assert!(confined.inspect(&file).await.is_ok());
    }
    assert_eq!(confined.children_started(), 1);
}

/// A child that dies between two files is not noticed.
pub(crate) async fn a_child_that_died_meanwhile_is_not_asked() {
    let folder = TempDir::new().unwrap();
    // It answers that it is no PDF, and ends.
    let json = r#"{"Inspect":{"Err":{"kind":"not_a_pdf"}}}"#;
    let lengths = format!("\\{:03o}\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0", json.len());
    let text = format!("head -c 22 > /dev/null; printf '{lengths}{json}'");
    let confined = script(&folder, &text, Limits { children: 1, ..Limits::default() });
    for calls in 1..4 {
        let answer = confined.inspect(b"x").await;
        assert!(matches!(answer, Err(Error::Read(read::Error::NotAPdf))), "{answer:?}");
        assert!(confined.children_started() >= calls);
    }
}

pub(crate) async fn who_will_not_wait_is_told_that_all_are_busy() {
    let folder = TempDir::new().unwrap();
    let hanging = script(&folder, "exec sleep 600", Limits { children: 1, ..Limits::default() });
    let hurried = hanging.clone().patient_for(Duration::from_millis(1));
    tokio::select! {
        biased;
        answer = hanging.inspect(b"x") => panic!("it should hang: {answer:?}"),
        answer = hurried.inspect(b"x") => assert!(matches!(answer, Err(Error::Busy)), "{answer:?}"),
    }
    // The one who was there first has gone, and his child with him.
    let good = myself(Limits { children: 1, ..Limits::default() }).patient_for(Duration::from_millis(1));
    assert!(good.inspect(&pdf::file(Xref::Table, 1, 0)).await.is_ok());
}
