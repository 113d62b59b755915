//! Typed identifiers: a contract's id cannot be handed to a function that wants a document's.
//!
//! All are UUIDs (version 7 where they are drawn, so that they sort by time) and travel as lower-case text.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text was no UUID.
#[derive(Debug, thiserror::Error)]
#[error("not a valid id: {text:?}")]
pub struct ParseIdError {
    text: String,
    #[source]
    source: uuid::Error,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID drawn by the caller; the core draws none.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match Uuid::try_parse(text) {
                    Ok(uuid) => Ok(Self(uuid)),
                    Err(source) => Err(ParseIdError { text: text.chars().take(64).collect(), source }),
                }
            }
        }
    )*};
}

ids! {
    /// A contract (合同).
    ContractId,
    /// One file of a contract (文件).
    DocumentId,
    /// A routed party of a contract (参与方).
    RecipientId,
    /// A placed widget on a document (签署区).
    FieldId,
    /// A natural person.
    PersonId,
    /// An organization (企业): tenant and legal person.
    OrganizationId,
    /// A seal of an organization (印章).
    SealId,
    /// A signature that its person keeps as a picture (签名图片).
    SignatureId,
    /// A running definition (流程实例).
    InstanceId,
    /// A row of the job table (作业).
    JobId,
    /// A signed-in session.
    SessionId,
    /// A one-time code that was sent to somebody.
    CodeId,
}
