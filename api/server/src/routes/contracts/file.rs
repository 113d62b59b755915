//! The files themselves: any revision, for everybody who may see the contract.
//!
//! A file is sent piece by piece as the client takes it, so that many slow lines hold little memory. It is looked at as a whole
//! before: nobody is shown a byte of a damaged one, and what is wrong is told in words.

use std::ops::Range;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use axum_extra::headers::{ETag, HeaderMapExt as _, IfNoneMatch, IfRange};
use futures::{StreamExt as _, TryStreamExt as _};
use garde::Validate;
use sealflow_core::ids::{ContractId, DocumentId, PersonId};
use sealflow_store::{
    audit,
    blobs::BlobHash,
    documents::{self, Revision},
};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use super::visible;
use crate::{
    App,
    auth::SignedIn,
    error::Error,
    extract::{At, Search},
    problem::Code,
};

/// Which revision, and how.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FileWanted {
    /// Which revision; the newest when it is not given.
    #[garde(range(min = 0))]
    revision: Option<i64>,
    /// 1: to be saved under its name.
    #[garde(range(min = 0, max = 1))]
    download: Option<u8>,
}

/// Fetches a document. Who names the one that he has (`If-None-Match`) is told that it is the same; who broke off may go on
/// where he was (`Range`, `If-Range`).
#[utoipa::path(
    get, path = "/api/contracts/{contract_id}/documents/{document_id}/file", tag = "contracts",
    security(("session" = [])),
    params(
        ("contract_id" = String, Path, format = "uuid"), ("document_id" = String, Path, format = "uuid"), FileWanted
    ),
    responses(
        (status = OK, content_type = "application/pdf", body = Vec<u8>),
        (status = PARTIAL_CONTENT, content_type = "application/pdf", body = Vec<u8>),
        (status = NOT_MODIFIED)
    )
)]
pub(super) async fn get_document_file(
    State(app): State<App>,
    signed_in: SignedIn,
    method: Method,
    asked: HeaderMap,
    At((contract_id, document_id)): At<(ContractId, DocumentId)>,
    Search(wanted): Search<FileWanted>,
) -> Result<Response, Error> {
    let person = signed_in.person_id;
    let (name, revision) = find(&app, person, contract_id, document_id, wanted.revision).await?;
    let download = wanted.download == Some(1);
    let etag = etag(&revision.sha256)?;
    let mut headers = about(&name, download);
    headers.typed_insert(etag.clone());
    let is_known = asked.typed_get::<IfNoneMatch>().is_some_and(|known| !known.precondition_passes(&etag));
    let answer = if is_known {
        (StatusCode::NOT_MODIFIED, headers).into_response()
    } else {
        // Kept until the last piece is gone, or the client is.
        let turn = app.fetches.take(person).await?;
        let whole = app.store.blobs().open_whole(&revision.sha256).await?;
        let size_bytes = whole.size_bytes();
        let (status, part) = match part(&asked, &etag, size_bytes).filter(|_| method == Method::GET) {
            None => (StatusCode::OK, 0..size_bytes),
            Some(part) => {
                let range = format!("bytes {}-{}/{size_bytes}", part.start, part.end - 1);
                headers.insert(header::CONTENT_RANGE, text(&range));
                (StatusCode::PARTIAL_CONTENT, part)
            }
        };
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(part.end - part.start));
        let pieces = whole.pieces(part).map(move |piece| {
            let _turn = &turn;
            piece
        });
        let pieces = pieces.inspect_err(|error| {
            tracing::error!(
                error = error as &dyn std::error::Error,
                "a file that was being sent is broken off"
            );
        });
        (status, headers, Body::from_stream(pieces)).into_response()
    };
    if download && method == Method::GET {
        note_download(&app, person, document_id, &revision).await?;
    }
    Ok(answer)
}

/// The file's name and the revision, when the person may see it.
async fn find(
    app: &App,
    person: PersonId,
    contract_id: ContractId,
    document_id: DocumentId,
    n: Option<i64>,
) -> Result<(String, Revision), Error> {
    let mut reader = app.store.read().await?;
    visible(&mut reader, contract_id, person).await?;
    let document = documents::get(&mut reader, document_id).await?;
    let document = document.filter(|document| document.contract_id == contract_id).ok_or(Code::NotFound)?;
    let revision = match n {
        None => document.newest,
        Some(n) => {
            let all = documents::revisions(&mut reader, document_id).await?;
            all.into_iter().find(|revision| revision.n == n).ok_or(Code::NotFound)?
        }
    };
    Ok((document.name, revision))
}

async fn note_download(
    app: &App,
    person: PersonId,
    document_id: DocumentId,
    revision: &Revision,
) -> Result<(), Error> {
    let entry = audit::Entry {
        person_id: Some(person),
        action: "document.download",
        target_kind: "document",
        target_id: document_id.to_string(),
        detail: json!({"revision": revision.n}),
    };
    let mut tx = app.store.begin().await?;
    let now_ms = tx.now().as_ms();
    audit::append(tx.conn(), &entry, now_ms).await?;
    tx.commit().await?;
    Ok(())
}

/// What is said of a file beside its content.
fn about(name: &str, download: bool) -> HeaderMap {
    let mut headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static("application/pdf")),
        (header::CONTENT_DISPOSITION, disposition(name, download)),
        // A revision never changes, but who may see it does.
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"),
        ),
    ]);
    // Whoever shows a file would fetch it in hundreds of parts, and each costs a look at the whole.
    if download {
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    }
    headers
}

fn etag(sha256: &BlobHash) -> Result<ETag, Error> {
    format!("\"{sha256}\"").parse().map_err(|_| Error::Broken("a hash is a tag"))
}

/// The one part that is wanted of the file with this tag. Who wants several, or what is not there, gets the whole, as RFC 9110
/// (14.2) lets a server do.
fn part(asked: &HeaderMap, etag: &ETag, size_bytes: u64) -> Option<Range<u64>> {
    match asked.typed_try_get::<IfRange>() {
        Ok(None) => {}
        Ok(Some(had)) if !had.is_modified(Some(etag), None) => {}
        _ => return None,
    }
    let wanted = asked.get(header::RANGE)?.to_str().ok()?;
    let parts = http_range_header::parse_range_header(wanted).ok()?.validate(size_bytes).ok()?;
    match parts.as_slice() {
        [part] if *part.end() < size_bytes => Some(*part.start()..part.end() + 1),
        _ => None,
    }
}

/// RFC 6266 with the name in UTF-8 (RFC 8187).
fn disposition(name: &str, download: bool) -> HeaderValue {
    let how = if download { "attachment" } else { "inline" };
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encoded: String = name
        .bytes()
        .map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    text(&format!("{how}; filename=\"document.pdf\"; filename*=UTF-8''{encoded}"))
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn a_chinese_name_survives_the_header() {
        let header = disposition("合同 1.pdf", true);
        let expected = "attachment; filename=\"document.pdf\"; filename*=UTF-8''%E5%90%88%E5%90%8C%201.pdf";
        assert_eq!(header.to_str().ok(), Some(expected));
    }
}
