//! A recipient's field as its signer sees it: where it is, how it is set, what was filled in.

use sealflow_core::{
    ids::{DocumentId, FieldId, SealId, SignatureId},
    model::contract_type::{Edge as ModelEdge, FieldKind as ModelFieldKind, SealKind},
};
use sealflow_pdf::{
    FieldSpec, Rect,
    cross_page::{self, Edge, Span},
};
use sealflow_store::{
    documents,
    fields::{self, Value},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{super::contracts::TextLook, fields::Strokes};
use crate::mirrored::mirrored;

/// A field of the recipient.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Field {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: FieldId,
    /// On which document.
    #[schema(value_type = String, format = "uuid")]
    document_id: DocumentId,
    /// What it takes.
    kind: FieldKind,
    /// From 1.
    page: u32,
    /// Points from the left edge of the page as shown to the field's left edge.
    x: f64,
    /// Points from the lower edge of the page as shown to the field's lower edge.
    y: f64,
    /// Width in points.
    w: f64,
    /// Height in points.
    h: f64,
    /// Whether it must be filled.
    required: bool,
    /// The kind of seal that may be put here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "contract")]
    seal_kind: Option<SealKind>,
    /// How a date or text is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    style: Option<TextLook>,
    /// Of a cross-page seal, on each of its pages; its own place is then that of the whole impression.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    slices: Vec<FieldSlice>,
    /// What was filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<FieldValue>,
}

/// A page's part of a cross-page seal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldSlice {
    /// From 1.
    page: u32,
    /// Points from the left edge of the page as shown.
    x: f64,
    /// Points from the lower edge of the page as shown.
    y: f64,
    /// Width in points.
    w: f64,
    /// Height in points.
    h: f64,
    /// Which part of the impression, from 0 at its left.
    index: u32,
    /// How many parts the impression has.
    count: u32,
}

mirrored! {
    /// What a field takes.
    FieldKind of ModelFieldKind {
        /// A signature, drawn or of a photo.
        Signature,
        /// A seal of an organization.
        Seal,
        /// The day of signing.
        Date,
        /// A text that the signer enters.
        Text,
        /// One seal of an organization in slices over the edges of several pages (骑缝章).
        CrossPageSeal,
    }
}

/// What was filled into a field.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum FieldValue {
    /// A drawn signature.
    Signature(Strokes),
    /// A seal.
    Seal {
        /// Which.
        #[schema(value_type = String, format = "uuid")]
        seal_id: SealId,
    },
    /// A signature that was cut out of a photo.
    Image {
        /// Which.
        #[schema(value_type = String, format = "uuid")]
        signature_id: SignatureId,
    },
    /// The day of signing.
    Date {
        /// As `2026-11-23`.
        #[schema(example = "2026-11-23")]
        date: String,
    },
    /// A text.
    Text {
        /// The text.
        text: String,
    },
}

impl From<Value> for FieldValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Signature(strokes) => Self::Signature(strokes.into()),
            Value::Seal { seal_id } => Self::Seal { seal_id },
            Value::Image { signature_id, .. } => Self::Image { signature_id },
            Value::Date { date } => Self::Date { date },
            Value::Text { text } => Self::Text { text },
        }
    }
}

/// Where the slices of a cross-page seal are: as the file has them.
fn slices(field: &fields::Field, documents: &[documents::Document]) -> Vec<FieldSlice> {
    let document = documents.iter().find(|document| document.id == field.document_id);
    let (Some(span), Some(document)) = (field.span, document) else { return Vec::new() };
    let number = |page: u32| usize::try_from(page).unwrap_or(usize::MAX);
    let sizes: Vec<(f64, f64)> = document.pages.iter().map(|size| (size.width, size.height)).collect();
    let edge = match span.edge {
        ModelEdge::Left => Edge::Left,
        ModelEdge::Right => Edge::Right,
    };
    let place = field.place;
    let rect = Rect { x: place.x, y: place.y, width: place.w, height: place.h };
    let span = Span { first: number(place.page), last: number(span.to_page), edge };
    let placed = cross_page::place(&field.name, span, &rect, &sizes).unwrap_or_default();
    let small = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let slice = |spec: &FieldSpec| {
        let (index, count) = cross_page::slice_of(&spec.name, &field.name)?;
        let Rect { x, y, width: w, height: h } = spec.rect;
        Some(FieldSlice { page: small(spec.page), x, y, w, h, index: small(index), count: small(count) })
    };
    placed.iter().filter_map(slice).collect()
}

impl Field {
    pub(super) fn of(field: fields::Field, documents: &[documents::Document]) -> Self {
        Self {
            slices: slices(&field, documents),
            style: field.style.map(TextLook::from),
            id: field.id,
            document_id: field.document_id,
            kind: field.kind.into(),
            page: field.place.page,
            x: field.place.x,
            y: field.place.y,
            w: field.place.w,
            h: field.place.h,
            required: field.required,
            seal_kind: field.seal_kind,
            value: field.value.map(FieldValue::from),
        }
    }
}
