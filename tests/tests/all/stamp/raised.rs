//! The job that archives a signed file: beside a signing, and when its program dies.

use std::collections::BTreeSet;

use sealflow_pdf::validate;
use sealflow_store::{
    documents::{self, RevisionKind},
    jobs::{Kind, State},
};
use sealflow_tests::{db::TestStore, on_both, process::was_killed};
use serde_json::json;

use super::{Contract, Gate, JobId, Platform, contract, kept, prepare, stamp, stamp_both};
use crate::{
    api::World,
    jobs::puppet::{in_time, insert, wait_for_state},
};

on_both!(
    a_file_that_was_raised_by_a_dead_program_is_never_seen,
    an_archive_job_and_a_signing_who_meet_give_two_revisions_in_a_row_or_one,
);

async fn raise(world: &World, contract: &Contract, n: i64) -> JobId {
    let payload = json!({"document_id": contract.document, "n": n});
    insert(&world.db.store, Kind::RaiseDocument, &format!("raise/{n}"), payload).await
}

/// The revisions' kinds; each goes on from the one before, and every signature in the last one passes.
async fn judged(
    world: &World,
    contract: &Contract,
    platform: &Platform,
    signatures: usize,
) -> Vec<RevisionKind> {
    let mut read = world.db.store.read().await.unwrap();
    let revisions = documents::revisions(&mut read, contract.document).await.unwrap();
    let mut earlier = Vec::new();
    for (revision, n) in revisions.iter().zip(0..) {
        assert_eq!(revision.n, n);
        let bytes = world.db.store.blobs().get(&revision.sha256).await.unwrap();
        assert!(bytes.starts_with(&earlier), "revision {n} is no continuation");
        earlier = bytes.to_vec();
    }
    let report = validate(&earlier, &platform.trust()).unwrap();
    let signed = report.signatures.iter().filter(|one| !one.is_document_timestamp).count();
    assert!(report.passed() && signed == signatures, "{report:#?}");
    revisions.iter().map(|revision| revision.kind).collect()
}

async fn a_file_that_was_raised_by_a_dead_program_is_never_seen(db: TestStore) {
    let world = World::open(db).await;
    let contract = contract(&world).await;
    let mut platform = Platform::start(&world.db, 1, "").await;
    stamp_both(&world, &contract).await;
    platform.running.stop().await.unwrap();
    let before = kept(&world.db.config.blobs_dir);
    platform.running = platform.program.start("handlers::raise_document::after_blob=return").unwrap();
    let job = raise(&world, &contract, 3).await;
    let status = in_time(platform.running.ended()).await.unwrap();
    assert!(was_killed(status), "{status}\n{}", platform.program.log_tail());
    let orphans: BTreeSet<String> = &kept(&world.db.config.blobs_dir) - &before;
    assert_eq!(orphans.len(), 1, "the raised file was not kept yet");
    use RevisionKind::{Archived, Original, Prepared, Signed};
    assert_eq!(judged(&world, &contract, &platform, 2).await, [Original, Prepared, Signed, Signed]);

    world.execute("update jobs set leased_until_ms = 1 where state = 'running'").await;
    platform.running = platform.program.start("").unwrap();
    wait_for_state(&world.db.store, job, State::Done).await;
    assert_eq!(judged(&world, &contract, &platform, 2).await, [Original, Prepared, Signed, Signed, Archived]);
    // One that comes late finds another revision.
    let late = raise(&world, &contract, 2).await;
    wait_for_state(&world.db.store, late, State::Done).await;
    assert_eq!(judged(&world, &contract, &platform, 2).await.len(), 5);
    platform.running.stop().await.unwrap();
}

/// Nothing starts them together; if something did, one of them would be made again on top of the other, or not at all.
async fn an_archive_job_and_a_signing_who_meet_give_two_revisions_in_a_row_or_one(db: TestStore) {
    let world = World::open(db).await;
    let contract = contract(&world).await;
    let gate = async |vendors: &sealflow_sandbox::Running| Gate::after(1, vendors.addresses.tsa, 2).await;
    let mut platform = Platform::start_with(&world.db, "", gate, &[]).await;
    prepare(&world, &contract).await;
    let first = stamp(&world, &contract, contract.recipients[0], "first").await;
    wait_for_state(&world.db.store, first, State::Done).await;
    // Another process has no connection to the authority yet.
    platform.running.stop().await.unwrap();
    platform.running = platform.program.start("").unwrap();
    let archiving = raise(&world, &contract, 2).await;
    in_time(platform.gate.arrived(2)).await;
    let second = stamp(&world, &contract, contract.recipients[1], "second").await;
    for job in [archiving, second] {
        wait_for_state(&world.db.store, job, State::Done).await;
    }
    use RevisionKind::{Archived, Original, Prepared, Signed};
    let kinds = judged(&world, &contract, &platform, 2).await;
    let is_one_line = kinds == [Original, Prepared, Signed, Signed]
        || kinds == [Original, Prepared, Signed, Archived, Signed];
    assert!(is_one_line, "{kinds:?}");
    platform.running.stop().await.unwrap();
}
