//! The files themselves: any revision, for everybody who may see the contract.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use garde::Validate;
use sealflow_core::ids::{ContractId, DocumentId};
use sealflow_store::{audit, documents};
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

/// Fetches a document.
#[utoipa::path(
    get, path = "/api/contracts/{contract_id}/documents/{document_id}/file", tag = "contracts",
    security(("session" = [])),
    params(
        ("contract_id" = String, Path, format = "uuid"), ("document_id" = String, Path, format = "uuid"), FileWanted
    ),
    responses((status = OK, content_type = "application/pdf", body = Vec<u8>))
)]
pub(super) async fn get_document_file(
    State(app): State<App>,
    signed_in: SignedIn,
    At((contract_id, document_id)): At<(ContractId, DocumentId)>,
    Search(wanted): Search<FileWanted>,
) -> Result<Response, Error> {
    let (name, revision) = {
        let mut reader = app.store.read().await?;
        visible(&mut reader, contract_id, signed_in.person_id).await?;
        let document = documents::get(&mut reader, document_id).await?;
        let document =
            document.filter(|document| document.contract_id == contract_id).ok_or(Code::NotFound)?;
        let revision = match wanted.revision {
            None => document.newest,
            Some(n) => {
                let all = documents::revisions(&mut reader, document_id).await?;
                all.into_iter().find(|revision| revision.n == n).ok_or(Code::NotFound)?
            }
        };
        (document.name, revision)
    };
    let bytes = app.store.blobs().get(&revision.sha256).await?;
    let download = wanted.download == Some(1);
    if download {
        let entry = audit::Entry {
            person_id: Some(signed_in.person_id),
            action: "document.download",
            target_kind: "document",
            target_id: document_id.to_string(),
            detail: json!({"revision": revision.n}),
        };
        let mut tx = app.store.begin().await?;
        let now_ms = tx.now().as_ms();
        audit::append(tx.conn(), &entry, now_ms).await?;
        tx.commit().await?;
    }
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/pdf")),
        (header::CONTENT_DISPOSITION, disposition(&name, download)),
        // A revision never changes, but who may see it does.
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        (header::ETAG, text(&format!("\"{}\"", revision.sha256))),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"),
        ),
    ];
    Ok((headers, bytes).into_response())
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
