//! Some scanners write lines of their own before the PDF. They are left out when the fields are made, and never come back.

use sealflow_pdf::validate;
use sealflow_store::{
    blobs::BlobHash,
    documents::{self, RevisionKind},
    jobs::State,
};
use sealflow_tests::{db::TestStore, on_both};

use super::{Platform, contract, downloaded, prepare, stamp};
use crate::{
    api::{World, world::contract_pdf},
    jobs::puppet::wait_for_state,
};

async fn what_stands_before_the_pdf_is_left_out(db: TestStore) {
    let world = World::open(db).await;
    let contract = contract(&world).await;
    let scanned = [b"\r\nX-Scan: 1\r\n".as_slice(), &contract_pdf()].concat();
    let mut tx = world.tx().await;
    let sha256 = tx.store().blobs().put(scanned.into()).await.unwrap();
    let changed = sqlx::query("update revisions set sha256 = $1 where document_id = $2")
        .bind(sha256.as_str())
        .bind(contract.document.to_string())
        .execute(tx.conn())
        .await
        .unwrap();
    assert_eq!(changed.rows_affected(), 1);
    tx.commit().await.unwrap();

    let mut platform = Platform::start(&world.db, 1, "").await;
    prepare(&world, &contract).await;
    assert!(downloaded(&world, &contract).await.starts_with(&contract_pdf()));
    let job = stamp(&world, &contract, contract.recipients[0], "stamp").await;
    wait_for_state(&world.db.store, job, State::Done).await;
    let signed = downloaded(&world, &contract).await;
    let report = validate(&signed, &platform.trust()).unwrap();
    assert!(report.passed() && report.signatures.len() == 1, "{report:#?}");
    let mut read = world.db.store.read().await.unwrap();
    let newest = documents::get(&mut read, contract.document).await.unwrap().unwrap().newest;
    assert_eq!((newest.kind, newest.sha256), (RevisionKind::Signed, BlobHash::of(&signed)));
    drop(read);
    platform.running.stop().await.unwrap();
}

on_both!(what_stands_before_the_pdf_is_left_out,);
