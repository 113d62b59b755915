//! What each kind of job does. One file a kind: its payload, a thin `run`, the functions that do the work.

mod deliver;
mod forget;
mod prepare_document;
mod raise;
mod send_code;
mod send_sms;
mod stamp_signature;
mod sweep_blobs;
mod timestamp;

use std::sync::Arc;

use sealflow_pdf::{Trust, confined::Confined};
use sealflow_providers::{
    ca, ca::CaClient, keystore, keystore::event::Keystore, revocation::RevocationClient, sms::SmsClient,
    tsa::TsaClient,
};
use sealflow_store::jobs::{Kind, Provider, WAITS_FOR_CA, WAITS_FOR_KEY};

pub use forget::Retention;
pub use raise::Signatures;

use crate::{
    registry::{Ctx, JobError, Registry, chain},
    room::Room,
};

/// How long a token that does not make keys is left alone, in milliseconds.
const KEY_REST_MS: i64 = 5_000;

/// How long an authority that gives no certificate, or no word on one, is left alone first, in milliseconds.
const REST_MS_MIN: i64 = 5_000;
/// And how long in the end.
const REST_MS_MAX: i64 = 300_000;

/// Fail points of the handlers, in the order of a contract; see `sealflow_store::failpoint`.
pub const FAIL_POINTS: &[&str] = &[
    deliver::BEFORE_CALL,
    deliver::AFTER_CALL,
    prepare_document::AFTER_BLOB,
    stamp_signature::BEFORE_ENROLMENT,
    stamp_signature::AFTER_CERTIFICATE,
    stamp_signature::AFTER_ENROLMENT,
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
    /// Where the files are that jobs work on.
    pub room: Room,
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

/// A key that cannot be made in its token now is waited for, like the timestamp authority.
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

/// Without a certificate nothing is signed either. A definite no ends the job; an answer that fits nobody is tried again, as it
/// needs a person in the end; for everything else the job waits, as long as it takes.
async fn waits_for_ca(ctx: &Ctx, error: &ca::Error) -> Result<JobError, JobError> {
    let reason = || format!("{WAITS_FOR_CA}: {}", chain(error));
    let asked_for_ms = |retry_after_s: Option<u64>| {
        retry_after_s.map(|s| i64::try_from(s).unwrap_or(i64::MAX).saturating_mul(1_000))
    };
    match error {
        ca::Error::Rejected { .. } | ca::Error::Setup(_) | ca::Error::NotHttps => {
            Ok(JobError::give_up(error))
        }
        ca::Error::Malformed(_) => Ok(JobError::retry(error)),
        // Too many requests; or busy, when it says for how long.
        ca::Error::Unavailable { status: 429, retry_after_s }
        | ca::Error::Unavailable { status: 503, retry_after_s: retry_after_s @ Some(_) } => {
            let (provider, rest_ms) = (Provider::Ca, asked_for_ms(*retry_after_s));
            Ok(JobError::Throttled { provider, rest_ms, error: reason() })
        }
        ca::Error::Unavailable { retry_after_s, .. } | ca::Error::Pending { retry_after_s } => {
            let at_least_ms = asked_for_ms(*retry_after_s).unwrap_or(0);
            waits(ctx, at_least_ms, reason()).await
        }
        ca::Error::Unreached(_) | ca::Error::Crypto(_) => waits(ctx, 0, reason()).await,
    }
}

/// Waits longer each time, up to some minutes, and at least so long as is wanted.
async fn waits(ctx: &Ctx, at_least_ms: i64, reason: String) -> Result<JobError, JobError> {
    let until = ctx.now().await?.plus_ms(rest_ms(ctx.begun()).max(at_least_ms));
    Ok(JobError::Wait { until, reason })
}

/// The rest after the job was begun so often, in milliseconds.
fn rest_ms(begun: u64) -> i64 {
    let doubled = u32::try_from(begun.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    (REST_MS_MIN << doubled).min(REST_MS_MAX)
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

#[cfg(test)]
mod tests {
    use super::rest_ms;

    #[test]
    fn rests_grow_to_some_minutes() {
        let rests: Vec<i64> = (1..=8).map(rest_ms).collect();
        assert_eq!(rests, [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
        assert_eq!((rest_ms(0), rest_ms(u64::MAX)), (5_000, 300_000));
    }
}
