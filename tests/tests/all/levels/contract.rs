//! A contract waits for the timestamp authority, is signed when it is back, and is archived afterwards.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use sealflow_pdf::{Trust, validate, validate::Level};
use sealflow_store::Store;
use sealflow_tests::{judges, pg, scene::Scene};
use serde_json::{Value, json};

/// Longest wait for something that comes.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_waits_for_its_timestamp_and_is_archived_on_sqlite() -> Result<()> {
    a_contract_waits_for_its_timestamp_and_is_archived(None).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_waits_for_its_timestamp_and_is_archived_on_postgres() -> Result<()> {
    a_contract_waits_for_its_timestamp_and_is_archived(Some(pg::new_database().await?)).await
}

async fn a_contract_waits_for_its_timestamp_and_is_archived(database: Option<pg::Database>) -> Result<()> {
    let mut scene = Scene::open(env!("CARGO_BIN_EXE_sealflow_under_test"), database).await?;
    scene.program.settings.extend(archived_at_once());
    scene.put_fault(&json!({"service": "tsa", "fault": {"kind": "status", "code": 503}, "times": 1})).await?;
    let mut running = scene.program.start("")?;
    let finished = scene.journey()?.drive().await.with_context(|| scene.program.log_tail())?;
    let log = std::fs::read_to_string(scene.program.data_dir.join("program.log"))?;
    ensure!(log.contains("waits for the timestamp authority"), "nothing says why the job waited");

    let trust = Trust { roots_der: vec![scene.root_der()?], ..Trust::default() };
    let signed = validate(&finished.signed, &trust)?;
    // It may be archived already, and then has a document timestamp, too.
    let signatures: Vec<_> = signed.signatures.iter().filter(|one| !one.is_document_timestamp).collect();
    ensure!(signed.passed() && signatures.len() == 2, "{signed:#?}");
    ensure!(signatures.iter().all(|one| one.level >= Some(Level::BT)), "{signed:#?}");

    // The archived revision is kept beside the others by its content.
    let documents = scene.program.data_dir.join("documents");
    let archived = wait_for_archived(&documents, &finished.signed, &trust)
        .await
        .with_context(|| scene.program.log_tail())?;
    running.stop().await?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("archived.pdf");
    std::fs::write(&path, archived)?;
    judges::pdfsig_accepts(&path, scene.root_file(), 2)?;
    judges::pyhanko_accepts_for_long(&path, scene.root_file(), 2)?;
    judges::pyhanko_accepts_alone(&path, scene.root_file(), 2, true)?;
    judges::qpdf_accepts(&path)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_waits_for_its_certificates_and_for_what_issuers_say() -> Result<()> {
    let mut scene = Scene::open(env!("CARGO_BIN_EXE_sealflow_under_test"), None).await?;
    scene.program.settings.extend(archived_at_once());
    let status = |service: &str, code: u16, times: Option<u32>| json!({"service": service, "fault": {"kind": "status", "code": code}, "times": times});
    // A request that somebody has to approve first is waited for as well.
    scene.put_fault(&status("est", 202, None)).await?;
    // A page about maintenance, and an address where nothing is.
    scene.put_fault(&status("ocsp", 200, None)).await?;
    scene.put_fault(&status("crl", 404, None)).await?;
    let mut running = scene.program.start("")?;
    scene.until_ready(&scene.program.url).await.with_context(|| scene.program.log_tail())?;
    let journey = tokio::spawn(scene.journey()?.drive());
    wait_for_log(&scene, "waits for the certification authority: the CA has not decided yet").await?;
    // People are told, too.
    scene.sent_contract(|contract| contract["waiting_for"] == "certificate_authority").await?;
    scene.put_fault(&status("est", 500, Some(1))).await?;
    wait_for_log(&scene, "waits for the certification authority: the CA answers 500").await?;
    let finished = journey.await?.with_context(|| scene.program.log_tail())?;

    wait_for_log(&scene, "there is no word on the revocation").await?;
    scene.put_fault(&status("est_issuers", 502, Some(1))).await?;
    wait_for_log(&scene, "waits for the certification authority: the CA answers 502").await?;
    scene.put_fault(&status("ocsp", 200, Some(0))).await?;
    let trust = Trust { roots_der: vec![scene.root_der()?], ..Trust::default() };
    let documents = scene.program.data_dir.join("documents");
    wait_for_archived(&documents, &finished.signed, &trust)
        .await
        .with_context(|| scene.program.log_tail())?;
    running.stop().await
}

/// Its sender withdraws it while the authority has not decided: the job that rests is cancelled with what it kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_that_is_withdrawn_while_its_job_rests_keeps_no_key() -> Result<()> {
    let fault = json!({"kind": "status", "code": 202});
    withdrawn(&fault, |contract| contract["waiting_for"] == "certificate_authority").await
}

/// And while the authority is being asked: the job goes on, waits, and finds that nobody wants it any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_that_is_withdrawn_while_its_job_runs_keeps_no_key() -> Result<()> {
    withdrawn(&json!({"kind": "timeout_before_accept"}), |_| true).await
}

/// The contract is withdrawn when its job has kept a key and it is as wanted. Nobody is certified later.
async fn withdrawn(fault: &Value, is_wanted: impl Fn(&Value) -> bool) -> Result<()> {
    let mut scene = Scene::open(env!("CARGO_BIN_EXE_sealflow_under_test"), None).await?;
    scene.program.settings.push(("SEALFLOW_CA__LIMITS__TIMEOUT_MS".to_owned(), "3000".to_owned()));
    let order = |times: Option<u32>| json!({"service": "est", "fault": fault, "times": times});
    scene.put_fault(&order(None)).await?;
    let mut running = scene.program.start("")?;
    scene.until_ready(&scene.program.url).await.with_context(|| scene.program.log_tail())?;
    let journey = tokio::spawn(scene.journey()?.drive());
    let store = Store::open(&sealflow_store::Config {
        database_url: format!("sqlite://{}", scene.program.data_dir.join("sealflow.db").display()),
        blobs_dir: scene.program.data_dir.join("documents"),
    })
    .await?;
    wait_kept(&store, 1).await.with_context(|| scene.program.log_tail())?;
    let contract = scene.sent_contract(is_wanted).await?;
    scene.withdraw(&contract).await?;
    scene.put_fault(&order(Some(0))).await?;
    scene.until_quiet().await?;
    wait_kept(&store, 0).await.context("the key is still there")?;
    journey.abort();
    let url = scene.control()?.join("/api/certificates")?;
    let certificates: Value = reqwest::get(url).await?.json().await?;
    ensure!(certificates.as_array().is_some_and(Vec::is_empty), "{certificates}");
    running.stop().await
}

/// So many jobs keep something.
async fn wait_kept(store: &Store, wanted: i64) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let count = sqlx::query_scalar("select count(*) from jobs where kept is not null");
        let count: i64 = count.fetch_one(&mut *store.read().await?).await?;
        if count == wanted {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "not {wanted} jobs keep something");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Settings by which a contract is archived as soon as it is complete.
pub(super) fn archived_at_once() -> [(String, String); 2] {
    [("SIGNATURES__RAISE_AFTER_S", "0"), ("JOBS__SCHEDULES__RAISE_DOCUMENTS__CRON", "* * * * * *")]
        .map(|(name, value)| (format!("SEALFLOW_{name}"), value.to_owned()))
}

/// The program has said these words.
pub(super) async fn wait_for_log(scene: &Scene, words: &str) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !scene.program.log().contains(words) {
        ensure!(Instant::now() < deadline, "{}", scene.program.log_tail());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

pub(super) async fn wait_for_archived(
    folder: &std::path::Path,
    signed: &[u8],
    trust: &Trust,
) -> Result<Vec<u8>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = archived(folder, signed, trust)? {
            return Ok(found);
        }
        if Instant::now() > deadline {
            bail!("the contract was not archived");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The signed file or one that goes on from it, when there is one of level B-LTA.
fn archived(folder: &std::path::Path, signed: &[u8], trust: &Trust) -> Result<Option<Vec<u8>>> {
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                std::fs::read_dir(&path)?
                    .map(|entry| entry.map(|entry| entry.path()))
                    .collect::<std::io::Result<Vec<_>>>()?,
            );
            continue;
        }
        let bytes = std::fs::read(&path)?;
        let more = bytes.starts_with(signed);
        if more && let Ok(report) = validate(&bytes, trust) {
            let levels = report.signatures.iter().filter(|one| !one.is_document_timestamp);
            if report.passed()
                && levels.clone().count() == 2
                && levels.clone().all(|one| one.level == Some(Level::BLta))
            {
                return Ok(Some(bytes));
            }
        }
    }
    Ok(None)
}
