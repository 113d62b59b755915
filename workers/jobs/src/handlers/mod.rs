//! What each kind of job does. One file a kind: its payload, a thin `run`, the functions that do the work.

mod deliver;
mod forget;
mod prepare_document;
mod send_code;
mod send_sms;
mod stamp_signature;

use std::sync::Arc;

use sealflow_pdf::{Trust, confined::Confined};
use sealflow_providers::{ca::CaClient, sms::SmsClient, tsa::TsaClient};
use sealflow_store::jobs::Kind;

pub use forget::Retention;

use crate::registry::Registry;

/// Fail points of the handlers, in the order of a contract; see `sealflow_store::failpoint`.
pub const FAIL_POINTS: &[&str] = &[
    deliver::BEFORE_CALL,
    deliver::AFTER_CALL,
    prepare_document::AFTER_BLOB,
    stamp_signature::AFTER_CERTIFICATE,
    stamp_signature::AFTER_TIMESTAMP,
    stamp_signature::AFTER_BLOB,
];

/// What handlers work with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tools {
    inner: Arc<Inner>,
}

/// The parts of [`Tools`].
#[derive(Debug)]
pub struct Inner {
    /// Opens PDF files, in child processes.
    pub confined: Confined,
    /// The SMS gateway.
    pub sms: SmsClient,
    /// The certificate authority.
    pub ca: CaClient,
    /// The timestamp authority.
    pub tsa: TsaClient,
    /// Further roots, DER, that timestamps and signatures may lead to beside the certificate authority's own.
    pub trust: Trust,
    /// Codes and links are derived from it.
    pub secret: [u8; 32],
    /// How long after a send with unknown result the gateway's "not found" is believed, in milliseconds.
    pub sms_settle_ms: i64,
    /// How long things are kept.
    pub retention: Retention,
}

impl Tools {
    /// Binds the parts together.
    #[must_use]
    pub fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }
}

impl std::ops::Deref for Tools {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.inner
    }
}

/// All handlers.
#[must_use]
pub fn registry(tools: &Tools) -> Registry {
    let mut registry = Registry::default();
    registry.add(Kind::SendSms, tools.clone(), send_sms::run);
    registry.add(Kind::SendCode, tools.clone(), send_code::run);
    registry.add(Kind::PrepareDocument, tools.clone(), prepare_document::run);
    registry.add(Kind::StampSignature, tools.clone(), stamp_signature::run);
    registry.add(Kind::ForgetSignIns, tools.clone(), forget::sign_ins);
    registry.add(Kind::ForgetJobs, tools.clone(), forget::finished_jobs);
    registry.add(Kind::ForgetInstances, tools.clone(), forget::instances);
    registry
}
