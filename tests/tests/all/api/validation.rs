//! Validating any PDF over the API: what passes, what does not, and that nothing is kept.

use std::os::unix::fs::PermissionsExt as _;

use reqwest::{
    Method, header,
    multipart::{Form, Part},
};
use sealflow_pdf::{
    Trust,
    cli::{SignFile, begin_file},
    confined::{Confined, Limits},
    finish,
    sign::{DigestAlgorithm, GrowingFile},
    sign_with_openssl_key, signed_attributes,
};
use sealflow_tests::{db::TestStore, fixtures, on_both};
use serde_json::json;

use super::{
    Browser, World,
    world::{SENDER, contract_pdf, id},
};
use crate::cli::{certificate, p256};

/// A signed file, and its signer's certificate.
fn signed() -> (Vec<u8>, Vec<u8>) {
    let key = p256().unwrap();
    let chain = vec![certificate(&key, "示例签署人").unwrap().to_der().unwrap()];
    let pdf = GrowingFile::new(contract_pdf(), DigestAlgorithm::Sha256).unwrap();
    let request = SignFile {
        chain_der: &chain,
        place: None,
        seal_text: None,
        field: None,
        appearances: Vec::new(),
        signed_at_ms: 1_768_464_000_000,
        timestamped: false,
    };
    let begun = begin_file(pdf, &request).unwrap();
    let signature =
        sign_with_openssl_key(&key, &signed_attributes(&begun.digest, &chain[0]).unwrap()).unwrap();
    let file = finish(begun, &signature, &chain, None).unwrap();
    (file, chain[0].clone())
}

async fn a_files_signatures_are_told_in_plain_words(db: TestStore) {
    let (file, root) = signed();
    let world = World::open_with(db, |config| {
        config.trust = Trust { roots_der: vec![root], ..Trust::default() };
    })
    .await;
    let person = world.as_person(SENDER).await;
    let good = person.upload("/api/validation", "合同.pdf", file.clone()).await.expect(200);
    assert_eq!(good["passed"], true, "{good}");
    let one = &good["signatures"][0];
    assert_eq!((&one["verdict"], &one["signer"]), (&json!("TOTAL-PASSED"), &json!("示例签署人")), "{one}");
    assert!(one["words"].as_str().unwrap().contains("示例签署人的签名有效"), "{one}");
    assert_eq!(one["covers_whole_file"], true);
    let form = Form::new().part("file", Part::bytes(file.clone()).file_name("合同.pdf"));
    let asked = person.request(Method::POST, "/api/validation").header(header::ACCEPT_LANGUAGE, "en");
    let english = person.send(asked.multipart(form)).await.expect(200);
    let words = english["signatures"][0]["words"].as_str().unwrap();
    assert!(
        words.starts_with("The signature of 示例签署人 is valid: the file was not changed since."),
        "{words}"
    );

    let mut changed = file.clone();
    changed[contract_pdf().len() / 2] ^= 1;
    let bad = person.upload("/api/validation", "合同.pdf", changed).await.expect(200);
    assert_eq!(bad["passed"], false, "{bad}");
    assert_eq!(bad["signatures"][0]["verdict"], "TOTAL-FAILED", "{bad}");
    assert!(bad["signatures"][0]["words"].as_str().unwrap().contains("无效"), "{bad}");

    let none = person.upload("/api/validation", "合同.pdf", contract_pdf()).await.expect(200);
    assert_eq!((&none["passed"], &none["signatures"]), (&json!(false), &json!([])));
    assert_eq!(world.count("select count(*) from documents").await, 0);
}

async fn an_issuer_that_is_not_trusted_is_no_verdict(db: TestStore) {
    let (file, _) = signed();
    let world = World::open(db).await;
    let person = world.as_person(SENDER).await;
    let told = person.upload("/api/validation", "a.pdf", file.clone()).await.expect(200);
    let one = &told["signatures"][0];
    assert_eq!(one["verdict"], "INDETERMINATE", "{one}");
    assert_eq!(one["sub_indication"], "NO_CERTIFICATE_CHAIN_FOUND", "{one}");
    // Nobody who is not signed in, and no other files.
    world.browser().upload("/api/validation", "a.pdf", file).await.refused(401, "not_signed_in");
    person.upload("/api/validation", "a.pdf", fixtures::text_named_pdf()).await.refused(422, "file_not_pdf");
    person.upload("/api/validation", "a.pdf", fixtures::empty()).await.refused(422, "file_empty");
}

/// Children that take any file and never answer.
fn hanging(folder: &tempfile::TempDir) -> Confined {
    let path = folder.path().join("child");
    std::fs::write(&path, "#!/bin/sh\nexec sleep 600\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    Confined::new(path, Limits::default())
}

async fn many_files_of_one_person_at_once_are_refused(db: TestStore) {
    let folder = tempfile::TempDir::new().unwrap();
    let store = db.store.clone();
    let world = World::open_confined(db, store, hanging(&folder), |_| {}).await;
    let person = world.as_person(SENDER).await;
    let draft = person.post("/api/contracts", &world.input().await).await.expect(201);
    let documents = format!("/api/contracts/{}/documents", id(&draft));
    let mut sending = tokio::task::JoinSet::new();
    // Two are opened, six wait; whichever came last is told at once. It does not matter what they are sent for.
    for number in 0..9 {
        let person = Browser { http: person.http.clone(), url: person.url.clone() };
        let path = if number % 2 == 0 { "/api/validation".to_owned() } else { documents.clone() };
        sending.spawn(async move { person.upload(&path, "a.pdf", contract_pdf()).await });
    }
    let first = sending.join_next().await.unwrap().unwrap();
    assert!(first.headers.contains_key("retry-after"), "{:?}", first.headers);
    first.refused(429, "files_at_once");
    sending.abort_all();
}

on_both!(
    a_files_signatures_are_told_in_plain_words,
    an_issuer_that_is_not_trusted_is_no_verdict,
    many_files_of_one_person_at_once_are_refused,
);
