//! Uploading PDF files into a draft. The body is counted while it comes in and refused as soon as it is too large; the
//! file is opened in a confined child process only.

use axum::{
    Json,
    extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request, State, multipart::Field},
    http::{HeaderMap, StatusCode, header},
};
use bytes::Bytes;
use sealflow_core::ids::{ContractId, DocumentId, PersonId};
use sealflow_pdf::{Inspection, confined, read};
use sealflow_store::{
    contracts,
    documents::{self, NewDocument, PageSize, Source},
};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{super::view::Document, convert, own_draft};
use crate::{App, auth::SignedIn, context::IdempotencyKey, error::Error, extract::At, problem::Code};

/// What a multipart body may have besides the file, in bytes.
const FRAME_BYTES_MAX: u64 = 64 * 1024;
/// The longest name of a file, in characters.
const NAME_LENGTH_MAX: usize = 120;

/// Uploads count their bytes themselves.
pub(super) fn upload_router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(add_document)).layer(DefaultBodyLimit::disable())
}

/// A file.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only describes the form")]
pub(crate) struct Upload {
    /// A PDF, a Word file (.docx), or pictures (JPEG, PNG); together at most 50 MB. Several pictures, each a part of this name,
    /// become the pages of one file, in their order.
    #[schema(value_type = String, format = Binary)]
    file: String,
}

/// Adds a file to a draft: a PDF, or a Word file or pictures, which are made into one.
#[utoipa::path(
    post, path = "/api/contracts/{contract_id}/documents", tag = "contracts", security(("session" = [])),
    params(
        ("contract_id" = String, Path, format = "uuid"),
        ("Idempotency-Key" = Option<String>, Header, description = "At most 64 characters; a repeat adds no second document")
    ),
    request_body(content = Upload, content_type = "multipart/form-data"),
    responses((status = CREATED, body = Document))
)]
async fn add_document(
    State(app): State<App>,
    signed_in: SignedIn,
    At(contract_id): At<ContractId>,
    key: IdempotencyKey,
    request: Request,
) -> Result<(StatusCode, Json<Document>), Error> {
    let person = signed_in.person_id;
    own_draft(&mut *app.store.read().await?, contract_id, person).await?;
    let received = receive(&app, request).await?;
    let turn = app.turns.take(person).await?;
    let (upload, source) = convert::to_pdf(&app, received).await?;
    let opened = open(&app, upload, source).await?;
    drop(turn);
    refuse_unsuitable(&opened.inspection)?;
    let document = keep(&app, contract_id, person, &opened, key.0.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(document)))
}

/// A file as it was sent.
pub(in crate::routes) struct Received {
    pub(super) name: String,
    /// It was sent as a .docx; `name` has another ending.
    pub(super) is_named_word: bool,
    pub(in crate::routes) bytes: Bytes,
}

/// The form fields `file`, streamed to a temporary file each.
pub(in crate::routes) async fn receive(app: &App, request: Request) -> Result<Vec<Received>, Error> {
    let limit = u64::try_from(app.config.upload_bytes_max).unwrap_or(u64::MAX);
    receive_up_to(app, request, limit).await
}

/// The same, with a limit in bytes for all of them together.
pub(in crate::routes) async fn receive_up_to(
    app: &App,
    request: Request,
    limit: u64,
) -> Result<Vec<Received>, Error> {
    if announced(request.headers()) > limit.saturating_add(FRAME_BYTES_MAX) {
        return Err(Code::FileTooLarge.into());
    }
    let form = Multipart::from_request(request, app).await;
    let mut form = form.map_err(|_| Error::from(Code::UnsupportedMediaType))?;
    let mut parts: Vec<Received> = Vec::new();
    let mut left = limit;
    while let Some(field) = form.next_field().await.map_err(|_| Error::from(Code::BadRequest))? {
        if field.name() != Some("file") {
            pass_over(field).await?;
        } else {
            if parts.len() == convert::PICTURES_MAX {
                return Err(Code::FilePictureTooLarge.into());
            }
            let given = field.file_name().unwrap_or_default();
            let (name, is_named_word) = (clean_name(given), given.to_ascii_lowercase().ends_with(".docx"));
            let bytes = spool(field, left).await?;
            left = left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            parts.push(Received { name, is_named_word, bytes });
        }
    }
    Ok(parts)
}

/// What is not asked for may not be endless either.
async fn pass_over(mut field: Field<'_>) -> Result<(), Error> {
    let mut size: u64 = 0;
    while let Some(chunk) = field.chunk().await.map_err(|_| Error::from(Code::BadRequest))? {
        size = size.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if size > FRAME_BYTES_MAX {
            return Err(Code::FileTooLarge.into());
        }
    }
    Ok(())
}

fn announced(headers: &HeaderMap) -> u64 {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    length.and_then(|text| text.parse().ok()).unwrap_or(0)
}

async fn spool(mut field: Field<'_>, limit: u64) -> Result<Bytes, Error> {
    let mut file = tokio::fs::File::from_std(tempfile::tempfile().map_err(Error::TemporaryFile)?);
    let mut size: u64 = 0;
    while let Some(chunk) = field.chunk().await.map_err(|_| Error::from(Code::BadRequest))? {
        size = size.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if size > limit {
            return Err(Code::FileTooLarge.into());
        }
        file.write_all(&chunk).await.map_err(Error::TemporaryFile)?;
    }
    file.flush().await.map_err(Error::TemporaryFile)?;
    file.rewind().await.map_err(Error::TemporaryFile)?;
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.read_to_end(&mut bytes).await.map_err(Error::TemporaryFile)?;
    if bytes.is_empty() {
        return Err(Code::FileEmpty.into());
    }
    Ok(bytes.into())
}

/// A file that can be read, as it is kept.
struct Opened {
    name: String,
    bytes: Bytes,
    inspection: Inspection,
    source: Source,
    /// These are not the bytes that were sent: those were damaged.
    repaired: bool,
}

/// Looks at the file. One that is damaged is repaired here, once, before anything is built on it; a signed one never is.
async fn open(app: &App, upload: Received, source: Source) -> Result<Opened, Error> {
    let Received { name, bytes, .. } = upload;
    match app.pdf.inspect(&bytes).await {
        Ok(inspection) => Ok(Opened { name, bytes, inspection, source, repaired: false }),
        Err(confined::Error::Read(read::Error::Damaged { .. })) => {
            let bytes = Bytes::from(app.pdf.repair(&bytes).await?);
            let inspection = app.pdf.inspect(&bytes).await?;
            Ok(Opened { name, bytes, inspection, source, repaired: true })
        }
        Err(error) => Err(error.into()),
    }
}

fn refuse_unsuitable(inspection: &Inspection) -> Result<(), Error> {
    if inspection.page_count == 0 {
        return Err(Code::FileEmpty.into());
    }
    if inspection.signatures > 0 {
        return Err(Code::FileSigned.into());
    }
    if inspection.xfa {
        return Err(Code::FileDynamicForm.into());
    }
    Ok(())
}

async fn keep(
    app: &App,
    contract_id: ContractId,
    person: PersonId,
    opened: &Opened,
    key: Option<&str>,
) -> Result<Document, Error> {
    let sha256 = app.store.blobs().put(opened.bytes.clone()).await?;
    let pages: Vec<PageSize> = opened
        .inspection
        .pages
        .iter()
        .map(|page| PageSize { width: page.width, height: page.height })
        .collect();
    let mut tx = app.store.begin().await?;
    own_draft(tx.conn(), contract_id, person).await?;
    if !contracts::lock_draft(tx.conn(), contract_id).await? {
        return Err(Code::NotDraft.into());
    }
    let repeated = match key {
        Some(key) => documents::by_key(tx.conn(), contract_id, key).await?,
        None => None,
    };
    let id = match repeated {
        Some(id) => id,
        None => {
            if documents::list(tx.conn(), contract_id).await?.len() >= app.config.documents_max {
                return Err(Code::TooManyDocuments.into());
            }
            let new = NewDocument {
                contract_id,
                name: &opened.name,
                pages: &pages,
                repaired: opened.repaired,
                source: opened.source,
                sha256: &sha256,
                size_bytes: i64::try_from(opened.bytes.len()).unwrap_or(i64::MAX),
                idempotency_key: key,
            };
            let now_ms = tx.now().as_ms();
            documents::add(tx.conn(), &new, now_ms).await?
        }
    };
    let document =
        documents::get(tx.conn(), id).await?.ok_or(Error::Broken("the document was just added"))?;
    tx.commit().await?;
    Ok(Document::from(&document))
}

/// Endings of what is uploaded; the file that is kept is a PDF.
const ENDINGS: [&str; 5] = [".pdf", ".docx", ".jpg", ".jpeg", ".png"];

/// The last part of a path, without what a terminal or a file system would act on, ending in `.pdf`.
fn clean_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let acts = |c: char| {
        c.is_control()
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '"' | '<' | '>' | ':' | '|' | '?' | '*')
    };
    let plain: String = last.chars().filter(|c| !acts(*c)).collect();
    let plain = plain.trim().trim_matches('.');
    let stem = ENDINGS.iter().find_map(|ending| {
        let (stem, end) = plain.split_at_checked(plain.len().checked_sub(ending.len())?)?;
        (!stem.is_empty() && end.eq_ignore_ascii_case(ending)).then_some(stem)
    });
    let stem = stem.unwrap_or(plain);
    let stem: String = stem.chars().take(NAME_LENGTH_MAX - 4).collect();
    let stem = if stem.trim().is_empty() { "文件" } else { stem.trim() };
    format!("{stem}.pdf")
}

/// Takes a document out of a draft.
#[utoipa::path(
    delete, path = "/api/contracts/{contract_id}/documents/{document_id}", tag = "contracts",
    security(("session" = [])),
    params(("contract_id" = String, Path, format = "uuid"), ("document_id" = String, Path, format = "uuid")),
    responses((status = NO_CONTENT))
)]
pub(super) async fn remove_document(
    State(app): State<App>,
    signed_in: SignedIn,
    At((contract_id, document_id)): At<(ContractId, DocumentId)>,
) -> Result<StatusCode, Error> {
    let mut tx = app.store.begin().await?;
    own_draft(tx.conn(), contract_id, signed_in.person_id).await?;
    if !contracts::lock_draft(tx.conn(), contract_id).await? {
        return Err(Code::NotDraft.into());
    }
    let document = documents::get(tx.conn(), document_id).await?;
    let document = document.filter(|document| document.contract_id == contract_id).ok_or(Code::NotFound)?;
    documents::remove(tx.conn(), document.id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::clean_name;

    #[test]
    fn a_files_name_is_only_a_name() {
        assert_eq!(clean_name("示例采购合同.pdf"), "示例采购合同.pdf");
        assert_eq!(clean_name("合同.PDF"), "合同.pdf");
        assert_eq!(clean_name("合同.docx"), "合同.pdf");
        assert_eq!(clean_name("合同.JPEG"), "合同.pdf");
        assert_eq!(clean_name("合同.xlsx"), "合同.xlsx.pdf");
        assert_eq!(clean_name("../../etc/passwd"), "passwd.pdf");
        assert_eq!(clean_name("C:\\temp\\a\u{202e}b\n.pdf"), "ab.pdf");
        assert_eq!(clean_name(""), "文件.pdf");
        assert_eq!(clean_name(".pdf"), "pdf.pdf");
        assert_eq!(clean_name(&"长".repeat(500)).chars().count(), 120);
    }
}
