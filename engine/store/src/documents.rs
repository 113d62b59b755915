//! The files of a contract. A document is a chain of revisions, each a whole file kept by its content; revisions are
//! appended and never changed.

use sealflow_core::ids::{ContractId, DocumentId, RecipientId};
use serde::{Deserialize, Serialize};
use sqlx::{Row as _, any::AnyRow};
use uuid::Uuid;

use crate::{
    blobs::BlobHash,
    db::{Conn, Error, row},
    rows,
    text_enum::text_enum,
};

text_enum! {
    /// What made a revision.
    RevisionKind ("kind of revision") {
        /// The upload.
        Original = "original",
        /// All fields were made.
        Prepared = "prepared",
        /// A recipient signed.
        Signed = "signed",
        /// Timestamps and revocation data were added.
        Archived = "archived",
    }
}

text_enum! {
    /// What was uploaded.
    Source ("source of a document") {
        /// The PDF itself.
        Pdf = "pdf",
        /// A Word file, which the PDF was made of.
        Word = "word",
        /// Pictures, which became the PDF's pages.
        Pictures = "pictures",
    }
}

/// A page as it is shown, in points.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PageSize {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

/// A document with its newest revision.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// Whose it is.
    pub contract_id: ContractId,
    /// Place among the contract's documents; grows, with gaps.
    pub position: i64,
    /// The file's name, with `.pdf`.
    pub name: String,
    /// How large each page is; there are as many as pages.
    pub pages: Vec<PageSize>,
    /// The upload was damaged, and revision 0 is what was made of it.
    pub repaired: bool,
    /// What was uploaded.
    pub source: Source,
    /// The newest revision.
    pub newest: Revision,
}

impl Document {
    /// How many pages it has.
    #[must_use]
    pub fn page_count(&self) -> u32 {
        u32::try_from(self.pages.len()).unwrap_or(u32::MAX)
    }
}

/// One revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// From 0.
    pub n: i64,
    /// What made it.
    pub kind: RevisionKind,
    /// The blob.
    pub sha256: BlobHash,
    /// Its size.
    pub size_bytes: i64,
    /// Who signed in it.
    pub recipient_id: Option<RecipientId>,
    /// When it was added.
    pub created_at_ms: i64,
}

/// An uploaded file.
#[derive(Debug, Clone)]
pub struct NewDocument<'a> {
    /// Whose it is.
    pub contract_id: ContractId,
    /// The file's name.
    pub name: &'a str,
    /// How large each page is.
    pub pages: &'a [PageSize],
    /// The upload was damaged, and this is what was made of it.
    pub repaired: bool,
    /// What was uploaded.
    pub source: Source,
    /// The blob.
    pub sha256: &'a BlobHash,
    /// Its size.
    pub size_bytes: i64,
    /// The client's name for the upload.
    pub idempotency_key: Option<&'a str>,
}

/// A revision to be appended.
#[derive(Debug, Clone)]
pub struct NewRevision {
    /// Of which document.
    pub document_id: DocumentId,
    /// Its number: one more than the revision that it was made from.
    pub n: i64,
    /// What made it.
    pub kind: RevisionKind,
    /// The blob.
    pub sha256: BlobHash,
    /// Its size.
    pub size_bytes: i64,
    /// Who signed in it.
    pub recipient_id: Option<RecipientId>,
}

/// Why a revision is not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Another one has this number: make it again, on top of that one.
    #[error("the document has a revision with this number already")]
    Taken,
    /// The database's.
    #[error("the revision was not kept")]
    Store(#[from] Error),
}

const LIST: &str = "
    select d.id, d.contract_id, d.position, d.name, d.pages, d.repaired, d.source,
           r.n, r.kind, r.sha256, r.size_bytes, r.recipient_id, r.created_at_ms
    from documents d join revisions r on r.document_id = d.id
    where d.contract_id = $1 and r.n = (select max(m.n) from revisions m where m.document_id = d.id)
    order by d.position";
const GET: &str = "
    select d.id, d.contract_id, d.position, d.name, d.pages, d.repaired, d.source,
           r.n, r.kind, r.sha256, r.size_bytes, r.recipient_id, r.created_at_ms
    from documents d join revisions r on r.document_id = d.id
    where d.id = $1 and r.n = (select max(m.n) from revisions m where m.document_id = d.id)";

fn read_revision(from: &AnyRow) -> Result<Revision, Error> {
    Ok(Revision {
        n: from.try_get("n")?,
        kind: rows::id(from, "kind")?,
        sha256: rows::id(from, "sha256")?,
        size_bytes: from.try_get("size_bytes")?,
        recipient_id: rows::id_opt(from, "recipient_id")?,
        created_at_ms: from.try_get("created_at_ms")?,
    })
}

fn read(from: &AnyRow) -> Result<Document, Error> {
    Ok(Document {
        id: rows::id(from, "id")?,
        contract_id: rows::id(from, "contract_id")?,
        position: from.try_get("position")?,
        name: from.try_get("name")?,
        pages: rows::json(from, "pages")?,
        repaired: rows::flag(from, "repaired")?,
        source: rows::id(from, "source")?,
        newest: read_revision(from)?,
    })
}

/// The contract's documents in order.
///
/// # Errors
/// The database's.
pub async fn list(conn: &mut Conn, contract: ContractId) -> Result<Vec<Document>, Error> {
    let found = sqlx::query(LIST).bind(contract.to_string()).fetch_all(conn).await?;
    found.iter().map(read).collect()
}

/// The document with that id.
///
/// # Errors
/// The database's.
pub async fn get(conn: &mut Conn, id: DocumentId) -> Result<Option<Document>, Error> {
    let found = sqlx::query(GET).bind(id.to_string()).fetch_optional(conn).await?;
    found.as_ref().map(read).transpose()
}

/// All revisions, from the first.
///
/// # Errors
/// The database's.
pub async fn revisions(conn: &mut Conn, id: DocumentId) -> Result<Vec<Revision>, Error> {
    let found = sqlx::query(
        "select n, kind, sha256, size_bytes, recipient_id, created_at_ms from revisions
         where document_id = $1 order by n",
    )
    .bind(id.to_string())
    .fetch_all(conn)
    .await?;
    found.iter().map(read_revision).collect()
}

/// Adds an uploaded file at the end, with its revision 0. The same upload once more is the document that is there.
///
/// # Errors
/// The database's.
pub async fn add(conn: &mut Conn, new: &NewDocument<'_>, now_ms: i64) -> Result<DocumentId, Error> {
    let id = DocumentId::from_uuid(Uuid::now_v7());
    let inserted = sqlx::query(
        "insert into documents (id, contract_id, position, name, page_count, pages, repaired, source, idempotency_key,
                                created_at_ms)
         values ($1, $2, (select coalesce(max(position), -1) + 1 from documents where contract_id = $2),
                 $3, $4, $5, $6, $7, $8, $9)
         on conflict (contract_id, idempotency_key) do nothing",
    )
    .bind(id.to_string())
    .bind(new.contract_id.to_string())
    .bind(new.name)
    .bind(i64::try_from(new.pages.len()).unwrap_or(i64::MAX))
    .bind(row::to_json("documents.pages", new.pages)?)
    .bind(i64::from(new.repaired))
    .bind(new.source.as_str())
    .bind(new.idempotency_key)
    .bind(now_ms)
    .execute(&mut *conn)
    .await?;
    if inserted.rows_affected() == 0 {
        let known = sqlx::query("select id from documents where contract_id = $1 and idempotency_key = $2")
            .bind(new.contract_id.to_string())
            .bind(new.idempotency_key)
            .fetch_one(conn)
            .await?;
        return rows::id(&known, "id");
    }
    let first = NewRevision {
        document_id: id,
        n: 0,
        kind: RevisionKind::Original,
        sha256: new.sha256.clone(),
        size_bytes: new.size_bytes,
        recipient_id: None,
    };
    insert_revision(conn, &first, now_ms).await?;
    Ok(id)
}

/// The document that an upload with this key made.
///
/// # Errors
/// The database's.
pub async fn by_key(conn: &mut Conn, contract: ContractId, key: &str) -> Result<Option<DocumentId>, Error> {
    let known = sqlx::query("select id from documents where contract_id = $1 and idempotency_key = $2")
        .bind(contract.to_string())
        .bind(key)
        .fetch_optional(conn)
        .await?;
    known.as_ref().map(|row| rows::id(row, "id")).transpose()
}

/// Takes a document out of a draft. Its blob stays until it is swept: another document may have the same content.
///
/// # Errors
/// The database's.
pub async fn remove(conn: &mut Conn, id: DocumentId) -> Result<(), Error> {
    sqlx::query("delete from revisions where document_id = $1")
        .bind(id.to_string())
        .execute(&mut *conn)
        .await?;
    sqlx::query("delete from placements where document_id = $1")
        .bind(id.to_string())
        .execute(&mut *conn)
        .await?;
    sqlx::query("delete from documents where id = $1").bind(id.to_string()).execute(conn).await?;
    Ok(())
}

/// Appends a revision.
///
/// # Errors
/// [`AppendError::Taken`] when another writer was first; the transaction goes on.
pub async fn append(conn: &mut Conn, new: &NewRevision, now_ms: i64) -> Result<(), AppendError> {
    if insert_revision(conn, new, now_ms).await? { Ok(()) } else { Err(AppendError::Taken) }
}

async fn insert_revision(conn: &mut Conn, new: &NewRevision, now_ms: i64) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into revisions (document_id, n, kind, sha256, size_bytes, recipient_id, created_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (document_id, n) do nothing",
    )
    .bind(new.document_id.to_string())
    .bind(new.n)
    .bind(new.kind.as_str())
    .bind(new.sha256.as_str())
    .bind(new.size_bytes)
    .bind(new.recipient_id.map(|id| id.to_string()))
    .bind(now_ms)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
