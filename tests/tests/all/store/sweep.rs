//! Blobs that no row refers to go, in two steps of a grace period each; one that a row refers to is never lost, whenever the row
//! comes.

use std::path::PathBuf;

use bytes::Bytes;
use sealflow_core::{
    Timestamp,
    ids::{ContractId, DocumentId, FieldId, SignatureId},
    model::contract_type::FieldKind,
};
use sealflow_store::{
    Store,
    blobs::{self, BlobHash, Error, Limits, Pile, Sweeping, Swept},
    documents::{self, NewRevision, RevisionKind},
    fields::{self, NewField, Place, Value},
    recipients, signatures,
};
use sealflow_tests::{
    db::{Engine, TestStore},
    on_both,
};
use sqlx::Row as _;

use crate::api::{
    World,
    world::{SENDER, id},
};

on_both!(
    what_a_dead_process_was_writing_goes_when_it_is_old,
    only_what_is_old_and_has_no_row_goes,
    a_put_makes_an_old_blob_fresh,
    a_row_that_comes_during_a_sweep_keeps_its_blob,
    a_sweep_goes_on_where_its_limit_was_reached,
    every_column_with_a_hash_is_known,
);

const GRACE_MS: i64 = 7 * 86_400_000;
const NO_LIMITS: Limits = Limits { looked_at: u64::MAX, moved: u64::MAX, moved_bytes: u64::MAX };

/// A draft with one document.
struct Desk {
    world: World,
    contract: ContractId,
    document: DocumentId,
}

impl Desk {
    async fn open(db: TestStore) -> Self {
        let world = World::open(db).await;
        let contract = id(&world.draft().await).parse().unwrap();
        let mut tx = world.tx().await;
        let document = documents::list(tx.conn(), contract).await.unwrap().remove(0).id;
        tx.rollback().await.unwrap();
        Self { world, contract, document }
    }

    fn store(&self) -> &Store {
        &self.world.db.store
    }

    async fn put(&self, text: &'static str) -> BlobHash {
        self.store().blobs().put(Bytes::from_static(text.as_bytes())).await.unwrap()
    }

    /// Where the blob is, when it is there.
    fn file(&self, folder: &str, hash: &BlobHash) -> PathBuf {
        let name = hash.as_str();
        self.world.db.config.blobs_dir.join(folder).join(&name[..2]).join(&name[2..4]).join(name)
    }

    fn age(&self) {
        self.world.db.age_blobs().unwrap();
    }

    async fn before(&self) -> Timestamp {
        self.store().now(&mut self.store().read().await.unwrap()).await.unwrap().plus_ms(-GRACE_MS)
    }

    async fn sweep_with(&self, dry_run: bool) -> Swept {
        let sweeping = Sweeping { before: self.before().await, dry_run };
        let (swept, next) = blobs::sweep(self.store(), 0, sweeping, NO_LIMITS).await.unwrap();
        assert_eq!(next, None);
        swept
    }

    async fn sweep(&self) -> Swept {
        self.sweep_with(false).await
    }

    async fn is_there(&self, hash: &BlobHash) -> bool {
        match self.store().blobs().get(hash).await {
            Ok(_) => true,
            Err(Error::Missing(_)) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Commits a row that refers to the blob.
    async fn refer(&self, sha256: &BlobHash) {
        let mut tx = self.world.tx().await;
        let newest = documents::get(tx.conn(), self.document).await.unwrap().unwrap().newest;
        let new = NewRevision {
            document_id: self.document,
            n: newest.n + 1,
            kind: RevisionKind::Prepared,
            sha256: sha256.clone(),
            size_bytes: 1,
            recipient_id: None,
        };
        let now_ms = tx.now().as_ms();
        documents::append(tx.conn(), &new, now_ms).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A field that holds this picture.
    async fn fill(&self, sha256: &BlobHash) -> FieldId {
        let mut tx = self.world.tx().await;
        let recipient_id = recipients::list(tx.conn(), self.contract).await.unwrap()[0].id;
        let new = NewField {
            document_id: self.document,
            recipient_id,
            name: "signature".to_owned(),
            kind: FieldKind::Signature,
            place: Place { page: 1, x: 60.0, y: 60.0, w: 140.0, h: 60.0 },
            seal_kind: None,
            style: None,
            span: None,
        };
        let field = fields::add(tx.conn(), self.contract, &new).await.unwrap();
        let signature_id = SignatureId::from_uuid(uuid::Uuid::now_v7());
        let value = Value::Image { signature_id, sha256: sha256.clone() };
        fields::set_value(tx.conn(), field, Some(&value), 1).await.unwrap();
        tx.commit().await.unwrap();
        field
    }

    async fn set_value(&self, field: FieldId, value: Option<&Value>) {
        let mut tx = self.world.tx().await;
        fields::set_value(tx.conn(), field, value, 1).await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn pile(count: u64, bytes: u64) -> Pile {
    Pile { count, bytes }
}

async fn only_what_is_old_and_has_no_row_goes(db: TestStore) {
    let desk = Desk::open(db).await;
    let person = desk.world.person(SENDER).await;
    let signature = desk.put("of a person").await;
    let mut tx = desk.world.tx().await;
    signatures::add(tx.conn(), person, &signature, 1).await.unwrap();
    tx.commit().await.unwrap();
    let picture = desk.put("in a field").await;
    let field = desk.fill(&picture).await;
    let orphan = desk.put("orphan").await;
    // Not named like a blob: somebody else's.
    let foreign = desk.world.db.config.blobs_dir.join(&orphan.as_str()[..2]).join("notes.txt");
    std::fs::write(&foreign, b"notes").unwrap();
    desk.age();
    let fresh = desk.put("fresh orphan").await;

    // Looking changes nothing.
    assert_eq!(desk.sweep_with(true).await.set_aside, pile(1, 6));
    assert!(desk.file("", &orphan).exists());

    let swept = desk.sweep().await;
    assert_eq!(swept.set_aside, pile(1, 6));
    assert_eq!((swept.put_back, swept.deleted), (pile(0, 0), pile(0, 0)));
    assert!(!desk.file("", &orphan).exists());
    assert!(desk.is_there(&orphan).await, "what is set aside can still be read");
    // Another night: it has not been aside for long.
    let swept = desk.sweep().await;
    assert_eq!([swept.set_aside, swept.put_back, swept.deleted], [pile(0, 0); 3]);
    assert!(desk.is_there(&orphan).await);

    desk.age();
    desk.put("fresh orphan").await;
    let swept = desk.sweep().await;
    assert_eq!([swept.set_aside, swept.put_back, swept.deleted], [pile(0, 0), pile(0, 0), pile(1, 6)]);
    assert!(!desk.is_there(&orphan).await);
    for kept in [&signature, &picture, &fresh] {
        assert!(desk.file("", kept).exists());
    }
    assert!(foreign.exists());
    let revision = {
        let mut read = desk.store().read().await.unwrap();
        documents::get(&mut read, desk.document).await.unwrap().unwrap().newest.sha256
    };
    assert!(desk.file("", &revision).exists());

    // What a field no longer holds goes, whatever it holds instead; also a text that looks like a picture.
    let text = Value::Text { text: format!("{{\"sha256\":\"{picture}\"}} \0") };
    for value in [None, Some(&text)] {
        desk.set_value(field, value).await;
        desk.put("in a field").await;
        desk.age();
        desk.put("fresh orphan").await;
        assert_eq!(desk.sweep_with(true).await.set_aside, pile(1, 10));
    }
}

async fn a_put_makes_an_old_blob_fresh(db: TestStore) {
    let desk = Desk::open(db).await;
    let hash = desk.put("kept by a job that died").await;
    desk.age();
    // The job is done again. Between this and its commit comes the sweep.
    assert_eq!(desk.put("kept by a job that died").await, hash);
    assert_eq!(desk.sweep().await.set_aside, pile(0, 0));
    desk.refer(&hash).await;
    desk.age();
    assert_eq!(desk.sweep().await.set_aside, pile(0, 0));
    assert!(desk.file("", &hash).exists());
}

/// The sweep has looked at the storage and at the rows. Only then the blob is put once more and its row committed; then the
/// sweep goes on.
async fn a_row_that_comes_during_a_sweep_keeps_its_blob(db: TestStore) {
    let desk = Desk::open(db).await;
    let blobs = desk.store().blobs();
    let hash = desk.put("put again").await;
    let late = desk.put("its row comes days later").await;
    desk.age();
    for one in [&hash, &late] {
        let first = u8::from_str_radix(&one.as_str()[..2], 16).unwrap();
        let (_, found) = blobs.old_kept(first, desk.before().await).await.unwrap();
        let mut read = desk.store().read().await.unwrap();
        let orphans = blobs::unreferred(&mut read, desk.store().dialect(), &found).await.unwrap();
        assert!(orphans.iter().any(|orphan| orphan.sha256 == *one));
    }
    desk.put("put again").await;
    desk.put("its row comes days later").await;
    desk.refer(&hash).await;
    assert!(blobs.set_aside(&hash).await.unwrap());
    assert!(blobs.set_aside(&late).await.unwrap());
    // A second sweep at the same time finds nothing to do.
    assert!(!blobs.set_aside(&hash).await.unwrap());
    assert!(desk.is_there(&hash).await && desk.is_there(&late).await);

    // Nothing is lost in the nights that follow, and the other row comes within the grace.
    assert_eq!(desk.sweep().await.deleted, pile(0, 0));
    desk.refer(&late).await;
    desk.age();
    let swept = desk.sweep().await;
    assert_eq!([swept.set_aside, swept.put_back, swept.deleted], [pile(0, 0), pile(2, 33), pile(0, 0)]);
    for one in [&hash, &late] {
        assert!(desk.file("", one).exists() && !desk.file("aside", one).exists());
        assert!(desk.is_there(one).await);
    }

    // A put after the sweep has set aside makes one that is kept; deleting the other does not touch it.
    let orphan = desk.put("put while its like is deleted").await;
    assert!(blobs.set_aside(&orphan).await.unwrap());
    desk.age();
    desk.put("put while its like is deleted").await;
    assert_eq!(desk.sweep().await.deleted, pile(1, 29));
    desk.refer(&orphan).await;
    assert!(desk.is_there(&orphan).await);
}

async fn a_sweep_goes_on_where_its_limit_was_reached(db: TestStore) {
    let desk = Desk::open(db).await;
    let mut orphans = Vec::new();
    for n in 0..40 {
        let bytes = Bytes::from(format!("orphan {n:02}"));
        orphans.push(desk.store().blobs().put(bytes).await.unwrap());
    }
    desk.age();
    let sweeping = Sweeping { before: desk.before().await, dry_run: false };
    let limits = [
        Limits { moved: 3, ..NO_LIMITS },
        Limits { moved_bytes: 10, ..NO_LIMITS },
        Limits { looked_at: 4, ..NO_LIMITS },
    ];
    let (mut total, mut from, mut parts) = (Swept::default(), Some(0), 0);
    while let Some(first) = from {
        let part;
        (part, from) = blobs::sweep(desk.store(), first, sweeping, limits[parts % 3]).await.unwrap();
        assert!(part.set_aside.count <= 10, "{part:?}");
        assert!(from.is_none_or(|from| from >= first));
        total = total.and(part);
        parts += 1;
    }
    assert_eq!(total.set_aside, pile(40, 9 * 40));
    assert!(parts > 6, "{parts}");
    for orphan in &orphans {
        assert!(desk.file("aside", orphan).exists() && desk.is_there(orphan).await);
    }
}

/// Whoever adds a column with a hash says here what it is the hash of, or names it in `blobs/referred.sql`, where the sweep
/// looks for the names of blobs.
async fn every_column_with_a_hash_is_known(db: TestStore) {
    const OF_SOMETHING_ELSE: [&str; 8] = [
        "agreement_consents.text_sha256",
        "agreement_texts.sha256",
        "audit.chain_sha256",
        "audit.leaf_sha256",
        "audit_head.chain_sha256",
        "contracts.definition_hash",
        "definitions.hash",
        "instances.definition_hash",
    ];
    const TOKENS: [&str; 2] = ["links.token_sha256", "sessions.token_sha256"];
    let columns = match db.engine {
        Engine::Sqlite => {
            "select m.name as t, c.name as c from sqlite_master m join pragma_table_xinfo(m.name) c where m.type = 'table'"
        }
        Engine::Postgres => {
            "select table_name::text as t, column_name::text as c from information_schema.columns where table_schema = 'public'"
        }
    };
    let found = sqlx::query(columns).fetch_all(&mut *db.store.read().await.unwrap()).await.unwrap();
    let names = found.iter().map(|row| {
        let (table, column): (String, String) = (row.get("t"), row.get("c"));
        format!("{table}.{column}")
    });
    let mut of_blobs: Vec<String> = names
        .filter(|name| {
            let (_, column) = name.split_once('.').unwrap();
            ["sha256", "hash", "blob", "digest"].iter().any(|word| column.contains(word))
        })
        .filter(|name| !OF_SOMETHING_ELSE.contains(&name.as_str()) && !TOKENS.contains(&name.as_str()))
        // The migrations' own, and what a code is bound to.
        .filter(|name| !name.starts_with("_sqlx") && name != "codes.digest")
        .collect();
    of_blobs.sort();
    let list = include_str!("../../../../engine/store/src/blobs/referred.sql");
    let mut listed: Vec<&str> = list
        .split_whitespace()
        .zip(list.split_whitespace().skip(1))
        .filter(|(on, _)| *on == "on")
        .map(|(_, name)| name)
        .collect();
    listed.sort_unstable();
    assert_eq!(of_blobs, listed);
    assert_eq!(listed.len(), 3);
}

async fn what_a_dead_process_was_writing_goes_when_it_is_old(db: TestStore) {
    let desk = Desk::open(db).await;
    let hash = desk.put("whole").await;
    let name = |folder: &str| {
        let mut path = desk.file(folder, &hash).into_os_string();
        path.push("#1");
        PathBuf::from(path)
    };
    let staged = [name(""), name("aside")];
    let others = staged.clone().map(|path| path.with_file_name("notes#1"));
    for path in staged.iter().chain(&others) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "hal").unwrap();
    }
    assert_eq!(desk.sweep().await.unfinished, pile(0, 0));
    desk.age();
    assert_eq!(desk.sweep_with(true).await.unfinished, pile(2, 6));
    assert!(staged.iter().all(|path| path.exists()), "a dry run deletes nothing");
    assert_eq!(desk.sweep().await.unfinished, pile(2, 6));
    assert!(staged.iter().all(|path| !path.exists()) && others.iter().all(|path| path.exists()));
    assert_eq!(desk.store().blobs().get(&hash).await.unwrap(), "whole");
}
