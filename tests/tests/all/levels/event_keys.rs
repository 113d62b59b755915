//! Contracts whose signers' keys are of other kinds than the usual one, or are made in a token.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sealflow_pdf::{
    Trust,
    sign::{DigestAlgorithm, certificates, digest_for},
};
use sealflow_tests::{judges, scene::Scene};
use serde_json::Value;

use super::{
    contract::{archived_at_once, wait_for_archived, wait_for_log},
    soft_token::SoftToken,
};

/// Longest wait for something that comes.
const PATIENCE: Duration = Duration::from_secs(60);

async fn scene(settings: &[(impl AsRef<str>, impl AsRef<str>)]) -> Result<Scene> {
    let mut scene = Scene::open(env!("CARGO_BIN_EXE_sealflow_under_test"), None).await?;
    scene.program.settings.extend(archived_at_once());
    let settings = settings.iter().map(|(name, value)| (name.as_ref().to_owned(), value.as_ref().to_owned()));
    scene.program.settings.extend(settings);
    Ok(scene)
}

/// The archived file of a contract that was signed.
async fn archived(scene: &Scene, signed: &[u8]) -> Result<Vec<u8>> {
    let trust = Trust { roots_der: vec![scene.root_der()?, scene.sm2_root_der()?], ..Trust::default() };
    let documents = scene.program.data_dir.join("documents");
    wait_for_archived(&documents, signed, &trust).await.with_context(|| scene.program.log_tail())
}

/// The program's own validation passes both signatures for long, with a fresh word on the signer's, the timestamp's and their
/// issuers' certificates.
async fn validation_passes(scene: &Scene, file: &[u8]) -> Result<()> {
    let report = scene.validated(file.to_vec()).await?;
    let signatures = report["signatures"].as_array().context("no signatures")?;
    let of_people = || signatures.iter().filter(|one| one["is_document_timestamp"] == false);
    let is_good = |one: &Value| {
        let words = one["revocation"].as_array();
        one["verdict"] == "TOTAL-PASSED"
            && one["level"] == "B-LTA"
            && words.is_some_and(|words| {
                words.len() == 4 && words.iter().all(|word| word["status"] == "good" && word["fresh"] == true)
            })
    };
    ensure!(report["passed"] == true && of_people().count() == 2, "{report:#}");
    ensure!(of_people().all(is_good), "{report:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_is_signed_with_sm2_and_archived() -> Result<()> {
    let scene = scene(&[("SEALFLOW_SIGNATURES__KEY_ALGORITHM", "sm2")]).await?;
    let mut running = scene.program.start("")?;
    let finished = scene.journey()?.drive().await.with_context(|| scene.program.log_tail())?;
    let archived = archived(&scene, &finished.signed).await?;
    validation_passes(&scene, &archived).await?;
    running.stop().await?;

    // Both signers' certificates and their issuing authority's have SM2 keys; the timestamps' have not.
    let all = certificates(&finished.signed)?;
    let with_sm3 =
        all.iter().filter(|der| digest_for(der).is_ok_and(|it| it == DigestAlgorithm::Sm3)).count();
    ensure!(with_sm3 >= 3 && all.len() > with_sm3, "{with_sm3} of {} certificates are SM2's", all.len());
    Ok(())
}

/// The file passes with all who judge it.
async fn all_judges_accept(scene: &Scene, archived: &[u8]) -> Result<()> {
    validation_passes(scene, archived).await?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("archived.pdf");
    std::fs::write(&path, archived)?;
    judges::pdfsig_accepts(&path, scene.root_file(), 2)?;
    judges::pyhanko_accepts_for_long(&path, scene.root_file(), 2)?;
    judges::pyhanko_accepts_alone(&path, scene.root_file(), 2, true)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_is_signed_with_keys_made_in_a_token() -> Result<()> {
    let token = SoftToken::make()?;
    let scene = scene(&token.settings("p256", &token.pin_file())).await?;
    let mut running = scene.program.start("")?;
    let finished = scene.journey()?.drive().await.with_context(|| scene.program.log_tail())?;
    let archived = archived(&scene, &finished.signed).await?;
    all_judges_accept(&scene, &archived).await?;
    running.stop().await?;
    ensure!(token.objects()?.is_empty(), "left in the token: {}", token.objects()?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_waits_for_the_token_and_goes_on_when_it_is_back() -> Result<()> {
    let token = SoftToken::make()?;
    let scene = scene(&token.settings("rsa_2048", &token.pin_file())).await?;
    let mut running = scene.program.start("")?;
    scene.until_ready(&scene.program.url).await.with_context(|| scene.program.log_tail())?;
    token.take_away()?;
    let journey = tokio::spawn(scene.journey()?.drive());
    wait_for_log(&scene, "waits for the token of the signing keys: there is no such token").await?;
    // People are told, too.
    scene.sent_contract(|contract| contract["waiting_for"] == "signing_key").await?;
    token.bring_back()?;
    let finished = journey.await?.with_context(|| scene.program.log_tail())?;
    let archived = archived(&scene, &finished.signed).await?;
    all_judges_accept(&scene, &archived).await?;
    running.stop().await?;
    ensure!(token.objects()?.is_empty(), "left in the token: {}", token.objects()?);
    Ok(())
}

/// Starts a part of the program that must not come up, and what it says.
async fn refused(scene: &Scene, part: &str, settings: &[(&str, &str)]) -> Result<String> {
    let mut running = scene.program.start_part(&[part], settings)?;
    let status = tokio::time::timeout(PATIENCE, running.ended()).await.context("it came up")??;
    ensure!(!status.success(), "{part} ended well");
    Ok(scene.program.log_tail())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_sign_does_not_start() -> Result<()> {
    let token = SoftToken::make()?;
    let scene = scene(&token.settings("sm2", &token.pin_file())).await?;
    for part in ["serve", "work"] {
        let said = refused(&scene, part, &[]).await?;
        ensure!(said.contains("PKCS#11 has no mechanism") && said.contains("rsa_3072"), "{part}: {said}");
    }
    let p256 = ("SEALFLOW_SIGNATURES__KEY_ALGORITHM", "p256");
    let store = "SEALFLOW_SIGNATURES__KEY_STORE";
    for (uri, words) in [
        (token.uri(&token.file("wrong-pin", "314159")?), "refuses the PIN; it was tried once"),
        (token.uri(&token.file("no-pin", "")?), "the PIN cannot be read"),
        (token.uri(&token.pin_file()).replace("token=events", "token=others"), "there is no such token"),
        (token.uri(&token.pin_file()).replace("libsofthsm2.so", "none.so"), "none.so cannot be used"),
        (token.uri(&token.pin_file()).replace('?', ";object=one?"), "must name no object"),
        ("hardware".to_owned(), "`software` or a token's address"),
    ] {
        let said = refused(&scene, "work", &[p256, (store, &uri)]).await?;
        ensure!(said.contains(words), "{uri}: {said}");
        ensure!(!said.contains("314159"), "the PIN is told");
    }
    Ok(())
}
