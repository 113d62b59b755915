//! The key of one signing and its certificate, as they come through waiting and crashes.
//!
//! ```text
//! key drawn, request written ─► kept ─► authority asked ─► certificate ─► kept ─► signed, timestamp ─► revision committed
//!                                │  ▲          │ not decided yet (202), away          │ no timestamp        │ forgotten
//!                                ▼  └──────────┘                                      └──► next attempt     ▼
//!                          next attempt: the same request, or the certificate that is there
//! ```
//!
//! An authority that decides later knows a request by its bytes, and one that is asked anew for each attempt certifies many keys
//! for one signature. So the request is kept before the authority hears of it, and its key with it, wrapped (`keystore/wrapped.rs`);
//! it goes with the job (`jobs/kept.rs` in the store). A key in a token cannot be kept: it ends with its session.

use openssl::{asn1::Asn1Time, x509::X509};
use sealflow_core::Timestamp;
use sealflow_providers::{
    ca::{self, Chain},
    keystore::{
        self, Algorithm, Subject, WrappingKey,
        event::{EventKey, Keystore},
        software::OneOffKey,
    },
};
use sealflow_store::failpoint;
use serde::{Deserialize, Serialize};

use crate::{
    handlers::{Tools, waits_for_ca, waits_for_key},
    registry::{Ctx, JobError},
};

/// The request is kept, the authority not asked.
pub(in crate::handlers) const BEFORE_ENROLMENT: &str = "handlers::stamp_signature::before_enrolment";
/// The certificate is issued, and not kept.
pub(in crate::handlers) const AFTER_CERTIFICATE: &str = "handlers::stamp_signature::after_certificate";
/// The certificate is kept.
pub(in crate::handlers) const AFTER_ENROLMENT: &str = "handlers::stamp_signature::after_enrolment";

/// A certificate is used again when it is good for so much longer, in seconds.
const GOOD_FOR_S: i64 = 60;

/// A key with its request, and its certificate when there is one.
struct Enrolment {
    key: EventKey,
    csr: Vec<u8>,
    chain: Option<Chain>,
}

/// The key and the certificate for this job: those of an earlier attempt, or new ones.
pub(super) async fn certified(
    ctx: &Ctx,
    tools: &Tools,
    subject: &Subject,
) -> Result<(EventKey, Chain), JobError> {
    let purpose = format!("job/{}", ctx.job_id());
    let by = WrappingKey::derive(&tools.secret, &purpose).map_err(|error| JobError::retry(&error))?;
    let enrolment = match earlier(ctx, tools, subject, &by).await? {
        Some(enrolment) => enrolment,
        None => new(ctx, tools, subject, &by).await?,
    };
    let Enrolment { key, csr, chain } = enrolment;
    if let Some(chain) = chain {
        return Ok((key, chain));
    }
    failpoint::hit(BEFORE_ENROLMENT);
    let chain = match tools.ca.enroll(&csr).await {
        Ok(chain) => chain,
        Err(error) => {
            if matches!(error, ca::Error::Rejected { .. }) {
                // Who tries it again then asks for something else.
                ctx.keep(None).await?;
            }
            return Err(waits_for_ca(ctx, &error).await?);
        }
    };
    failpoint::hit(AFTER_CERTIFICATE);
    if let Some(kept) = Kept::of(&key, &csr, Some(&chain), &by)? {
        ctx.keep(Some(kept.written()?)).await?;
    }
    failpoint::hit(AFTER_ENROLMENT);
    Ok((key, chain))
}

/// Draws a key and keeps its request.
async fn new(ctx: &Ctx, tools: &Tools, subject: &Subject, by: &WrappingKey) -> Result<Enrolment, JobError> {
    let key = by_key(ctx, tools.keystore.generate().await).await?;
    let csr = by_key(ctx, key.csr(subject).await).await?;
    if let Some(kept) = Kept::of(&key, &csr, None, by)? {
        ctx.keep(Some(kept.written()?)).await?;
    }
    Ok(Enrolment { key, csr, chain: None })
}

/// What an earlier attempt kept, when it is of use now.
async fn earlier(
    ctx: &Ctx,
    tools: &Tools,
    subject: &Subject,
    by: &WrappingKey,
) -> Result<Option<Enrolment>, JobError> {
    let Keystore::Software(algorithm) = &tools.keystore else { return Ok(None) };
    let Some(text) = ctx.kept().await? else { return Ok(None) };
    let now = ctx.now().await?;
    match read(&text, *algorithm, subject, by, now) {
        Ok(found) => Ok(found),
        Err(error) => {
            tracing::warn!(error = &*error, "the kept key of a signing cannot be used; another is made");
            Ok(None)
        }
    }
}

/// None: it is whole, but for another kind of key or another name, or its certificate has run out.
fn read(
    text: &str,
    algorithm: Algorithm,
    subject: &Subject,
    by: &WrappingKey,
    now: Timestamp,
) -> Result<Option<Enrolment>, Box<dyn std::error::Error + Send + Sync>> {
    let kept: Kept = serde_json::from_str(text)?;
    let csr = hex::decode(&kept.csr)?;
    let chain = kept.chain.as_ref().map(KeptChain::read).transpose()?;
    let is_good = match &chain {
        Some(chain) => is_good(&chain.leaf, now)?,
        None => true,
    };
    if kept.algorithm != algorithm || !subject.is_of(&csr)? || !is_good {
        return Ok(None);
    }
    let key = EventKey::Software(OneOffKey::unwrapped(algorithm, &hex::decode(&kept.key)?, by)?);
    Ok(Some(Enrolment { key, csr, chain }))
}

fn is_good(leaf: &[u8], now: Timestamp) -> Result<bool, openssl::error::ErrorStack> {
    let until = Asn1Time::from_unix(now.as_ms() / 1_000 + GOOD_FOR_S)?;
    Ok(X509::from_der(leaf)?.not_after() > until)
}

/// As it is kept; bytes are hexadecimal.
#[derive(Serialize, Deserialize)]
struct Kept {
    algorithm: Algorithm,
    /// Wrapped.
    key: String,
    csr: String,
    chain: Option<KeptChain>,
}

#[derive(Serialize, Deserialize)]
struct KeptChain {
    leaf: String,
    intermediates: Vec<String>,
    root: String,
    roots: Vec<String>,
}

impl Kept {
    /// None for a key that cannot be kept.
    fn of(
        key: &EventKey,
        csr: &[u8],
        chain: Option<&Chain>,
        by: &WrappingKey,
    ) -> Result<Option<Self>, JobError> {
        let EventKey::Software(key) = key else { return Ok(None) };
        let wrapped = key.wrapped(by).map_err(|error| JobError::retry(&error))?;
        Ok(Some(Self {
            algorithm: key.algorithm(),
            key: hex::encode(wrapped),
            csr: hex::encode(csr),
            chain: chain.map(KeptChain::of),
        }))
    }

    fn written(&self) -> Result<String, JobError> {
        serde_json::to_string(self).map_err(|error| JobError::retry(&error))
    }
}

impl KeptChain {
    fn of(chain: &Chain) -> Self {
        let list = |list: &[Vec<u8>]| list.iter().map(hex::encode).collect::<Vec<_>>();
        Self {
            leaf: hex::encode(&chain.leaf),
            intermediates: list(&chain.intermediates),
            root: hex::encode(&chain.root),
            roots: list(&chain.roots),
        }
    }

    fn read(&self) -> Result<Chain, hex::FromHexError> {
        let list = |list: &[String]| list.iter().map(hex::decode).collect::<Result<Vec<_>, _>>();
        Ok(Chain {
            leaf: hex::decode(&self.leaf)?,
            intermediates: list(&self.intermediates)?,
            root: hex::decode(&self.root)?,
            roots: list(&self.roots)?,
        })
    }
}

pub(super) async fn by_key<T>(ctx: &Ctx, answer: Result<T, keystore::Error>) -> Result<T, JobError> {
    match answer {
        Ok(answer) => Ok(answer),
        Err(error) => Err(waits_for_key(ctx, &error).await?),
    }
}
