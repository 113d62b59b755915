//! Uploads: what is no good PDF is refused, each with its own reason, and nothing of it is kept.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::FutureExt as _;
use reqwest::{Body, Method, header};
use sealflow_pdf::convert::word::{self, Word};
use sealflow_tests::{db::TestStore, fixtures, on_both};
use serde_json::json;

use super::{
    World,
    world::{SENDER, contract_pdf, id},
};

const CHUNK: usize = 64 * 1024;
const DOCUMENTS: &str = "select count(*) from documents";

/// An empty draft's path for uploads.
async fn documents(world: &World) -> String {
    let sender = world.as_person(SENDER).await;
    let draft = sender.post("/api/contracts", &world.input().await).await.expect(201);
    format!("/api/contracts/{}/documents", id(&draft))
}

async fn a_pdf_is_taken_with_its_pages(db: TestStore) {
    let world = World::open(db).await;
    let path = documents(&world).await;
    let sender = world.as_person(SENDER).await;
    let document = sender.upload(&path, "../示例 合同.PDF", contract_pdf()).await.expect(201);
    assert_eq!(document["name"], "示例 合同.pdf");
    assert_eq!(document["page_count"], 11);
    assert_eq!(document["revision"], 0);
    assert_eq!(document["size_bytes"], contract_pdf().len());
    assert_eq!(document["repaired"], false);
}

/// The contract without its end, as a mailer leaves it: everything is there but the cross-reference.
fn without_end() -> Vec<u8> {
    let mut bytes = contract_pdf();
    let end = bytes.windows(9).rposition(|window| window == b"startxref").unwrap();
    bytes.truncate(end);
    bytes
}

async fn a_damaged_file_is_repaired_and_its_sender_told(db: TestStore) {
    let world = World::open(db).await;
    let path = documents(&world).await;
    let sender = world.as_person(SENDER).await;
    let document = sender.upload(&path, "示例.pdf", without_end()).await.expect(201);
    assert_eq!(document["repaired"], true);
    assert_eq!(document["page_count"], 11);
    // It is said wherever the draft is shown, and what is kept can be read without another repair.
    let draft = sender.get(path.trim_end_matches("/documents")).await.expect(200);
    assert_eq!(draft["documents"][0], document);
    let file = sender.get(&format!("{path}/{}/file", id(&document))).await;
    assert_eq!(file.status, 200);
    assert_eq!(sealflow_pdf::inspect(&file.bytes).unwrap().page_count, 11);
    let again = sender.upload(&path, "示例.pdf", file.bytes).await.expect(201);
    assert_eq!(again["repaired"], false);
}

/// Everybody opens such a file, and only a second signature would break on it.
async fn a_file_with_an_unreadable_object_in_use_is_repaired(db: TestStore) {
    let world = World::open(db).await;
    let path = documents(&world).await;
    let sender = world.as_person(SENDER).await;
    let broken = |name: &[u8]| {
        let mut bytes = contract_pdf();
        let named = bytes.windows(name.len()).position(|window| window == name).unwrap();
        let head = bytes[..named].windows(4).rposition(|window| window == b" obj").unwrap();
        bytes[head..head + 4].copy_from_slice(b" abj");
        bytes
    };
    let document = sender.upload(&path, "示例.pdf", broken(b"/FontDescriptor")).await.expect(201);
    assert_eq!((&document["repaired"], &document["page_count"]), (&json!(true), &json!(11)));
    let file = sender.get(&format!("{path}/{}/file", id(&document))).await;
    assert!(file.bytes.windows(15).any(|window| window == b" 0 obj\nnull\nend"));
    let again = sender.upload(&path, "示例.pdf", file.bytes).await.expect(201);
    assert_eq!(again["repaired"], false);
    // A page cannot be made up.
    sender.upload(&path, "示例.pdf", broken(b"/Type/Pages")).await.refused(422, "file_damaged");
}

async fn a_signed_file_is_never_repaired(db: TestStore) {
    let world = World::open(db).await;
    let path = documents(&world).await;
    let sender = world.as_person(SENDER).await;
    let mut signed = without_end();
    signed.extend_from_slice(b"\n9999 0 obj\n<</Type/Sig/ByteRange[0 9 20 9]/Contents<00>>>\nendobj\n");
    sender.upload(&path, "示例.pdf", signed).await.refused(422, "file_signed_damaged");
    assert_eq!(world.count(DOCUMENTS).await, 0);
}

async fn bad_files_are_refused_each_with_its_reason(db: TestStore) {
    let world = World::open(db).await;
    let path = documents(&world).await;
    let sender = world.as_person(SENDER).await;
    let cases = [
        (fixtures::text_named_pdf(), "file_not_pdf"),
        (fixtures::empty(), "file_empty"),
        (fixtures::truncated().unwrap(), "file_damaged"),
        (fixtures::encrypted().unwrap(), "file_encrypted"),
    ];
    for (bytes, code) in cases {
        sender.upload(&path, "示例.pdf", bytes).await.refused(422, code);
    }
    let form = reqwest::multipart::Form::new().text("other", "x");
    sender.send(sender.request(Method::POST, &path).multipart(form)).await.refused(422, "file_missing");
    sender.post(&path, &json!({})).await.refused(415, "unsupported_media_type");
    assert_eq!(world.count(DOCUMENTS).await, 0);
}

/// A form whose file has `size` bytes, made as it is sent; counts the chunks of 64 KiB that were asked for.
fn endless(size: usize, taken: &Arc<AtomicUsize>) -> (String, Body) {
    let boundary = "sealflow-boundary";
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\
         Content-Type: application/pdf\r\n\r\n"
    );
    let counter = taken.clone();
    let chunks = std::iter::once(Bytes::from(head)).chain((0..size / CHUNK).map(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        Bytes::from(vec![b'x'; CHUNK])
    }));
    let body = Body::wrap_stream(futures::stream::iter(chunks.map(Ok::<_, std::convert::Infallible>)));
    (format!("multipart/form-data; boundary={boundary}"), body)
}

async fn a_large_file_is_refused_before_it_is_read(db: TestStore) {
    const OFFERED: usize = 200 << 20;
    let world = World::open_with(db, |config| config.upload_bytes_max = 1 << 20).await;
    let path = documents(&world).await;
    let sender = world.as_person(SENDER).await;
    let large = vec![b'x'; (1 << 20) + 1];
    sender.upload(&path, "示例.pdf", large).await.refused(413, "file_too_large");

    // 200 MB are offered, with their length and without, and few of them are taken.
    for announced in [true, false] {
        let taken = Arc::new(AtomicUsize::new(0));
        let (kind, body) = endless(OFFERED, &taken);
        let request = sender.request(Method::POST, &path).header(header::CONTENT_TYPE, kind);
        let request = if announced { request.header(header::CONTENT_LENGTH, OFFERED) } else { request };
        sender.send(request.body(body)).await.refused(413, "file_too_large");
        let taken = taken.load(Ordering::Relaxed) * CHUNK;
        assert!(taken < OFFERED / 2, "announced: {announced}, {taken} bytes were taken");
    }
    assert_eq!(world.count(DOCUMENTS).await, 0);
}

async fn a_repeated_upload_is_one_document(db: TestStore) {
    let world = World::open(db).await;
    let path = documents(&world).await;
    let sender = world.as_person(SENDER).await;
    let upload = async |key: &str| {
        let part = reqwest::multipart::Part::bytes(contract_pdf()).file_name("示例.pdf");
        let form = reqwest::multipart::Form::new().part("file", part);
        let request = sender.request(Method::POST, &path).header("idempotency-key", key).multipart(form);
        sender.send(request).await.expect(201)
    };
    let first = upload("u1").await;
    assert_eq!(first, upload("u1").await);
    assert_eq!(world.count(DOCUMENTS).await, 1);
    assert_ne!(id(&first), id(&upload("u2").await));
    assert_eq!(world.count(DOCUMENTS).await, 2);
}

async fn a_contract_has_so_many_documents(db: TestStore) {
    let world = World::open_with(db, |config| config.documents_max = 1).await;
    let path = documents(&world).await;
    let sender = world.as_person(SENDER).await;
    sender.upload(&path, "1.pdf", contract_pdf()).await.expect(201);
    sender.upload(&path, "2.pdf", contract_pdf()).await.refused(422, "too_many_documents");
    assert_eq!(world.count(DOCUMENTS).await, 1);
}

async fn word_files_and_pictures_become_pdf_files(db: TestStore) {
    let world = World::open(db).await;
    let path = documents(&world).await;
    let sender = world.as_person(SENDER).await;
    let document = sender.upload(&path, "示例合同.DOCX", fixtures::word()).await.expect(201);
    assert_eq!(document["name"], "示例合同.pdf");
    assert_eq!((&document["page_count"], &document["source"]), (&json!(2), &json!("word")));
    let part = |bytes: Vec<u8>, name: &str| reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
    let form = |parts: [Vec<u8>; 2]| {
        let [first, second] = parts;
        let form = reqwest::multipart::Form::new().part("file", part(first, "第1页.png"));
        sender.request(Method::POST, &path).multipart(form.part("file", part(second, "第2页.png")))
    };
    let document = sender.send(form([fixtures::picture(), fixtures::picture()])).await.expect(201);
    assert_eq!(document["name"], "第1页.pdf");
    assert_eq!((&document["page_count"], &document["source"]), (&json!(2), &json!("pictures")));
    let document = sender.upload(&path, "示例.pdf", contract_pdf()).await.expect(201);
    assert_eq!(document["source"], "pdf");
    assert_eq!(world.count(DOCUMENTS).await, 3);

    // Only pictures are joined, and a broken one is refused.
    sender.send(form([fixtures::picture(), contract_pdf()])).await.refused(422, "files_mixed");
    let broken = fixtures::picture()[..40].to_vec();
    sender.upload(&path, "示例.png", broken).await.refused(422, "file_picture_unusable");
    let archive = b"PK\x03\x04 and nothing of a Word file".to_vec();
    let old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and what follows".to_vec();
    for (bytes, name, code) in [
        (broken_word(), "示例.docx", "file_word_unusable"),
        (broken_word(), "示例.bin", "file_word_unusable"),
        (archive.clone(), "示例.DOCX", "file_word_unusable"),
        (archive, "示例.zip", "file_not_pdf"),
        (old.clone(), "示例.docx", "file_word_old"),
        (old, "示例.doc", "file_word_old"),
    ] {
        sender.upload(&path, name, bytes).await.refused(422, code);
    }
    assert_eq!(world.count(DOCUMENTS).await, 3);
}

/// A Word file without its end, where an archive's list is.
fn broken_word() -> Vec<u8> {
    let whole = fixtures::word();
    whole[..whole.len() / 4 * 3].to_vec()
}

async fn who_waits_too_long_for_the_converter_is_told(db: TestStore) {
    let word = Word::find(word::Limits { at_once: 1, ..word::Limits::default() });
    let world = World::open_with_word(db, word.clone().patient_for(Duration::from_millis(1))).await;
    let path = documents(&world).await;
    let sender = world.as_person(SENDER).await;
    let file = fixtures::word();
    // Somebody's file is being converted.
    let mut other = Box::pin(word.to_pdf(&file));
    assert!((&mut other).now_or_never().is_none());
    let refused = sender.upload(&path, "示例合同.docx", fixtures::word()).await;
    assert_eq!(refused.headers["retry-after"], "10");
    refused.refused(503, "word_busy");
    assert_eq!(world.count(DOCUMENTS).await, 0);
    // Other kinds of files need no converter.
    sender.upload(&path, "示例.png", fixtures::picture()).await.expect(201);
    drop(other);
    sender.upload(&path, "示例合同.docx", fixtures::word()).await.expect(201);
}

async fn without_a_converter_word_files_are_refused_with_advice(db: TestStore) {
    let world = World::open_with(db, |config| config.convert_word = false).await;
    let path = documents(&world).await;
    let sender = world.as_person(SENDER).await;
    sender.upload(&path, "示例合同.docx", fixtures::word()).await.refused(422, "word_unavailable");
    assert_eq!(world.count(DOCUMENTS).await, 0);
    sender.upload(&path, "示例.png", fixtures::picture()).await.expect(201);
}

on_both!(
    word_files_and_pictures_become_pdf_files,
    without_a_converter_word_files_are_refused_with_advice,
    who_waits_too_long_for_the_converter_is_told,
    a_pdf_is_taken_with_its_pages,
    a_damaged_file_is_repaired_and_its_sender_told,
    a_file_with_an_unreadable_object_in_use_is_repaired,
    a_signed_file_is_never_repaired,
    bad_files_are_refused_each_with_its_reason,
    a_large_file_is_refused_before_it_is_read,
    a_repeated_upload_is_one_document,
    a_contract_has_so_many_documents,
);
