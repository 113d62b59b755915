//! Confirming a will (意愿认证): a code is bound to a digest of exactly what the recipient sees, and counts only while
//! that is what would be signed.
//!
//! ```text
//! fields filled ─ send_code: digest D over revisions and fields ─► code row (recipient, D) ─► SMS
//!                                                                        │
//! confirm(code): code right and unused?  ─  digest still D?  ─  fields filled?  ─► event "confirm"
//! ```

use sealflow_core::{
    EventId,
    ids::{DocumentId, FieldId, RecipientId},
    model::contract_type::FieldKind,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    Error, Origin, Signer,
    fill::{check_seal, renew_dates, usable_seals},
    form,
};
use crate::{
    Submitted, Tx,
    codes::{self, CodeRow, Limits, NewCode, Purpose, Try, Wanted},
    db::{Conn, Error as StoreError, row},
    documents,
    fields::{self, Field, Value},
    instances,
};

/// How a will was confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A one-time code by SMS.
    SmsCode,
}

/// What was confirmed: the data of the event `confirm`, and so of the job that stamps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Confirmation {
    /// SHA-256 over what follows, as the code was bound to it.
    pub digest: String,
    /// Every document of the contract, as it was shown.
    pub documents: Vec<ConfirmedDocument>,
    /// Every field of the recipient that is filled.
    pub fields: Vec<ConfirmedField>,
    /// How.
    pub method: Method,
    /// When the code was found right.
    pub verified_at_ms: i64,
    /// From where.
    pub ip: String,
    /// With what.
    pub user_agent: String,
}

/// A document as it was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmedDocument {
    /// Which.
    pub document_id: DocumentId,
    /// Its newest revision then.
    pub revision: i64,
    /// That revision's SHA-256.
    pub sha256: String,
}

/// A filled field. Its value stays in the field; it is closed to changes from now on, and this hash proves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmedField {
    /// Which.
    pub id: FieldId,
    /// On which document.
    pub document_id: DocumentId,
    /// The form field's name in the PDF.
    pub name: String,
    /// What it takes.
    pub kind: FieldKind,
    /// SHA-256 of the value's JSON.
    pub value_sha256: String,
}

/// What came of a confirmation. Commit in every case: a wrong code has used a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmed {
    /// The instance has it.
    Accepted(Submitted),
    /// The code did not open it.
    Refused(Try),
}

/// What a recipient would confirm now.
#[derive(Debug, Clone, PartialEq)]
struct Content {
    documents: Vec<ConfirmedDocument>,
    fields: Vec<ConfirmedField>,
}

impl Content {
    /// SHA-256 over the canonical JSON of recipient, documents and fields.
    fn digest(&self, recipient: RecipientId) -> Result<String, StoreError> {
        let text = row::to_json("what is confirmed", &(recipient, &self.documents, &self.fields))?;
        Ok(hex::encode(Sha256::digest(text)))
    }
}

/// Sends the code that confirms what is filled in now.
///
/// # Errors
/// See [`Error`]; then no code was sent.
pub async fn send_code(tx: &mut Tx, signer: &Signer, limits: &Limits) -> Result<CodeRow, Error> {
    signer.lock(tx.conn()).await?;
    signer.expect_task(tx.conn(), form::SIGN).await?;
    let mut fields = fields::of_recipient(tx.conn(), signer.recipient.id).await?;
    let now_ms = tx.now().as_ms();
    renew_dates(tx.conn(), &mut fields, now_ms).await?;
    let content = content(tx.conn(), signer, &fields).await?;
    let new = NewCode {
        purpose: Purpose::Intent,
        phone: signer.recipient.phone.clone(),
        person_id: Some(signer.person_id),
        recipient_id: Some(signer.recipient.id),
        digest: Some(content.digest(signer.recipient.id)?),
    };
    Ok(codes::issue(tx, &new, limits).await?)
}

/// Confirms by code. A repeat with the same event id answers what came of it then, whatever the code is.
///
/// # Errors
/// See [`Error`]; roll back then.
pub async fn confirm(
    tx: &mut Tx,
    secret: &[u8; 32],
    signer: &Signer,
    code: &str,
    origin: Origin<'_>,
    event_id: EventId,
) -> Result<Confirmed, Error> {
    if let Some(earlier) = signer.earlier(tx.conn(), &event_id).await? {
        return Ok(Confirmed::Accepted(earlier));
    }
    signer.lock(tx.conn()).await?;
    signer.expect_task(tx.conn(), form::SIGN).await?;
    let now_ms = tx.now().as_ms();
    let wanted = Wanted {
        purpose: Purpose::Intent,
        phone: &signer.recipient.phone,
        recipient_id: Some(signer.recipient.id),
    };
    let right = match codes::try_code(tx.conn(), secret, &wanted, code, now_ms).await? {
        Try::Right(row) => row,
        other => return Ok(Confirmed::Refused(other)),
    };
    let fields = fields::of_recipient(tx.conn(), signer.recipient.id).await?;
    let content = content(tx.conn(), signer, &fields).await?;
    let digest = content.digest(signer.recipient.id)?;
    if right.digest.as_deref() != Some(digest.as_str()) {
        return Err(Error::ContentChanged);
    }
    let confirmation = Confirmation {
        digest,
        documents: content.documents,
        fields: content.fields,
        method: Method::SmsCode,
        verified_at_ms: now_ms,
        ip: origin.ip.to_owned(),
        user_agent: origin.user_agent.to_owned(),
    };
    let data = serde_json::to_value(&confirmation)
        .map_err(|source| StoreError::Encode { what: "what is confirmed", source })?;
    let submitted =
        instances::submit(tx, signer.instance_id, signer.event(event_id, "confirm", data)).await?;
    Ok(Confirmed::Accepted(submitted))
}

/// What would be confirmed now: complete, and with seals that may be used.
async fn content(conn: &mut Conn, signer: &Signer, fields: &[Field]) -> Result<Content, Error> {
    let missing: Vec<FieldId> =
        fields.iter().filter(|field| field.required && field.value.is_none()).map(|field| field.id).collect();
    if !missing.is_empty() {
        return Err(Error::FieldsMissing(missing));
    }
    let seals = usable_seals(conn, signer).await?;
    let mut confirmed = Vec::with_capacity(fields.len());
    for field in fields {
        let Some(value) = &field.value else { continue };
        check_seal(field, value, &seals)?;
        confirmed.push(ConfirmedField {
            id: field.id,
            document_id: field.document_id,
            name: field.name.clone(),
            kind: field.kind,
            value_sha256: value_sha256(value)?,
        });
    }
    let documents = documents::list(conn, signer.contract.id).await?;
    let shown = documents.iter().map(|document| ConfirmedDocument {
        document_id: document.id,
        revision: document.newest.n,
        sha256: document.newest.sha256.as_str().to_owned(),
    });
    Ok(Content { documents: shown.collect(), fields: confirmed })
}

fn value_sha256(value: &Value) -> Result<String, StoreError> {
    Ok(hex::encode(Sha256::digest(row::to_json("a field's value", value)?)))
}

/// Why the confirmed fields cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum NotAsConfirmed {
    /// The field is gone, empty, or holds something else.
    #[error("the field {0} is not as it was confirmed")]
    Field(FieldId),
    /// The database's.
    #[error("the fields cannot be read")]
    Store(#[from] StoreError),
}

/// The fields with the values that were confirmed, for the job that stamps them.
///
/// # Errors
/// [`NotAsConfirmed::Field`] when a value is not the one that was confirmed: then nothing may be stamped.
pub async fn confirmed_fields(
    conn: &mut Conn,
    recipient: RecipientId,
    confirmation: &Confirmation,
) -> Result<Vec<Field>, NotAsConfirmed> {
    let mut known = fields::of_recipient(conn, recipient).await?;
    let mut found = Vec::with_capacity(confirmation.fields.len());
    for confirmed in &confirmation.fields {
        let changed = || NotAsConfirmed::Field(confirmed.id);
        let index = known.iter().position(|field| field.id == confirmed.id).ok_or_else(changed)?;
        let field = known.swap_remove(index);
        let sha256 = field.value.as_ref().map(value_sha256).transpose()?;
        if sha256.as_deref() != Some(confirmed.value_sha256.as_str()) {
            return Err(changed());
        }
        found.push(field);
    }
    Ok(found)
}
