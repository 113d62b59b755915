//! What a recipient enters into the fields. It is a draft until it is confirmed.

use axum::{
    Json,
    extract::{DefaultBodyLimit, State},
};
use garde::Validate;
use sealflow_core::{
    ids::{FieldId, RecipientId, SealId, SignatureId},
    model::contract_type,
};
use sealflow_pdf::{
    Appearance,
    appearance::{self, Overflow, TextFont, TextStyle},
};
use sealflow_store::{
    fields as model,
    signing::{self, Entry},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    signer,
    view::{self, Signing},
};
use crate::{
    App,
    auth::SignedIn,
    error::Error,
    extract::{At, Body, rules},
    problem::{Code, Language, Refusal, field},
};

/// The most strokes of a drawn signature.
const STROKES_MAX: usize = 200;
/// The most points of a drawn signature.
const POINTS_MAX: usize = 5_000;
/// The largest pad, in its own units.
const PAD_MAX: f64 = 10_000.0;

/// The largest body, in bytes: drawn signatures for every field.
const BODY_BYTES_MAX: usize = 4 << 20;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(fill_fields)).layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// Values for some of the fields.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct FieldsInput {
    /// Fields that are not named keep what they have.
    #[garde(length(max = 500), dive)]
    fields: Vec<FieldInput>,
}

/// A value for a field.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct FieldInput {
    /// Which field.
    #[garde(skip)]
    #[schema(value_type = String, format = "uuid")]
    id: FieldId,
    /// What is put there; null empties it.
    #[garde(dive)]
    value: Option<FieldEntry>,
}

/// What is put into a field: a drawn signature, one of a photo, a seal, today's date, or a text.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(untagged)]
pub(crate) enum FieldEntry {
    /// A drawn signature.
    Signature(#[garde(custom(drawn))] Strokes),
    /// A seal.
    Seal {
        /// Which.
        #[garde(skip)]
        #[schema(value_type = String, format = "uuid")]
        seal_id: SealId,
    },
    /// A signature that the person keeps as a picture.
    Image {
        /// Which.
        #[garde(skip)]
        #[schema(value_type = String, format = "uuid")]
        signature_id: SignatureId,
    },
    /// The day of signing, which is today.
    Date {
        /// Always true.
        #[garde(custom(always_true))]
        date: bool,
    },
    /// A text.
    Text {
        /// At most 500 characters.
        #[garde(length(chars, min = 1, max = 500), custom(visible_text))]
        #[schema(max_length = 500)]
        text: String,
    },
}

/// A drawn signature, in the coordinates of the pad: x to the right, y downwards.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Strokes {
    /// Each stroke is the way of the pen from touching to lifting. At most 200 strokes and 5,000 points.
    strokes: Vec<Vec<Point>>,
    /// Width of the pad.
    #[schema(example = 300.0)]
    width: f64,
    /// Height of the pad.
    #[schema(example = 180.0)]
    height: f64,
}

/// A point of a stroke.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub(crate) struct Point {
    /// From the pad's left edge.
    #[schema(example = 20.5)]
    x: f64,
    /// From the pad's upper edge.
    #[schema(example = 75.0)]
    y: f64,
    /// Width of the line here, in the pad's units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    w: Option<f64>,
}

fn drawn(strokes: &Strokes, (): &()) -> garde::Result {
    let size = |value: f64| (1.0..=PAD_MAX).contains(&value);
    // A pen may leave the pad a little.
    let near = |value: f64, edge: f64| value.is_finite() && value >= -edge && value <= 2.0 * edge;
    let points: usize = strokes.strokes.iter().map(Vec::len).sum();
    let inside = |point: &Point| {
        near(point.x, strokes.width)
            && near(point.y, strokes.height)
            && point.w.is_none_or(|w| w.is_finite() && (0.0..=100.0).contains(&w))
    };
    let valid = size(strokes.width)
        && size(strokes.height)
        && strokes.strokes.len() <= STROKES_MAX
        && (2..=POINTS_MAX).contains(&points)
        && strokes.strokes.iter().flatten().all(inside);
    if valid { Ok(()) } else { Err(garde::Error::new(field::STROKES)) }
}

/// Without the marks of no width that come along when a text is pasted: they are in no font, and nobody sees them.
fn visible(text: &str) -> String {
    let no_width = |c: char| matches!(c, '\u{200b}'..='\u{200d}' | '\u{feff}');
    text.replace(no_width, "").trim().to_owned()
}

fn visible_text(text: &str, (): &()) -> garde::Result {
    rules::plain_text(&visible(text), &())
}

fn always_true(value: &bool, (): &()) -> garde::Result {
    if *value { Ok(()) } else { Err(garde::Error::new(field::VALUE_KIND)) }
}

/// To a hundredth: finer than any pen, and the same number in every program.
fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

impl From<Strokes> for model::Strokes {
    fn from(drawn: Strokes) -> Self {
        let point =
            |point: Point| model::Point { x: round(point.x), y: round(point.y), w: point.w.map(round) };
        let stroke = |stroke: Vec<Point>| stroke.into_iter().map(point).collect();
        Self {
            strokes: drawn.strokes.into_iter().map(stroke).collect(),
            width: round(drawn.width),
            height: round(drawn.height),
        }
    }
}

impl From<model::Strokes> for Strokes {
    fn from(kept: model::Strokes) -> Self {
        let point = |point: model::Point| Point { x: point.x, y: point.y, w: point.w };
        let stroke = |stroke: Vec<model::Point>| stroke.into_iter().map(point).collect();
        Self {
            strokes: kept.strokes.into_iter().map(stroke).collect(),
            width: kept.width,
            height: kept.height,
        }
    }
}

impl FieldInput {
    fn into_entry(self) -> (FieldId, Entry) {
        let entry = match self.value {
            None => Entry::Nothing,
            Some(FieldEntry::Signature(strokes)) => Entry::Signature(strokes.into()),
            Some(FieldEntry::Seal { seal_id }) => Entry::Seal(seal_id),
            Some(FieldEntry::Image { signature_id }) => Entry::Image(signature_id),
            Some(FieldEntry::Date { .. }) => Entry::Today,
            Some(FieldEntry::Text { text }) => Entry::Text(visible(&text)),
        };
        (self.id, entry)
    }
}

/// What of a style decides whether a text fits.
fn room(style: &contract_type::TextStyle) -> TextStyle {
    use contract_type::{TextFont as Face, TextOverflow};
    TextStyle {
        font: match style.font {
            Face::Sans => TextFont::Sans,
            Face::Serif => TextFont::Serif,
        },
        size: style.size,
        overflow: match style.overflow {
            TextOverflow::Shrink => Overflow::Shrink,
            TextOverflow::Wrap => Overflow::Wrap,
            TextOverflow::Refuse => Overflow::Refuse,
        },
        ..TextStyle::default()
    }
}

/// Texts that cannot be shown in their fields are refused now, not when they were confirmed.
fn check_texts(known: &[model::Field], entries: &[(FieldId, Entry)]) -> Result<(), Error> {
    let mut refusal = Refusal::from(Code::InvalidFields);
    for (id, entry) in entries {
        let own = known.iter().find(|own| own.id == *id);
        let (Entry::Text(text), Some(own)) = (entry, own) else { continue };
        let style = own.style.as_ref().map(room).unwrap_or_default();
        let shown = Appearance::Text { text: text.clone(), style };
        let message = match shown.check(own.place.w, own.place.h) {
            Ok(()) => continue,
            Err(appearance::Error::Glyph { character }) => format!("{}{character}", field::TEXT_GLYPH),
            Err(appearance::Error::Text { .. }) => field::TEXT_FIT.to_owned(),
            Err(_) => return Err(Error::Broken("the fonts of texts are not installed")),
        };
        refusal = refusal.field(format!("fields[{id}].value"), message);
    }
    if refusal.fields.is_empty() { Ok(()) } else { Err(refusal.into()) }
}

/// Keeps what was entered, until it is confirmed or changed.
#[utoipa::path(
    put, path = "/api/signing/{recipient_id}/fields", tag = "signing", security(("session" = [])),
    params(("recipient_id" = String, Path, format = "uuid")),
    request_body = FieldsInput, responses((status = OK, body = Signing))
)]
async fn fill_fields(
    State(app): State<App>,
    signed_in: SignedIn,
    language: Language,
    At(recipient_id): At<RecipientId>,
    Body(body): Body<FieldsInput>,
) -> Result<Json<Signing>, Error> {
    let mut tx = app.store.begin().await?;
    let signer = signer(tx.conn(), recipient_id, signed_in).await?;
    let entries: Vec<_> = body.fields.into_iter().map(FieldInput::into_entry).collect();
    let known = model::of_recipient(tx.conn(), signer.recipient.id).await?;
    check_texts(&known, &entries)?;
    signing::fill(&mut tx, &signer, &entries).await?;
    let view = view::of(tx.conn(), &signer, language).await?;
    tx.commit().await?;
    Ok(Json(view))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strokes(points: &[(f64, f64)]) -> Strokes {
        let points = points.iter().map(|&(x, y)| Point { x, y, w: None }).collect();
        Strokes { strokes: vec![points], width: 300.0, height: 180.0 }
    }

    #[test]
    fn marks_of_no_width_are_no_part_of_a_text() {
        assert_eq!(visible(" 零\u{200b}宽\u{feff} "), "零宽");
        assert!(visible_text("零\u{200d}宽", &()).is_ok());
        assert!(visible_text("\u{200b} \u{feff}", &()).is_err(), "nothing is left");
        assert!(visible_text("零\u{7}宽", &()).is_err(), "a control character");
    }

    #[test]
    fn only_a_drawing_is_taken_for_one() {
        assert!(drawn(&strokes(&[(10.0, 10.0), (20.0, 30.0)]), &()).is_ok());
        assert!(drawn(&strokes(&[]), &()).is_err());
        assert!(drawn(&strokes(&[(10.0, 10.0)]), &()).is_err());
        assert!(drawn(&strokes(&[(10.0, f64::NAN), (20.0, 30.0)]), &()).is_err());
        assert!(drawn(&strokes(&[(10.0, 10.0), (9_000.0, 30.0)]), &()).is_err());
        assert!(drawn(&strokes(&vec![(1.0, 1.0); POINTS_MAX + 1]), &()).is_err());
        let flat = Strokes { height: 0.0, ..strokes(&[(10.0, 0.0), (20.0, 0.0)]) };
        assert!(drawn(&flat, &()).is_err());
    }
}
