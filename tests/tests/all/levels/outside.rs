//! `sealflow pdf begin` and `sealflow pdf finish`: the key is with somebody else, here with `openssl`.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use openssl::{
    pkey::{PKey, Private},
    x509::X509,
};
use sealflow_pdf::{sign::PendingSignature, sign_with_openssl_key, signed_attributes};
use serde_json::{Value, json};

use super::{
    command_line::lasting,
    desk::{Desk, p256},
};

const BEGIN: &str = "sealflow pdf begin in.pdf --cert cert.pem --state state.json --to-sign bytes";
const SIGN: &str = "openssl dgst -sha256 -sign key.pem -out signature bytes";
const FINISH: &str = "sealflow pdf finish in.pdf --state state.json --signature signature --out out.pdf";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_elsewhere_signs_and_what_does_not_belong_together_is_refused() -> Result<()> {
    let desk = Desk::open(&p256()?).await?;
    desk.good(BEGIN)?;
    ensure!(!desk.at("out.pdf").exists() && desk.at("state.json").exists(), "the wrong files");
    desk.good(SIGN)?;

    // Another file, another signature, another state.
    let original = std::fs::read(desk.at("in.pdf"))?;
    std::fs::write(desk.at("in.pdf"), [original.as_slice(), b"\n"].concat())?;
    desk.refused(FINISH, "begun on another file")?;
    std::fs::write(desk.at("in.pdf"), &original)?;
    std::fs::write(desk.at("key2.pem"), p256()?.private_key_to_pem_pkcs8()?)?;
    desk.good(&SIGN.replace("key.pem", "key2.pem").replace("-out signature", "-out signature2"))?;
    let wrong = FINISH.replace("--signature signature", "--signature signature2");
    desk.refused(&wrong, "not of this file with this certificate's key")?;
    let state = std::fs::read_to_string(desk.at("state.json"))?;
    std::fs::write(desk.at("state2.json"), state.replacen("\"hole_start\": ", "\"hole_start\": 1", 1))?;
    desk.refused(&FINISH.replace("state.json", "state2.json"), "the kept signature was changed")?;
    std::fs::write(desk.at("state2.json"), "{}")?;
    desk.refused(&FINISH.replace("state.json", "state2.json"), "is no begun signature")?;

    // Without its issuer's certificate the signature leads nowhere, and no timestamp makes it a B-T.
    let finish = format!("{FINISH} --level b-t {}", desk.authorities());
    desk.refused(&finish, "the signature would not have level B-T")?;
    desk.good(&BEGIN.replace("cert.pem", "cert.pem --chain chain.pem"))?;
    desk.good(SIGN)?;
    desk.good(&finish)?;
    let (_, report) = desk.validate("out.pdf", "")?;
    ensure!(report["signer"] == "示例签署人" && report["covers_whole_file"] == true, "{report}");
    ensure!(std::fs::read(desk.at("out.pdf"))?.starts_with(&original), "bytes were moved");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_ran_out_since_the_beginning_finishes_nothing() -> Result<()> {
    let key = p256()?;
    let desk = Desk::open(&key).await?;
    desk.good(BEGIN)?;
    for (from_days, until_days, words) in
        [(-20, -10, Some("the certificate has expired")), (10, 20, Some("not yet valid")), (-1, 1, None)]
    {
        // As it was begun with this certificate, and signed by its key.
        with_certificate(&desk.at(""), &key, &lasting(&key, from_days, until_days)?)?;
        match words {
            Some(words) => desk.refused(FINISH, words)?,
            None => desk.good(FINISH).map(drop)?,
        }
    }
    Ok(())
}

/// Puts another certificate into the begun signature, and has its key sign.
fn with_certificate(folder: &Path, key: &PKey<Private>, certificate: &X509) -> Result<()> {
    let state = folder.join("state.json");
    let mut kept: Value = serde_json::from_slice(&std::fs::read(&state)?)?;
    let der = certificate.to_der()?;
    *kept.get_mut("chain").context("the state has no chain")? = json!([hex::encode(&der)]);
    std::fs::write(&state, serde_json::to_vec(&kept)?)?;
    let pending: PendingSignature = serde_json::from_value(kept["pending"].take())?;
    let begun = pending.resume(&std::fs::read(folder.join("in.pdf"))?)?;
    let signature = sign_with_openssl_key(key, &signed_attributes(&begun.digest, &der)?)?;
    Ok(std::fs::write(folder.join("signature"), signature)?)
}
