//! Contracts (合同): drafting, sending, following, fetching.

mod convert;
mod create;
mod detail;
mod documents;
mod file;
mod list;
mod placed;
mod recall;
mod send;
mod timeline;

use sealflow_core::ids::{ContractId, PersonId};
use sealflow_store::{
    Conn,
    contracts::{self, Seen},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) use detail::Sender;
pub(super) use documents::{Upload, receive, receive_up_to};
pub(super) use placed::TextLook;
pub(super) use recall::Reason;

use crate::{App, error::Error, openapi::Refusals, problem::Code};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list_contracts, create::create_contract))
        .routes(routes!(detail::get_contract, create::update_contract))
        .routes(routes!(send::send_contract))
        .routes(routes!(recall::withdraw_contract))
        .routes(routes!(recall::remind_recipients))
        .routes(routes!(documents::remove_document))
        .routes(routes!(file::get_document_file))
        .merge(documents::upload_router())
}

const DRAFTING: &[Code] = &[
    Code::Forbidden,
    Code::ContractTypeUnknown,
    Code::ContractTypeUnavailable,
    Code::RoleUnknown,
    Code::OrganizationUnusable,
    Code::NotDraft,
];

pub(super) const REFUSALS: Refusals = &[
    ("create_contract", DRAFTING),
    ("update_contract", DRAFTING),
    (
        "add_document",
        &[
            Code::Forbidden,
            Code::NotDraft,
            Code::TooManyDocuments,
            Code::FileMissing,
            Code::FileTooLarge,
            Code::FileNotPdf,
            Code::FileEncrypted,
            Code::FileEmpty,
            Code::FileDamaged,
            Code::FileTooManyPages,
            Code::FileTooComplex,
            Code::FilesAtOnce,
            Code::FileSigned,
            Code::FileSignedDamaged,
            Code::FileDynamicForm,
            Code::FilePictureUnusable,
            Code::FilePictureTooLarge,
            Code::FilesMixed,
            Code::FileWordUnusable,
            Code::FileWordOld,
            Code::WordUnavailable,
            Code::WordBusy,
        ],
    ),
    ("remove_document", &[Code::Forbidden, Code::NotDraft]),
    ("get_document_file", &[Code::FilesAtOnce]),
    (
        "send_contract",
        &[
            Code::FieldMisplaced,
            Code::CrossPagePages,
            Code::Forbidden,
            Code::NotDraft,
            Code::KeyReused,
            Code::NoDocuments,
            Code::NoRecipients,
            Code::RolesUnfilled,
            Code::InvalidFields,
            Code::OrganizationUnusable,
            Code::TransactorNotMember,
            Code::PlacementMissing,
            Code::ContractTypeUnknown,
            Code::ContractTypeUnavailable,
        ],
    ),
    ("withdraw_contract", &[Code::Forbidden, Code::NotInProgress, Code::KeyReused]),
    (
        "remind_recipients",
        &[Code::Forbidden, Code::NotInProgress, Code::KeyReused, Code::RemindTooSoon, Code::RemindLimit],
    ),
];

/// The contract, if the person may see it; whatever is invisible is not found.
async fn visible(conn: &mut Conn, id: ContractId, person: PersonId) -> Result<Seen, Error> {
    Ok(contracts::seen_by(conn, id, person).await?.ok_or(Code::NotFound)?)
}

/// The draft, if the person made it and may still send for the organization.
async fn own_draft(conn: &mut Conn, id: ContractId, person: PersonId) -> Result<Seen, Error> {
    let seen = visible(conn, id, person).await?;
    if !seen.parts.sender || !seen.parts.may_send {
        return Err(Code::Forbidden.into());
    }
    if !seen.contract.is_draft() {
        return Err(Code::NotDraft.into());
    }
    Ok(seen)
}
