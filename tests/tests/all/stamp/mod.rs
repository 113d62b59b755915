//! The stamping job of the real program when two signers are stamped at the same moment: two revisions in a row, both valid,
//! and nothing of an attempt that lost can be seen.

mod enrolments;
mod gate;
mod marks;
mod raised;
mod room;
mod scanned;
mod seals;
mod waits;

use std::{collections::BTreeSet, path::Path};

use sealflow::sandbox::{self, Ports};
use sealflow_core::{
    ids::{ContractId, DocumentId, JobId, RecipientId},
    model::contract_type::FieldKind,
};
use sealflow_pdf::{Trust, validate};
use sealflow_sandbox::{Fault, Order, Sandbox, Service};
use sealflow_store::{
    blobs::BlobHash,
    documents::{self, Revision, RevisionKind},
    fields::{self, NewField, Place, Point, Strokes, Value},
    jobs::{Kind, Scope, SetBy, State, set_slots},
    recipients,
    signing::{Confirmation, ConfirmedDocument, ConfirmedField, Method},
};
use sealflow_tests::{
    db::TestStore,
    on_both,
    process::{Program, Running, was_killed},
};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use self::gate::Gate;
use crate::{
    api::{
        World,
        world::{SENDER, id},
    },
    jobs::puppet::{all, in_time, insert, wait_for_state},
};

/// The real program on the world's database, with vendors of its own.
struct Platform {
    program: Program,
    running: Running,
    vendors: sealflow_sandbox::Running,
    gate: Gate,
    _folder: TempDir,
}

impl Platform {
    /// The authority lets the first `together` timestamps through only together; `fail_points` as in [`Program::start`].
    async fn start(db: &TestStore, together: usize, fail_points: &str) -> Self {
        Self::start_with(
            db,
            fail_points,
            async |vendors| Gate::before(vendors.addresses.tsa, together).await,
            &[],
        )
        .await
    }

    /// With a door before the authority that stamps, and without these settings.
    async fn start_with(
        db: &TestStore,
        fail_points: &str,
        gate: impl AsyncFnOnce(&sealflow_sandbox::Running) -> Gate,
        without: &[&str],
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("data");
        std::fs::create_dir(&data_dir).unwrap();
        std::os::unix::fs::symlink(&db.config.blobs_dir, data_dir.join("documents")).unwrap();
        let mut program = Program::new(env!("CARGO_BIN_EXE_sealflow_under_test"), &data_dir).unwrap();
        let config = sandbox::config(&folder.path().join("sandbox"), &program.url, Ports::Free).unwrap();
        let vendors = Sandbox::start(config.clone()).await.unwrap();
        let gate = gate(&vendors).await;
        program.settings.extend(sandbox::variables(&sandbox::settings(&config, &vendors)));
        program.settings.retain(|(name, _)| !without.contains(&name.as_str()));
        program.settings.extend([
            ("SEALFLOW_TSA__URL".to_owned(), format!("http://{}", gate.address)),
            ("DATABASE_URL".to_owned(), db.config.database_url.clone()),
            // A lease that runs out under load would be another attempt; who is killed must not be waited for too long.
            (
                "SEALFLOW_JOBS__LEASE_MS".to_owned(),
                if fail_points.is_empty() { "60000" } else { "5000" }.to_owned(),
            ),
        ]);
        let running = program.start(fail_points).unwrap();
        Self { program, running, vendors, gate, _folder: folder }
    }

    /// Has a vendor fail until it is told otherwise; with none all are right again.
    async fn fault(&self, wanted: Option<(Service, Fault)>) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}api/faults", self.vendors.page());
        http.delete(&url).send().await.unwrap();
        if let Some((service, fault)) = wanted {
            let order = Order { service, fault, times: None };
            assert!(http.put(url).json(&order).send().await.unwrap().status().is_success());
        }
    }

    fn trust(&self) -> Trust {
        let pem = std::fs::read(&self.vendors.ca_file).unwrap();
        let root = openssl::x509::X509::from_pem(&pem).unwrap();
        Trust { roots_der: vec![root.to_der().unwrap()], ..Trust::default() }
    }
}

/// A document with a filled signature field for each recipient.
struct Contract {
    id: ContractId,
    document: DocumentId,
    recipients: Vec<RecipientId>,
}

fn drawn() -> Value {
    let point = |x, y| Point { x, y, w: None };
    let stroke = vec![point(10.0, 20.0), point(120.0, 80.0), point(280.0, 30.0)];
    Value::Signature(Strokes { strokes: vec![stroke], width: 300.0, height: 150.0 })
}

async fn contract(world: &World) -> Contract {
    let draft = world.draft().await;
    let contract: ContractId = id(&draft).parse().unwrap();
    let mut tx = world.tx().await;
    let now_ms = tx.now().as_ms();
    let document = documents::list(tx.conn(), contract).await.unwrap().remove(0).id;
    let parties: Vec<RecipientId> =
        recipients::list(tx.conn(), contract).await.unwrap().iter().map(|party| party.id).collect();
    for (number, recipient) in parties.iter().enumerate() {
        let new = NewField {
            document_id: document,
            recipient_id: *recipient,
            name: format!("signature_{number}"),
            kind: FieldKind::Signature,
            place: Place {
                page: 1,
                x: 60.0 + 200.0 * f64::from(u32::try_from(number).unwrap()),
                y: 60.0,
                w: 140.0,
                h: 60.0,
            },
            seal_kind: None,
            style: None,
            span: None,
        };
        let field = fields::add(tx.conn(), contract, &new).await.unwrap();
        fields::set_value(tx.conn(), field, Some(&drawn()), now_ms).await.unwrap();
    }
    tx.commit().await.unwrap();
    Contract { id: contract, document, recipients: parties }
}

/// What the recipient would have confirmed: the newest revision and the filled fields.
async fn confirmation(world: &World, contract: &Contract, recipient: RecipientId) -> Confirmation {
    let mut read = world.db.store.read().await.unwrap();
    let newest = documents::get(&mut read, contract.document).await.unwrap().unwrap().newest;
    let own = fields::of_recipient(&mut read, recipient).await.unwrap();
    let confirmed = own.iter().map(|field| ConfirmedField {
        id: field.id,
        document_id: field.document_id,
        name: field.name.clone(),
        kind: field.kind,
        value_sha256: hex::encode(Sha256::digest(serde_json::to_string(&field.value).unwrap())),
    });
    Confirmation {
        digest: "as confirmed".to_owned(),
        documents: vec![ConfirmedDocument {
            document_id: contract.document,
            revision: newest.n,
            sha256: newest.sha256.as_str().to_owned(),
        }],
        fields: confirmed.collect(),
        method: Method::SmsCode,
        verified_at_ms: 0,
        ip: String::new(),
        user_agent: String::new(),
    }
}

async fn prepare(world: &World, contract: &Contract) {
    let store = &world.db.store;
    let prepared = insert(store, Kind::PrepareDocument, "prepare", json!({"contract_id": contract.id})).await;
    wait_for_state(store, prepared, State::Done).await;
}

/// Has a recipient stamped.
async fn stamp(world: &World, contract: &Contract, recipient: RecipientId, key: &str) -> JobId {
    let confirmation = confirmation(world, contract, recipient).await;
    let payload = json!({
        "contract_id": contract.id, "recipient_id": recipient,
        "confirmation": confirmation, "confirmed_at_ms": 1_768_464_000_000_i64,
    });
    insert(&world.db.store, Kind::StampSignature, &format!("{key}/{recipient}"), payload).await
}

/// Prepares the contract and has both recipients stamped at once; tells how often each was tried.
async fn stamp_both(world: &World, contract: &Contract) -> Vec<u32> {
    let store = &world.db.store;
    prepare(world, contract).await;
    let mut jobs = Vec::new();
    for recipient in &contract.recipients {
        jobs.push(stamp(world, contract, *recipient, "stamp").await);
    }
    let mut attempts = Vec::new();
    for job in jobs {
        attempts.push(wait_for_state(store, job, State::Done).await.attempts);
    }
    attempts.sort_unstable();
    attempts
}

/// Original, prepared, and two signed ones, each appended to the one before; both signatures are valid in the last.
async fn judge(world: &World, contract: &Contract, trust: &Trust) -> Vec<Revision> {
    let mut read = world.db.store.read().await.unwrap();
    let revisions = documents::revisions(&mut read, contract.document).await.unwrap();
    let kinds: Vec<(i64, RevisionKind)> =
        revisions.iter().map(|revision| (revision.n, revision.kind)).collect();
    use RevisionKind::{Original, Prepared, Signed};
    assert_eq!(kinds, [(0, Original), (1, Prepared), (2, Signed), (3, Signed)]);
    let signers: BTreeSet<RecipientId> =
        revisions.iter().filter_map(|revision| revision.recipient_id).collect();
    assert_eq!(signers, contract.recipients.iter().copied().collect());
    let mut earlier = Vec::new();
    for revision in &revisions {
        let bytes = world.db.store.blobs().get(&revision.sha256).await.unwrap();
        assert!(bytes.starts_with(&earlier), "revision {} is no continuation", revision.n);
        earlier = bytes.to_vec();
    }
    let report = validate(&earlier, trust).unwrap();
    assert!(report.passed() && report.signatures.len() == 2, "{report:#?}");
    // What can be downloaded is the last of them.
    assert!(downloaded(world, contract).await == earlier);
    revisions
}

/// The document as its sender gets it.
async fn downloaded(world: &World, contract: &Contract) -> Vec<u8> {
    let sender = world.as_person(SENDER).await;
    let path = format!("/api/contracts/{}/documents/{}/file", contract.id, contract.document);
    sender.get(&path).await.bytes
}

/// The names of all files in the folder.
fn kept(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            names.extend(kept(&entry.path()));
        } else {
            names.insert(entry.file_name().into_string().unwrap());
        }
    }
    names
}

async fn two_signers_at_once_are_stamped_one_after_the_other(db: TestStore) {
    let world = World::open(db).await;
    let contract = contract(&world).await;
    let mut platform = Platform::start(&world.db, 1, "").await;
    assert_eq!(stamp_both(&world, &contract).await, [1, 1], "nothing was done in vain");
    let revisions = judge(&world, &contract, &platform.trust()).await;
    let names = revisions.iter().map(|revision| revision.sha256.as_str().to_owned()).collect();
    assert_eq!(kept(&world.db.config.blobs_dir), names);
    platform.running.stop().await.unwrap();
}

/// The limit that keeps them apart is taken away, so that both stand on the same revision when the first is committed. The
/// other is told so, and is made again; the file that it had kept already is nowhere referred to.
async fn two_signers_who_meet_give_two_revisions_in_a_row(db: TestStore) {
    let world = World::open(db).await;
    let contract = contract(&world).await;
    let mut tx = world.tx().await;
    set_slots(&mut tx, Scope::Kind(Kind::StampSignature), Some(2), SetBy::Person).await.unwrap();
    tx.commit().await.unwrap();
    let mut platform = Platform::start(&world.db, 2, "").await;
    assert_eq!(stamp_both(&world, &contract).await, [1, 2]);
    let revisions = judge(&world, &contract, &platform.trust()).await;
    let names: BTreeSet<String> =
        revisions.iter().map(|revision| revision.sha256.as_str().to_owned()).collect();
    let kept = kept(&world.db.config.blobs_dir);
    assert!(kept.is_superset(&names) && kept.len() == names.len() + 1, "{kept:?}, {names:?}");
    platform.running.stop().await.unwrap();
}

/// The program dies when a signed file is kept and before its revision is written: nobody sees that file, then or later.
async fn a_file_that_was_kept_by_a_dead_program_is_never_seen(db: TestStore) {
    let world = World::open(db).await;
    let contract = contract(&world).await;
    let point = "handlers::stamp_signature::after_blob=return";
    let mut platform = Platform::start(&world.db, 1, point).await;
    let die = async {
        let status = in_time(platform.running.ended()).await.unwrap();
        assert!(was_killed(status), "{status}\n{}", platform.program.log_tail());
        let mut read = world.db.store.read().await.unwrap();
        let revisions = documents::revisions(&mut read, contract.document).await.unwrap();
        drop(read);
        let kinds: Vec<RevisionKind> = revisions.iter().map(|revision| revision.kind).collect();
        assert_eq!(kinds, [RevisionKind::Original, RevisionKind::Prepared]);
        let prepared = world.db.store.blobs().get(&revisions[1].sha256).await.unwrap();
        assert!(downloaded(&world, &contract).await == prepared);
        assert_eq!(kept(&world.db.config.blobs_dir).len(), 3, "the signed file was not kept yet");
        platform.running = platform.program.start("").unwrap();
    };
    tokio::join!(stamp_both(&world, &contract), die);
    let revisions = judge(&world, &contract, &platform.trust()).await;
    let names = revisions.iter().map(|revision| revision.sha256.as_str().to_owned()).collect();
    let left = kept(&world.db.config.blobs_dir);
    assert!(left.is_superset(&names) && left.len() == names.len() + 1);
    the_chore_deletes_what_was_left(&world, &names).await;
    platform.running.stop().await.unwrap();
}

/// What the dead program left is deleted after its time by the workers' chore: not at once, and in as many jobs as it takes.
async fn the_chore_deletes_what_was_left(world: &World, names: &BTreeSet<String>) {
    let folder = &world.db.config.blobs_dir;
    let others = (0..220).map(|n| BlobHash::of(format!("other {n}").as_bytes()).as_str().to_owned());
    for (n, name) in others.enumerate() {
        let place = folder.join(&name[..2]).join(&name[2..4]);
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join(name), format!("other {n}")).unwrap();
    }
    let before = kept(folder).len();
    sweep(world, "fresh", 1).await;
    assert_eq!(kept(folder).len(), before, "what is fresh was taken");
    world.db.age_blobs().unwrap();
    sweep(world, "old", 2).await;
    assert_eq!(kept(&folder.join("aside")).len(), before - names.len());
    world.db.age_blobs().unwrap();
    sweep(world, "aside", 2).await;
    assert_eq!(kept(folder), *names);
}

/// As the schedule does; the jobs that follow from the first are done too.
async fn sweep(world: &World, name: &str, jobs: usize) {
    let store = &world.db.store;
    let mut job = insert(store, Kind::SweepBlobs, &format!("sweep/{name}"), json!({})).await;
    for n in 1..=jobs {
        wait_for_state(store, job, State::Done).await;
        let key = format!("sweep_blobs/after/{job}");
        match all(store).await.into_iter().find(|next| next.key == key) {
            Some(next) if n < jobs => job = next.id,
            next => assert!(next.is_none() && n == jobs, "{n} jobs of {jobs}: {next:?}"),
        }
    }
}

on_both!(
    a_file_that_was_kept_by_a_dead_program_is_never_seen,
    two_signers_at_once_are_stamped_one_after_the_other,
    two_signers_who_meet_give_two_revisions_in_a_row,
);
