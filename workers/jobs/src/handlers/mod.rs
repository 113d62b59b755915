//! What each kind of job does. One file a kind: its payload, a thin `run`, the functions that do the work.

mod deliver;
mod forget;
mod prepare_document;
mod raise;
mod send_code;
mod send_sms;
mod stamp_signature;
mod sweep_blobs;

use std::sync::Arc;

use sealflow_pdf::{Trust, confined::Confined};
use sealflow_providers::{
    ca::CaClient, keystore, keystore::event::Keystore, revocation::RevocationClient, sms::SmsClient, tsa,
    tsa::TsaClient,
};
use sealflow_store::jobs::{Kind, WAITS_FOR_KEY, WAITS_FOR_TIMESTAMP};

pub use forget::Retention;
pub use raise::Signatures;

use crate::registry::{Ctx, JobError, Registry, chain};

/// How long a timestamp authority that does not answer is left alone, in milliseconds.
const TIMESTAMP_REST_MS: i64 = 5_000;
/// How long a token that does not make keys is left alone, in milliseconds.
const KEY_REST_MS: i64 = 5_000;

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
    /// Makes the keys that sign.
    pub keystore: Keystore,
    /// The timestamp authority.
    pub tsa: TsaClient,
    /// Asks issuers about their certificates.
    pub revocation: RevocationClient,
    /// What level signatures get.
    pub signatures: Signatures,
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

/// Without a timestamp nothing is signed: the job waits, as long as it takes, and says for whom. A definite no ends it.
async fn waits_for_timestamp(ctx: &Ctx, error: &tsa::Error) -> Result<JobError, JobError> {
    if raise::is_definite(error) {
        return Ok(JobError::give_up(error));
    }
    let until = ctx.now().await?.plus_ms(TIMESTAMP_REST_MS);
    Ok(JobError::Wait { until, reason: format!("{WAITS_FOR_TIMESTAMP}: {}", chain(error)) })
}

/// A key that cannot be made in its token now is waited for in the same way.
async fn waits_for_key(ctx: &Ctx, error: &keystore::Error) -> Result<JobError, JobError> {
    match error {
        keystore::Error::Token(_) => {
            let until = ctx.now().await?.plus_ms(KEY_REST_MS);
            Ok(JobError::Wait { until, reason: format!("{WAITS_FOR_KEY}: {}", chain(error)) })
        }
        keystore::Error::Name(_) => Ok(JobError::give_up(error)),
        other => Ok(JobError::retry(other)),
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
    registry.add(Kind::RaiseDocuments, tools.clone(), raise::find);
    registry.add(Kind::RaiseDocument, tools.clone(), raise::run);
    registry.add(Kind::ForgetSignIns, tools.clone(), forget::sign_ins);
    registry.add(Kind::ForgetJobs, tools.clone(), forget::finished_jobs);
    registry.add(Kind::ForgetInstances, tools.clone(), forget::instances);
    registry.add(Kind::SweepBlobs, tools.clone(), sweep_blobs::run);
    registry
}
