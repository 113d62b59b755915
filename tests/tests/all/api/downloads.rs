//! Fetching files: in pieces, as the client takes them; never a damaged one, never for the wrong person, and not twice.

use std::path::PathBuf;

use bytes::Bytes;
use futures::{StreamExt as _, stream::FuturesUnordered};
use reqwest::{Method, Response, header};
use sealflow_store::{
    blobs::BlobHash,
    documents::{self, NewRevision, RevisionKind},
};
use sealflow_tests::{db::TestStore, on_both};

use super::{
    Browser, Reply, World,
    world::{SENDER, STRANGER, contract_pdf, id},
};

/// Much more than the buffers between a server and a client that does not read.
const LARGE: usize = 24 << 20;
/// So many files of one person are on their way at a time, and so many wait.
const AT_ONCE: usize = 8;
const WAITING: usize = 12;

/// A contract's file: its path, and its two revisions.
struct File {
    path: String,
    small: BlobHash,
    large: BlobHash,
}

/// The second revision is large.
async fn file(world: &World) -> File {
    let draft = world.draft().await;
    let document = id(&draft["documents"][0]);
    let mut tx = world.tx().await;
    let now_ms = tx.now().as_ms();
    let bytes: Bytes = (0..LARGE).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let large = tx.store().blobs().put(bytes).await.unwrap();
    let newest = documents::get(tx.conn(), document.parse().unwrap()).await.unwrap().unwrap().newest;
    let revision = NewRevision {
        document_id: document.parse().unwrap(),
        n: 1,
        kind: RevisionKind::Prepared,
        sha256: large.clone(),
        size_bytes: i64::try_from(LARGE).unwrap(),
        recipient_id: None,
    };
    documents::append(tx.conn(), &revision, now_ms).await.unwrap();
    tx.commit().await.unwrap();
    let path = format!("/api/contracts/{}/documents/{document}/file", id(&draft));
    File { path, small: newest.sha256, large }
}

/// Where a blob is on the disk.
fn place(world: &World, hash: &BlobHash) -> PathBuf {
    let name = hash.as_str();
    world.db.config.blobs_dir.join(&name[..2]).join(&name[2..4]).join(name)
}

/// The answer's head; nothing of the body was read.
async fn begun(browser: &Browser, path: &str) -> Response {
    let answer = browser.request(Method::GET, path).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer
}

async fn with(browser: &Browser, path: &str, headers: &[(header::HeaderName, &str)]) -> Reply {
    let mut request = browser.request(Method::GET, path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    browser.send(request).await
}

fn text<'a>(reply: &'a Reply, name: &str) -> &'a str {
    reply.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// The file is taken away while the client takes his time, and the rest of it never comes: so the server did not have it.
async fn a_file_is_read_as_the_client_takes_it(db: TestStore) {
    let world = World::open(db).await;
    let file = file(&world).await;
    let sender = world.as_person(SENDER).await;
    let whole = sender.get(&file.path).await;
    assert!(whole.bytes.len() == LARGE && BlobHash::of(&whole.bytes) == file.large);

    let mut answer = begun(&sender, &file.path).await;
    assert_eq!(answer.content_length(), Some(LARGE as u64));
    let mut received = answer.chunk().await.unwrap().unwrap().len();
    std::fs::remove_file(place(&world, &file.large)).unwrap();
    let broken_off = loop {
        match answer.chunk().await {
            Ok(Some(chunk)) => received += chunk.len(),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broken_off && received < LARGE, "{received} bytes came");
}

async fn who_goes_away_makes_room_for_who_waits(db: TestStore) {
    let world = World::open(db).await;
    let file = file(&world).await;
    let sender = world.as_person(SENDER).await;
    let mut slow = Vec::new();
    for _ in 0..AT_ONCE {
        slow.push(begun(&sender, &file.path).await);
    }
    let small = format!("{}?revision=0", file.path);
    let mut others: FuturesUnordered<_> = (0..=WAITING).map(|_| sender.get(&small)).collect();
    // All but one wait, and that one is told at once.
    others.next().await.unwrap().refused(429, "files_at_once");
    // Who has what he asks for, and everybody else, is not held up.
    let known = format!("\"{}\"", file.small);
    assert_eq!(with(&sender, &small, &[(header::IF_NONE_MATCH, &known)]).await.status, 304);
    drop(slow.pop());
    while let Some(answer) = others.next().await {
        assert_eq!((answer.status.as_u16(), answer.bytes), (200, contract_pdf()));
    }
    assert_eq!(slow.len(), AT_ONCE - 1);
}

async fn nothing_is_shown_of_a_damaged_file(db: TestStore) {
    let world = World::open(db).await;
    let file = file(&world).await;
    let sender = world.as_person(SENDER).await;
    let place = place(&world, &file.large);
    let sound = std::fs::read(&place).unwrap();
    let mut damaged = sound.clone();
    damaged[LARGE - 1] ^= 1;
    for bytes in [&damaged[..], &sound[..LARGE - 1], b""] {
        std::fs::write(&place, bytes).unwrap();
        sender.get(&file.path).await.refused(500, "internal");
        let first = with(&sender, &file.path, &[(header::RANGE, "bytes=0-9")]).await;
        first.refused(500, "internal");
    }
    let download = format!("{}?download=1", file.path);
    sender.get(&download).await.refused(500, "internal");
    assert_eq!(world.count("select count(*) from audit where action = 'document.download'").await, 0);
    sender.get(&format!("{}?revision=0", file.path)).await.expect(200);
    std::fs::write(&place, &sound).unwrap();
    sender.get(&download).await.expect(200);
    assert_eq!(world.count("select count(*) from audit where action = 'document.download'").await, 1);
}

async fn who_has_the_file_is_told_so(db: TestStore) {
    let world = World::open(db).await;
    let file = file(&world).await;
    let sender = world.as_person(SENDER).await;
    let path = format!("{}?revision=0&download=1", file.path);
    let first = sender.get(&path).await;
    let tag = text(&first, "etag").to_owned();
    assert_eq!(tag, format!("\"{}\"", file.small));
    // Nothing is read for it.
    let place = place(&world, &file.small);
    std::fs::rename(&place, place.with_extension("away")).unwrap();
    for known in [tag.clone(), format!("\"other\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
        let again = with(&sender, &path, &[(header::IF_NONE_MATCH, &known)]).await;
        assert_eq!((again.status.as_u16(), again.bytes.len()), (304, 0), "{known}");
        assert_eq!((text(&again, "etag"), text(&again, "cache-control")), (&*tag, "private, no-cache"));
    }
    std::fs::rename(place.with_extension("away"), &place).unwrap();
    for other in [format!("\"{}\"", file.large), "nonsense".to_owned()] {
        let answer = with(&sender, &path, &[(header::IF_NONE_MATCH, &other)]).await;
        assert_eq!((answer.status.as_u16(), answer.bytes), (200, contract_pdf()), "{other}");
    }
    // What was saved from the browser's memory was downloaded too.
    assert_eq!(world.count("select count(*) from audit where action = 'document.download'").await, 7);
    // A tag opens nothing.
    let stranger = world.as_person(STRANGER).await;
    with(&stranger, &path, &[(header::IF_NONE_MATCH, &tag)]).await.refused(404, "not_found");
    with(&world.browser(), &path, &[(header::IF_NONE_MATCH, &tag)]).await.refused(401, "not_signed_in");
}

async fn a_head_is_the_answer_without_the_file(db: TestStore) {
    let world = World::open(db).await;
    let file = file(&world).await;
    let sender = world.as_person(SENDER).await;
    let download = format!("{}?download=1", file.path);
    let request = sender.request(Method::HEAD, &download).header(header::RANGE, "bytes=0-9");
    let head = sender.send(request).await;
    assert_eq!((head.status.as_u16(), head.bytes.len()), (200, 0));
    assert_eq!(text(&head, "content-length"), LARGE.to_string());
    assert_eq!(text(&head, "etag"), format!("\"{}\"", file.large));
    assert_eq!(world.count("select count(*) from audit where action = 'document.download'").await, 0);
    let stranger = world.as_person(STRANGER).await;
    assert_eq!(stranger.request(Method::HEAD, &download).send().await.unwrap().status(), 404);
}

async fn who_broke_off_goes_on_where_he_was(db: TestStore) {
    let world = World::open(db).await;
    let file = file(&world).await;
    let sender = world.as_person(SENDER).await;
    let path = format!("{}?revision=0&download=1", file.path);
    let pdf = contract_pdf();
    let whole = sender.get(&path).await;
    assert_eq!((text(&whole, "accept-ranges"), text(&whole, "content-range")), ("bytes", ""));
    // Who only shows a file is not told, since each part costs a look at the whole.
    assert_eq!(text(&sender.get(&file.path).await, "accept-ranges"), "");

    let (length, last) = (pdf.len(), pdf.len() - 1);
    let (tag, other) = (format!("\"{}\"", file.small), format!("\"{}\"", file.large));
    let end = format!("bytes=100-{length}");
    for (wanted, condition, from, to) in [
        ("bytes=0-0", None, 0, 0),
        ("bytes=10-19", None, 10, 19),
        ("bytes=100-", Some(&tag), 100, last),
        (end.as_str(), None, 100, last),
        ("bytes=-5", None, length - 5, last),
    ] {
        let mut headers = vec![(header::RANGE, wanted)];
        headers.extend(condition.map(|tag| (header::IF_RANGE, tag.as_str())));
        let part = with(&sender, &path, &headers).await;
        assert_eq!(part.status, 206, "{wanted}");
        assert_eq!(text(&part, "content-range"), format!("bytes {from}-{to}/{length}"));
        assert_eq!(text(&part, "content-length"), (to - from + 1).to_string());
        assert!(part.bytes == pdf[from..=to], "{wanted}");
    }
    let behind = format!("bytes={length}-");
    for (wanted, condition) in [
        ("bytes=10-19", Some(&other)),
        ("bytes=10-19", Some(&format!("W/{tag}"))),
        (behind.as_str(), None),
        ("bytes=19-10", None),
        ("bytes=0-1,5-6", None),
        ("pages=1-2", None),
    ] {
        let mut headers = vec![(header::RANGE, wanted)];
        headers.extend(condition.map(|tag| (header::IF_RANGE, tag.as_str())));
        let answer = with(&sender, &path, &headers).await;
        assert_eq!((answer.status.as_u16(), answer.bytes == pdf), (200, true), "{wanted}");
    }
}

on_both!(
    a_file_is_read_as_the_client_takes_it,
    who_goes_away_makes_room_for_who_waits,
    nothing_is_shown_of_a_damaged_file,
    who_has_the_file_is_told_so,
    a_head_is_the_answer_without_the_file,
    who_broke_off_goes_on_where_he_was,
);
