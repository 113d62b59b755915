//! Fields (签署区): where a recipient signs, seals, dates or writes, and what is drafted there until it is confirmed.

use sealflow_core::{
    ids::{ContractId, DocumentId, FieldId, RecipientId, SealId, SignatureId},
    model::contract_type::{Edge, FieldKind, SealKind, TextStyle},
};
use serde::{Deserialize, Serialize};
use sqlx::{Row as _, any::AnyRow};
use uuid::Uuid;

use crate::{
    blobs::BlobHash,
    db::{Conn, Error, row},
    rows,
};

/// A place on a page, in points from the lower left corner of the page as shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// From 1.
    pub page: u32,
    /// From the left edge to the field's left edge.
    pub x: f64,
    /// From the lower edge to the field's lower edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

/// The pages that a cross-page seal goes over, from its place's page on. Of the place, `w` and `h` are the whole impression's,
/// and `y` is where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// From 1.
    pub to_page: u32,
    /// At which edge.
    pub edge: Edge,
}

/// A field.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its id.
    pub id: FieldId,
    /// Of which contract.
    pub contract_id: ContractId,
    /// On which document.
    pub document_id: DocumentId,
    /// Who fills it.
    pub recipient_id: RecipientId,
    /// The form field's name in the PDF; unique in the document.
    pub name: String,
    /// What it takes.
    pub kind: FieldKind,
    /// Where it is.
    pub place: Place,
    /// Whether it must be filled.
    pub required: bool,
    /// Which kind of seal may be put here; none: any.
    pub seal_kind: Option<SealKind>,
    /// How a date or text is set.
    pub style: Option<TextStyle>,
    /// Of a cross-page seal.
    pub span: Option<Span>,
    /// The draft.
    pub value: Option<Value>,
}

/// What is put into a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A drawn signature.
    Signature(Strokes),
    /// A seal.
    Seal {
        /// Which.
        seal_id: SealId,
    },
    /// A signature that was cut out of a photo.
    Image {
        /// Which.
        signature_id: SignatureId,
        /// The picture, an SVG.
        sha256: BlobHash,
    },
    /// A day: `2026-11-23`.
    Date {
        /// The day of signing, in China.
        date: String,
    },
    /// A text.
    Text {
        /// The text.
        text: String,
    },
}

impl Value {
    /// Whether a field of this kind takes it.
    #[must_use]
    pub const fn fits(&self, kind: FieldKind) -> bool {
        matches!(
            (self, kind),
            (Self::Signature(_) | Self::Image { .. }, FieldKind::Signature)
                | (Self::Seal { .. }, FieldKind::Seal | FieldKind::CrossPageSeal)
                | (Self::Date { .. }, FieldKind::Date)
                | (Self::Text { .. }, FieldKind::Text)
        )
    }
}

/// A drawn signature, in the coordinates of the pad: x to the right, y downwards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Strokes {
    /// Each stroke is the way of the pen from touching to lifting.
    pub strokes: Vec<Vec<Point>>,
    /// Width of the pad.
    pub width: f64,
    /// Height of the pad.
    pub height: f64,
}

/// A point of a stroke.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// From the pad's left edge.
    pub x: f64,
    /// From the pad's upper edge.
    pub y: f64,
    /// Width of the line here, in the pad's units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub w: Option<f64>,
}

/// A field to be placed.
#[derive(Debug, Clone)]
pub struct NewField {
    /// On which document.
    pub document_id: DocumentId,
    /// Who fills it.
    pub recipient_id: RecipientId,
    /// The form field's name in the PDF.
    pub name: String,
    /// What it takes.
    pub kind: FieldKind,
    /// Where it is.
    pub place: Place,
    /// Which kind of seal may be put here.
    pub seal_kind: Option<SealKind>,
    /// How a date or text is set.
    pub style: Option<TextStyle>,
    /// Of a cross-page seal.
    pub span: Option<Span>,
}

const COLUMNS_OF_CONTRACT: &str = "
    select id, contract_id, document_id, recipient_id, name, kind, page, x, y, w, h, required, seal_kind, style,
           span, value
    from fields where contract_id = $1 order by document_id, name";
const COLUMNS_OF_RECIPIENT: &str = "
    select id, contract_id, document_id, recipient_id, name, kind, page, x, y, w, h, required, seal_kind, style,
           span, value
    from fields where recipient_id = $1 order by document_id, name";

/// A word in the core's spelling.
fn word<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> Result<T, Error> {
    row::from_json(what, &format!("\"{text}\""))
}

fn read(from: &AnyRow) -> Result<Field, Error> {
    let seal_kind: Option<String> = from.try_get("seal_kind")?;
    Ok(Field {
        id: rows::id(from, "id")?,
        contract_id: rows::id(from, "contract_id")?,
        document_id: rows::id(from, "document_id")?,
        recipient_id: rows::id(from, "recipient_id")?,
        name: from.try_get("name")?,
        kind: word("fields.kind", &from.try_get::<String, _>("kind")?)?,
        place: Place {
            page: rows::number(from, "page")?,
            x: from.try_get("x")?,
            y: from.try_get("y")?,
            w: from.try_get("w")?,
            h: from.try_get("h")?,
        },
        required: rows::flag(from, "required")?,
        seal_kind: seal_kind.map(|text| word("fields.seal_kind", &text)).transpose()?,
        style: rows::json_opt(from, "style")?,
        span: rows::json_opt(from, "span")?,
        value: rows::json_opt(from, "value")?,
    })
}

/// All fields of a contract, by document and name.
///
/// # Errors
/// The database's.
pub async fn of_contract(conn: &mut Conn, contract: ContractId) -> Result<Vec<Field>, Error> {
    let found = sqlx::query(COLUMNS_OF_CONTRACT).bind(contract.to_string()).fetch_all(conn).await?;
    found.iter().map(read).collect()
}

/// A recipient's fields, by document and name.
///
/// # Errors
/// The database's.
pub async fn of_recipient(conn: &mut Conn, recipient: RecipientId) -> Result<Vec<Field>, Error> {
    let found = sqlx::query(COLUMNS_OF_RECIPIENT).bind(recipient.to_string()).fetch_all(conn).await?;
    found.iter().map(read).collect()
}

/// Places a field.
///
/// # Errors
/// The database's.
pub async fn add(conn: &mut Conn, contract: ContractId, new: &NewField) -> Result<FieldId, Error> {
    let id = FieldId::from_uuid(Uuid::now_v7());
    let seal_kind = new.seal_kind.map(|kind| row::to_json("fields.seal_kind", &kind)).transpose()?;
    sqlx::query(
        "insert into fields (id, contract_id, document_id, recipient_id, name, kind, page, x, y, w, h, required,
                             seal_kind, style, span)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12, $13, $14)",
    )
    .bind(id.to_string())
    .bind(contract.to_string())
    .bind(new.document_id.to_string())
    .bind(new.recipient_id.to_string())
    .bind(&new.name)
    .bind(new.kind.as_str())
    .bind(i64::from(new.place.page))
    .bind(new.place.x)
    .bind(new.place.y)
    .bind(new.place.w)
    .bind(new.place.h)
    .bind(seal_kind.as_deref().map(|quoted| quoted.trim_matches('"')))
    .bind(new.style.map(|style| row::to_json("fields.style", &style)).transpose()?)
    .bind(new.span.map(|span| row::to_json("fields.span", &span)).transpose()?)
    .execute(conn)
    .await?;
    Ok(id)
}

/// Keeps a draft; none clears it.
///
/// # Errors
/// The database's.
pub async fn set_value(
    conn: &mut Conn,
    id: FieldId,
    value: Option<&Value>,
    now_ms: i64,
) -> Result<(), Error> {
    let text = value.map(|value| row::to_json("fields.value", value)).transpose()?;
    sqlx::query("update fields set value = $2, value_at_ms = $3 where id = $1")
        .bind(id.to_string())
        .bind(text)
        .bind(now_ms)
        .execute(conn)
        .await?;
    Ok(())
}
