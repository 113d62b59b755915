//! Signing: what a recipient sees and does, from the agreement to the confirmed will.

mod field;
mod fields;
mod intent;
mod steps;
mod view;

use sealflow_core::ids::RecipientId;
use sealflow_store::{
    Conn,
    signing::{self, Origin, Signer},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) use field::FieldKind;

use crate::{App, auth::SignedIn, context::Client, error::Error, openapi::Refusals, problem::Code};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(view::get_signing))
        .routes(routes!(steps::accept_agreement))
        .routes(routes!(steps::finish_reading))
        .merge(fields::router())
        .routes(routes!(intent::send_intent_code))
        .routes(routes!(intent::confirm_intent))
        .routes(routes!(steps::decline))
}

pub(super) const REFUSALS: Refusals = &[
    ("accept_agreement", &[Code::StepNotOpen, Code::AgreementChanged, Code::KeyReused]),
    ("finish_reading", &[Code::StepNotOpen, Code::ReadingIncomplete, Code::KeyReused]),
    ("fill_fields", &[Code::StepNotOpen, Code::FieldUnknown, Code::SealNotGranted, Code::SignatureUnknown]),
    ("send_intent_code", &[Code::StepNotOpen, Code::FieldsMissing, Code::SealNotGranted, Code::CodeLimit]),
    (
        "confirm_intent",
        &[
            Code::StepNotOpen,
            Code::FieldsMissing,
            Code::SealNotGranted,
            Code::IntentCodeWrong,
            Code::IntentCodeExpired,
            Code::TooManyTries,
            Code::ContentChanged,
            Code::KeyReused,
        ],
    ),
    ("decline", &[Code::StepNotOpen, Code::KeyReused]),
];

/// The recipient, if it is this person and the turn has come; anything else is not found.
async fn signer(conn: &mut Conn, id: RecipientId, signed_in: SignedIn) -> Result<Signer, Error> {
    Ok(signing::signer(conn, id, signed_in.person_id).await?.ok_or(Code::NotFound)?)
}

fn origin(client: &Client) -> Origin<'_> {
    Origin { ip: &client.ip, user_agent: &client.user_agent }
}
