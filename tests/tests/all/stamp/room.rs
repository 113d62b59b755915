//! Every job that holds a whole document takes its part of the room first (`sealflow_jobs::room`), which bounds what a crowd holds.

use std::{os::unix::fs::PermissionsExt as _, time::Duration};

use sealflow::sandbox::{self, Ports};
use sealflow_jobs::{
    Runtime,
    handlers::{self, Inner, Retention, Tools},
    room::{ROOM_BYTES, Room},
    run,
};
use sealflow_pdf::{
    Trust,
    confined::{Confined, Limits},
};
use sealflow_providers::{
    ca::CaClient,
    keystore::{Algorithm, event::Keystore},
    revocation::RevocationClient,
    sms::SmsClient,
    tsa::TsaClient,
};
use sealflow_sandbox::Sandbox;
use sealflow_store::{documents, jobs::Kind};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Platform, contract, stamp};
use crate::{
    api::World,
    jobs::puppet::{in_time, insert, quick},
};

/// What the room is counted in.
const PIECE_BYTES: u64 = 64 * 1024;

on_both!(memory_that_held_a_document_is_given_back, whoever_holds_a_document_takes_room_for_it);

/// All three are in the children's hands, which never answer.
async fn whoever_holds_a_document_takes_room_for_it(db: TestStore) {
    let world = World::open(db).await;
    let contract = contract(&world).await;
    let store = &world.db.store;
    let newest =
        documents::get(&mut store.read().await.unwrap(), contract.document).await.unwrap().unwrap().newest;
    let pieces = u64::try_from(newest.size_bytes).unwrap().div_ceil(PIECE_BYTES);
    assert!(pieces > 1, "the file is too small to be told from another");

    let folder = tempfile::tempdir().unwrap();
    let child = folder.path().join("child");
    std::fs::write(&child, "#!/bin/sh\nexec sleep 600\n").unwrap();
    std::fs::set_permissions(&child, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = sandbox::config(&folder.path().join("sandbox"), &world.url, Ports::Free).unwrap();
    let vendors = Sandbox::start(config.clone()).await.unwrap();
    let settings = sandbox::settings(&config, &vendors);
    let room = Room::default();
    let tools = Tools::new(Inner {
        confined: Confined::new(child, Limits::default()),
        room: room.clone(),
        sms: SmsClient::new(serde_json::from_value(settings["sms"].clone()).unwrap()).unwrap(),
        ca: CaClient::new(serde_json::from_value(settings["ca"].clone()).unwrap()).unwrap(),
        keystore: Keystore::Software(Algorithm::P256),
        tsa: TsaClient::new(serde_json::from_value(settings["tsa"].clone()).unwrap()).unwrap(),
        revocation: RevocationClient::new(sealflow_providers::revocation::Config::default()).unwrap(),
        signatures: handlers::Signatures::default(),
        trust: Trust::default(),
        secret: [7; 32],
        sms_settle_ms: 0,
        retention: Retention { sign_ins_days: 1, jobs_days: 1, instances_days: None, blobs_days: 1 },
    });
    let stop = CancellationToken::new();
    let runtime = Runtime { store: store.clone(), registry: handlers::registry(&tools), config: quick() };
    let working = tokio::spawn(run(runtime, stop.clone()));

    stamp(&world, &contract, contract.recipients[0], "stamp").await;
    insert(store, Kind::PrepareDocument, "prepare", json!({"contract_id": contract.id})).await;
    let one = json!({"document_id": contract.document, "n": newest.n});
    insert(store, Kind::RaiseDocument, "raise", one).await;
    in_time(until_free(&room, ROOM_BYTES - 3 * pieces * PIECE_BYTES)).await;
    working.abort();
}

async fn until_free(room: &Room, bytes: u64) {
    while room.free_bytes() != bytes {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Else the C library would keep it.
async fn memory_that_held_a_document_is_given_back(db: TestStore) {
    let mut platform = Platform::start(&db, 1, "").await;
    in_time(until_given_back(&platform)).await;
    platform.running.kill().await.unwrap();
}

async fn until_given_back(platform: &Platform) {
    while !platform.running.environment().unwrap().contains("MALLOC_MMAP_THRESHOLD_=1048576\0") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
