//! Seals from a template: drawn from a few texts. The name along the arc is the organization's own and cannot be chosen.

use axum::{Json, extract::State, http::StatusCode};
use garde::Validate;
use sealflow_core::ids::OrganizationId;
use sealflow_pdf::seal::{self, SealSpec, Shape};
use sealflow_store::seals::{NewSeal, Source};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    administered, make,
    view::{ManagedSeal, SealColor, SealKind, SealPreview, SealShape},
};
use crate::{
    App,
    auth::SignedIn,
    error::Error,
    extract::{At, Body, rules},
    problem::{Code, Refusal, field},
};

/// How a seal is drawn.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
pub(crate) struct SealTemplate {
    /// What it is used for.
    #[garde(skip)]
    kind: SealKind,
    /// The outer form; a legal representative's seal is a square.
    #[garde(skip)]
    shape: SealShape,
    /// The ink.
    #[garde(skip)]
    color: SealColor,
    /// Width in millimetres; without it the usual one.
    #[garde(skip)]
    #[schema(example = 42.0)]
    width_mm: Option<f64>,
    /// The text in the middle, for kind `other` only; the other kinds have their own.
    #[garde(length(chars, max = 8), inner(custom(rules::no_controls)))]
    #[schema(max_length = 8)]
    text: Option<String>,
    /// The number at the foot; of an oval seal the tax number in its middle.
    #[garde(length(chars, max = 20), inner(custom(rules::alphanumeric)))]
    #[schema(max_length = 20, example = "3101150000001")]
    digits: Option<String>,
    /// Whose name a legal representative's seal shows.
    #[garde(length(chars, max = 12), inner(custom(rules::no_controls)))]
    #[schema(max_length = 12)]
    person_name: Option<String>,
}

/// A seal to be made.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct SealInput {
    /// Unique in the organization.
    #[garde(length(chars, min = 1, max = 30), custom(rules::plain_text))]
    #[schema(example = "合同专用章", max_length = 30)]
    name: String,
    /// How it is drawn.
    #[garde(dive)]
    template: SealTemplate,
}

fn given(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn wrong<T>(at: &str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::from(Code::InvalidFields).field(at, message))
}

impl SealTemplate {
    /// What is drawn for the organization of that name.
    fn spec(&self, organization_name: &str) -> Result<SealSpec, Refusal> {
        let (text, digits, person) =
            (given(self.text.as_ref()), given(self.digits.as_ref()), given(self.person_name.as_ref()));
        let shape = Shape::from(self.shape);
        let is_person = self.kind == SealKind::LegalRep;
        if is_person && shape != Shape::Square {
            return wrong("shape", field::SEAL_SHAPE);
        }
        if person.is_some() && !is_person {
            return wrong("person_name", field::SEAL_TEXT);
        }
        if text.is_some() && self.kind != SealKind::Other {
            return wrong("text", field::SEAL_TEXT);
        }
        if text.is_none() && self.kind == SealKind::Other {
            return wrong("text", field::SEAL_TEXT_NEEDED);
        }
        if digits.is_some() && shape == Shape::Square {
            return wrong("digits", field::SEAL_TEXT);
        }
        let words = text.or_else(|| self.kind.words().map(str::to_owned));
        let (center_text, bottom_text) = if shape == Shape::Oval { (digits, words) } else { (words, digits) };
        let drawn_name = if is_person { person.unwrap_or_default() } else { organization_name.to_owned() };
        let (_, widths) = seal::widths_mm(shape, self.kind.drawn());
        if self.width_mm.is_some_and(|width| !widths.contains(&width)) {
            return wrong("width_mm", format!("{}{}–{}", field::WIDTH, widths.start(), widths.end()));
        }
        Ok(SealSpec {
            shape,
            kind: self.kind.drawn(),
            organization_name: drawn_name,
            center_text,
            bottom_text,
            color: Some(self.color.into()),
            size_mm: self.width_mm,
        })
    }

    /// The impression.
    async fn draw(&self, organization_name: &str, at: &str) -> Result<(SealSpec, SealPreview), Error> {
        let spec = self.spec(organization_name).map_err(|refusal| below(at, refusal))?;
        let is_person = self.kind == SealKind::LegalRep;
        let drawing = spec.clone();
        // Outlines of forty glyphs take a while, and the first one reads the font.
        let drawn = tokio::task::spawn_blocking(move || {
            let size = seal::size_mm(&drawing)?;
            Ok((seal::draw(&drawing)?, size))
        });
        let drawn = drawn.await.map_err(|_| Error::Broken("drawing a seal does not panic"))?;
        let (svg, (width_mm, height_mm)) = match drawn {
            Ok(drawn) => drawn,
            Err(error) => return Err(of_drawing(error, is_person, at)),
        };
        Ok((spec, SealPreview { svg, width_mm, height_mm }))
    }
}

fn below(at: &str, mut refusal: Refusal) -> Refusal {
    for each in &mut refusal.fields {
        each.field = format!("{at}{}", each.field);
    }
    refusal
}

fn of_drawing(error: seal::Error, is_person: bool, at: &str) -> Error {
    let message = match &error {
        seal::Error::Glyph { character, .. } => format!("{}{character}", field::GLYPH),
        seal::Error::Field { field, .. } if field == "organization_name" && is_person => {
            field::SEAL_PERSON.to_owned()
        }
        seal::Error::Field { field, .. } if field == "organization_name" => {
            field::SEAL_NAME_LENGTH.to_owned()
        }
        seal::Error::Field { .. } => field::SEAL_TEXT.to_owned(),
        _ => return Error::Broken("the fonts of seals are not installed"),
    };
    let entry = match &error {
        seal::Error::Glyph { field, .. } | seal::Error::Field { field, .. } => match field.as_str() {
            "organization_name" if is_person => "person_name",
            "center_text" => "text",
            "bottom_text" => "digits",
            other => other,
        },
        _ => "",
    };
    Refusal::from(Code::InvalidFields).field(format!("{at}{entry}"), message).into()
}

/// Draws a seal that is not kept.
#[utoipa::path(
    post, path = "/api/organizations/{organization_id}/seals/preview", tag = "seals", security(("session" = [])),
    params(("organization_id" = String, Path, format = "uuid")),
    request_body = SealTemplate, responses((status = OK, body = SealPreview))
)]
pub(super) async fn preview_seal(
    State(app): State<App>,
    signed_in: SignedIn,
    At(organization_id): At<OrganizationId>,
    Body(body): Body<SealTemplate>,
) -> Result<Json<SealPreview>, Error> {
    let mut reader = app.store.read().await?;
    let organization = administered(&mut reader, organization_id, signed_in.person_id).await?;
    drop(reader);
    let (_, preview) = body.draw(&organization.name, "").await?;
    Ok(Json(preview))
}

/// Makes a seal from a template.
#[utoipa::path(
    post, path = "/api/organizations/{organization_id}/seals", tag = "seals", security(("session" = [])),
    params(("organization_id" = String, Path, format = "uuid")),
    request_body = SealInput, responses((status = CREATED, body = ManagedSeal))
)]
pub(super) async fn create_seal(
    State(app): State<App>,
    signed_in: SignedIn,
    At(organization_id): At<OrganizationId>,
    Body(body): Body<SealInput>,
) -> Result<(StatusCode, Json<ManagedSeal>), Error> {
    let person = signed_in.person_id;
    let mut reader = app.store.read().await?;
    let organization = administered(&mut reader, organization_id, person).await?;
    drop(reader);
    let (spec, preview) = body.template.draw(&organization.name, "template.").await?;
    let spec = serde_json::to_value(&spec).map_err(|_| Error::Broken("a seal's data is JSON"))?;
    let new = NewSeal {
        organization_id,
        name: body.name.trim(),
        kind: body.template.kind.into(),
        source: Source::Template,
        svg: &preview.svg,
        spec: &spec,
    };
    let seal = make(&app, &new, person, json!({"source": "template"})).await?;
    Ok((StatusCode::CREATED, Json(seal.into())))
}
