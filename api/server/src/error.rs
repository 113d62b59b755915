//! From what went wrong to what the client is told. Domain errors know no status codes; the one `match` here does.

use axum::response::{IntoResponse, Response};
use sealflow_core::{Rejection, model::contract_type::Feature};
use sealflow_pdf::{confined, convert::word, picture, read};
use sealflow_store::{
    blobs, codes,
    contracts::{ActError, DraftError, SendError},
    instances::submit,
    jobs, seals, signatures, signing,
};

use crate::{
    problem::{Code, Refusal, feature, field},
    turns,
};

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The handler itself refused.
    #[error("refused: {}", .0.code.as_str())]
    Refused(Refusal),
    #[error("the store failed")]
    Store(#[from] sealflow_store::Error),
    #[error("a file could not be kept or read")]
    Blob(#[from] blobs::Error),
    #[error("the draft was not kept")]
    Draft(#[from] DraftError),
    #[error("the contract was not sent")]
    Send(#[from] SendError),
    #[error("the sender's wish was not carried out")]
    Act(#[from] ActError),
    #[error("the signer's step was not taken")]
    Signing(#[from] signing::Error),
    #[error("no code was sent")]
    Code(#[from] codes::IssueError),
    #[error("the seal was not kept")]
    Seal(#[from] seals::ManageError),
    #[error("the signature was not kept")]
    Signature(#[from] signatures::AddError),
    #[error("no mark was made of the picture")]
    Mark(#[source] confined::Error),
    #[error("the job was not retried")]
    RetryDead(#[from] jobs::RetryDeadError),
    #[error("the job was not discarded")]
    Discard(#[from] jobs::DiscardError),
    #[error("the incident was not decided")]
    Decide(#[source] submit::Error),
    #[error("the upload was refused")]
    Pdf(#[from] confined::Error),
    #[error("the Word file was not converted")]
    Word(#[from] word::Error),
    #[error("a temporary file failed")]
    TemporaryFile(#[source] std::io::Error),
    /// Something that cannot happen, did.
    #[error("broken: {0}")]
    Broken(&'static str),
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::Refused(code.into())
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Error {
    fn refusal(&self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal.clone(),
            Self::Store(error) => of_store(error),
            Self::Draft(error) => of_draft(error),
            Self::Send(error) => of_send(error),
            Self::Act(error) => match error {
                ActError::NotInProgress => Code::NotInProgress.into(),
                ActError::TooSoon { wait_ms } => {
                    Refusal::from(Code::RemindTooSoon).retry_after_s((wait_ms + 999).div_euclid(1000))
                }
                ActError::Submit(error) => of_submit(error, Code::NotInProgress),
                ActError::Store(error) => of_store(error),
            },
            Self::Signing(error) => of_signing(error),
            Self::Code(error) => of_issue(error),
            Self::Seal(error) => match error {
                seals::ManageError::NameTaken => Code::SealNameTaken.into(),
                seals::ManageError::TooMany => Code::SealLimit.into(),
                seals::ManageError::Enabled => Code::SealEnabled.into(),
                seals::ManageError::Awaited => Code::SealAwaited.into(),
                seals::ManageError::Store(error) => of_store(error),
            },
            Self::Signature(error) => match error {
                signatures::AddError::TooMany => Code::SignatureLimit.into(),
                signatures::AddError::TooOften => Refusal::from(Code::SignaturesTooOften).retry_after_s(3600),
                signatures::AddError::Store(error) => of_store(error),
            },
            Self::Mark(error) => of_mark(error),
            Self::RetryDead(error) => of_retry_dead(error),
            Self::Discard(error) => match error {
                jobs::DiscardError::NotDead(error) => of_retry_dead(error),
                jobs::DiscardError::Awaited(_) => Code::JobAwaited.into(),
                jobs::DiscardError::Store(error) => of_store(error),
            },
            Self::Decide(error) => match error {
                submit::Error::UnknownInstance(_) => Code::NotFound.into(),
                submit::Error::Rejected(Rejection::WrongPerson { .. } | Rejection::LimitReached { .. }) => {
                    Code::IncidentNotOpen.into()
                }
                error => of_submit(error, Code::IncidentNotOpen),
            },
            Self::Pdf(error) => of_pdf(error),
            Self::Word(error) => match error {
                word::Error::Absent => Code::WordUnavailable.into(),
                word::Error::Busy => Refusal::from(Code::WordBusy).retry_after_s(turns::RETRY_AFTER_S),
                word::Error::NotWord { .. } | word::Error::Refused { .. } => Code::FileWordUnusable.into(),
                _ => Code::Internal.into(),
            },
            Self::Blob(_) | Self::TemporaryFile(_) | Self::Broken(_) => Code::Internal.into(),
        }
    }
}

fn of_retry_dead(error: &jobs::RetryDeadError) -> Refusal {
    match error {
        jobs::RetryDeadError::Unknown(_) => Code::NotFound.into(),
        jobs::RetryDeadError::NotDead { .. } | jobs::RetryDeadError::UnknownKind(_) => {
            Code::JobNotDead.into()
        }
        jobs::RetryDeadError::Store(error) => of_store(error),
    }
}

fn of_store(error: &sealflow_store::Error) -> Refusal {
    if error.is_transient() {
        return Refusal::from(Code::Unavailable).retry_after_s(1);
    }
    Code::Internal.into()
}

fn of_draft(error: &DraftError) -> Refusal {
    let at = |index: &usize, name: &str| format!("recipients[{index}].{name}");
    match error {
        DraftError::Role { index } => Refusal::from(Code::RoleUnknown).field(at(index, "role"), field::ROLE),
        DraftError::OrganizationNeeded { index } => {
            Refusal::from(Code::InvalidFields).field(at(index, "organization_id"), field::ORGANIZATION)
        }
        DraftError::OrganizationNotWanted { index } => {
            Refusal::from(Code::InvalidFields).field(at(index, "organization_id"), field::NO_ORGANIZATION)
        }
        DraftError::OrganizationUnknown { index } => {
            Refusal::from(Code::OrganizationUnusable).field(at(index, "organization_id"), field::ORGANIZATION)
        }
        DraftError::PlacementRole { index } => {
            Refusal::from(Code::InvalidFields).field(format!("fields[{index}].role"), field::FIELD_ROLE)
        }
        DraftError::PlacementDocument { index } => Refusal::from(Code::InvalidFields)
            .field(format!("fields[{index}].document_id"), field::FIELD_DOCUMENT),
        DraftError::NotDraft => Code::NotDraft.into(),
        DraftError::Store(error) => of_store(error),
    }
}

fn of_send(error: &SendError) -> Refusal {
    let at = |index: &usize, name: &str| format!("recipients[{index}].{name}");
    match error {
        SendError::Unknown => Code::NotFound.into(),
        SendError::NotDraft => Code::NotDraft.into(),
        SendError::NoDocuments => Code::NoDocuments.into(),
        SendError::NoRecipients => Code::NoRecipients.into(),
        SendError::RoleUnfilled { role } => {
            Refusal::from(Code::RolesUnfilled).field(role, field::ROLE_UNFILLED)
        }
        SendError::SamePhone { index } => {
            Refusal::from(Code::InvalidFields).field(at(index, "phone"), field::SAME_PERSON)
        }
        SendError::OrganizationUnusable { index } => {
            Refusal::from(Code::OrganizationUnusable).field(at(index, "organization_id"), field::ORGANIZATION)
        }
        SendError::TransactorNotMember { index } => {
            Refusal::from(Code::TransactorNotMember).field(at(index, "phone"), field::TRANSACTOR)
        }
        SendError::DeadlinePast => {
            Refusal::from(Code::InvalidFields).field("deadline_at_ms", field::DEADLINE)
        }
        SendError::Placement { .. } => Code::PlacementMissing.into(),
        SendError::PlacedField { index } => {
            Refusal::from(Code::FieldMisplaced).field(format!("fields[{index}]"), field::FIELD_PLACE)
        }
        SendError::CrossPages { document, pages } => Refusal::from(Code::CrossPagePages)
            .field("documents", format!("{}{pages}:{document}", field::CROSS_PAGES)),
        SendError::ContractType => Code::ContractTypeUnknown.into(),
        SendError::NotOffered { missing } => not_offered(missing),
        SendError::AgreementMissing { .. } => Code::Internal.into(),
        SendError::Start(error) => of_submit(error, Code::NotDraft),
        SendError::Store(error) => of_store(error),
    }
}

/// The contract type needs more than this build has.
pub(crate) fn not_offered(missing: &[Feature]) -> Refusal {
    missing.iter().fold(Refusal::from(Code::ContractTypeUnavailable), |refusal, missing| {
        refusal.field("contract_type", feature::key(*missing))
    })
}

fn of_signing(error: &signing::Error) -> Refusal {
    let value = |id: &sealflow_core::ids::FieldId| format!("fields[{id}].value");
    match error {
        signing::Error::StepNotOpen { .. } => Code::StepNotOpen.into(),
        signing::Error::AgreementChanged => Code::AgreementChanged.into(),
        signing::Error::ReadingIncomplete { wait_s: 0 } => Code::ReadingIncomplete.into(),
        signing::Error::ReadingIncomplete { wait_s } => {
            Refusal::from(Code::ReadingIncomplete).retry_after_s(*wait_s)
        }
        signing::Error::FieldUnknown(_) => Code::FieldUnknown.into(),
        signing::Error::ValueKind(id) => {
            Refusal::from(Code::InvalidFields).field(value(id), field::VALUE_KIND)
        }
        signing::Error::SealNotUsable(_) => Code::SealNotGranted.into(),
        signing::Error::SignatureUnknown(_) => Code::SignatureUnknown.into(),
        signing::Error::FieldsMissing(missing) => missing
            .iter()
            .fold(Refusal::from(Code::FieldsMissing), |refusal, id| refusal.field(value(id), field::BLANK)),
        signing::Error::ContentChanged => Code::ContentChanged.into(),
        signing::Error::Code(error) => of_issue(error),
        signing::Error::Submit(error) => of_submit(error, Code::StepNotOpen),
        signing::Error::Store(error) => of_store(error),
    }
}

fn of_issue(error: &codes::IssueError) -> Refusal {
    match error {
        codes::IssueError::TooSoon { retry_after_s } => {
            Refusal::from(Code::CodeLimit).retry_after_s(*retry_after_s)
        }
        codes::IssueError::Store(error) => of_store(error),
    }
}

/// `closed` says what it means that the instance does not wait for the event.
fn of_submit(error: &submit::Error, closed: Code) -> Refusal {
    match error {
        submit::Error::Rejected(rejection) => match rejection {
            Rejection::WrongPerson { .. } => Code::Forbidden.into(),
            Rejection::LimitReached { .. } => Code::RemindLimit.into(),
            Rejection::DataTooLarge { .. } => Code::PayloadTooLarge.into(),
            Rejection::Finished
            | Rejection::UnknownActionHere { .. }
            | Rejection::UnknownItem { .. }
            | Rejection::GuardRefused { .. } => closed.into(),
            _ => Code::Internal.into(),
        },
        submit::Error::EventIdReused(_) => Code::KeyReused.into(),
        submit::Error::Conflict(_) => Refusal::from(Code::Unavailable).retry_after_s(1),
        submit::Error::Store(error) => of_store(error),
        submit::Error::UnknownInstance(_)
        | submit::Error::UnknownDefinition(_)
        | submit::Error::AlreadyStarted(_)
        | submit::Error::BadEventId
        | submit::Error::BadSubject => Code::Internal.into(),
    }
}

fn of_pdf(error: &confined::Error) -> Refusal {
    let confined::Error::Read(error) = error else {
        return match error {
            confined::Error::Refused { .. } => Code::FileTooComplex.into(),
            confined::Error::Busy => Refusal::from(Code::Unavailable).retry_after_s(turns::RETRY_AFTER_S),
            confined::Error::Picture { source: picture::Error::TooLarge { .. }, .. } => {
                Code::FilePictureTooLarge.into()
            }
            confined::Error::Picture { .. } => Code::FilePictureUnusable.into(),
            _ => Code::Internal.into(),
        };
    };
    match error {
        read::Error::NotAPdf => Code::FileNotPdf.into(),
        read::Error::Encrypted => Code::FileEncrypted.into(),
        read::Error::Empty => Code::FileEmpty.into(),
        // The upload itself was measured before: something inside it is too large.
        read::Error::TooLarge { .. } => Code::FileTooComplex.into(),
        read::Error::TooManyPages { .. } => Code::FileTooManyPages.into(),
        read::Error::SignedAndDamaged => Code::FileSignedDamaged.into(),
        _ => Code::FileDamaged.into(),
    }
}

/// A photo or scan of a seal or signature.
fn of_mark(error: &confined::Error) -> Refusal {
    match error {
        confined::Error::Picture { source, .. } => match source {
            picture::Error::NotAPicture => Code::MarkNotAPicture.into(),
            picture::Error::TooLarge { .. } => Code::MarkTooLarge.into(),
            picture::Error::Blank => Code::MarkBlank.into(),
            picture::Error::NoPaper => Code::MarkNoPaper.into(),
            _ => Code::MarkDamaged.into(),
        },
        confined::Error::Refused { .. } => Code::MarkDamaged.into(),
        confined::Error::Busy => Refusal::from(Code::Unavailable).retry_after_s(turns::RETRY_AFTER_S),
        _ => Code::Internal.into(),
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let refusal = self.refusal();
        if refusal.code.status().is_server_error() {
            tracing::error!(error = &self as &dyn std::error::Error, "a request failed");
        } else {
            tracing::debug!(problem.code = refusal.code.as_str(), "a request was refused");
        }
        refusal.into_response()
    }
}
