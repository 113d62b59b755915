//! Validating any PDF: what its signatures are worth, in the words of ETSI EN 319 102-1 and in plain ones. The file is
//! opened in a confined child process and not kept.

use std::time::Duration;

use axum::{
    Json,
    extract::{DefaultBodyLimit, Request, State},
};
use sealflow_pdf::{
    sign::ValidationData,
    validate::{self, RevocationStatus, Verdict, Wanted, chinese, english},
};
use sealflow_providers::revocation::{Inquiry, Question, Word};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::contracts::{Upload, receive};
use crate::{
    App,
    auth::SignedIn,
    error::Error,
    openapi::Refusals,
    problem::{Code, Language},
};

/// How long issuers are asked altogether; what they have not said by then counts as not said.
const ASKING_MAX: Duration = Duration::from_secs(15);
/// How often they are asked, for words that were not enough.
const ROUNDS_MAX: usize = 6;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(validate_file)).layer(DefaultBodyLimit::disable())
}

pub(super) const REFUSALS: Refusals = &[(
    "validate_file",
    &[
        Code::FileMissing,
        Code::FileTooLarge,
        Code::FileNotPdf,
        Code::FileEncrypted,
        Code::FileEmpty,
        Code::FileDamaged,
        Code::FileTooManyPages,
        Code::FileTooComplex,
        Code::FilesAtOnce,
    ],
)];

/// What a file's signatures are worth.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Validation {
    /// There is a signature, and every one passed.
    passed: bool,
    /// SHA-256 of the file, hexadecimal.
    sha256: String,
    /// One for each signature and document timestamp, in the order of their revisions.
    signatures: Vec<ValidatedSignature>,
}

/// One signature.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ValidatedSignature {
    /// The form field.
    #[schema(example = "Signature1")]
    field: String,
    /// The name in the signer's certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    signer: Option<String>,
    /// ETSI's word.
    verdict: ValidationVerdict,
    /// ETSI's word for the reason, such as `HASH_FAILURE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_indication: Option<String>,
    /// The whole in plain words of the language that was asked for.
    words: String,
    /// Nothing of the file is outside of this signature.
    covers_whole_file: bool,
    /// What later revisions did.
    changes: Vec<LaterChange>,
    /// When the signer says that he signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_time_ms: Option<i64>,
    /// When the signature surely was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp_ms: Option<i64>,
    /// Who says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp_authority: Option<String>,
    /// Whether that is believed.
    timestamp_trusted: bool,
    /// It is a document timestamp, not somebody's signature.
    is_document_timestamp: bool,
    /// `B-B`, `B-T`, `B-LT` or `B-LTA`.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<String>,
    /// SHA-256 of the signer's certificate, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_sha256: Option<String>,
    /// What issuers say about the certificates.
    revocation: Vec<CertificateState>,
}

/// The verdict (ETSI EN 319 102-1).
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) enum ValidationVerdict {
    /// All checks passed.
    #[serde(rename = "TOTAL-PASSED")]
    TotalPassed,
    /// The signature is wrong, or the file was changed.
    #[serde(rename = "TOTAL-FAILED")]
    TotalFailed,
    /// Neither can be said.
    #[serde(rename = "INDETERMINATE")]
    Indeterminate,
}

/// What a later revision did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LaterChange {
    /// Such as `field_filled`, `signature_added`, `page_changed`.
    kind: String,
    /// Which field, page or object.
    what: String,
    /// It leaves the signature valid.
    allowed: bool,
}

/// What an issuer says about a certificate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CertificateState {
    /// Whose.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    /// `good`, `revoked` or `unknown`.
    status: &'static str,
    /// Since when it is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at_ms: Option<i64>,
    /// `ocsp` or `crl`.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// It speaks of the time of signing.
    fresh: bool,
}

/// Says what the signatures of a PDF are worth. The file is not kept.
#[utoipa::path(
    post, path = "/api/validation", tag = "validation", security(("session" = [])),
    request_body(content = Upload, content_type = "multipart/form-data"),
    responses((status = OK, body = Validation))
)]
async fn validate_file(
    State(app): State<App>,
    signed_in: SignedIn,
    language: Language,
    request: Request,
) -> Result<Json<Validation>, Error> {
    let uploads = receive(&app, request).await?;
    let [upload] = uploads.as_slice() else { return Err(Code::FileMissing.into()) };
    let _turn = app.turns.take(signed_in.person_id).await?;
    let mut trust = app.config.trust.clone();
    let mut seen = app.pdf.examine(&upload.bytes, &trust).await?;
    if let Some(client) = &app.config.revocation {
        let mut inquiry = Inquiry::new(client);
        let deadline = tokio::time::Instant::now() + ASKING_MAX;
        for _ in 0..ROUNDS_MAX {
            let asking = ask(&mut inquiry, &seen.wanted, &mut trust.known);
            let asked = tokio::time::timeout_at(deadline, asking).await;
            if asked == Ok(false) {
                break;
            }
            seen = app.pdf.examine(&upload.bytes, &trust).await?;
            if asked.is_err() {
                break;
            }
        }
    }
    let report = seen.report;
    Ok(Json(Validation {
        passed: report.passed(),
        sha256: hex::encode(openssl::sha::sha256(&upload.bytes)),
        signatures: report.signatures.into_iter().map(|one| ValidatedSignature::of(one, language)).collect(),
    }))
}

/// Who does not answer leaves the status unknown, which the report says. False when there was nobody more to hear.
async fn ask(inquiry: &mut Inquiry<'_>, wanted: &[Wanted], known: &mut ValidationData) -> bool {
    let mut more = false;
    for one in wanted {
        let sources = &one.sources;
        let question = Question {
            ocsp_urls: &sources.ocsp_urls,
            ocsp_request_der: &sources.ocsp_request_der,
            crl_urls: &sources.crl_urls,
            lists_first: sources.is_authority,
        };
        match inquiry.ask(question).await {
            Ok(Some(Word::Ocsp(der))) => known.ocsps.push(der),
            Ok(Some(Word::Crl(der))) => known.crls.push(der),
            Ok(None) => continue,
            Err(error) => {
                tracing::info!(error = &error as &dyn std::error::Error, "an issuer did not answer");
                continue;
            }
        }
        more = true;
    }
    more
}

impl ValidatedSignature {
    fn of(report: validate::SignatureReport, language: Language) -> Self {
        let words = match language {
            Language::Chinese => chinese(&report),
            Language::English => english(&report),
        };
        let timestamp = report.timestamp;
        Self {
            words,
            field: report.field,
            signer: report.signer,
            verdict: match report.verdict {
                Verdict::TotalPassed => ValidationVerdict::TotalPassed,
                Verdict::TotalFailed => ValidationVerdict::TotalFailed,
                Verdict::Indeterminate => ValidationVerdict::Indeterminate,
            },
            sub_indication: report.sub_indication.map(|one| one.to_string()),
            covers_whole_file: report.covers_whole_file,
            changes: report
                .changes_after
                .into_iter()
                .map(|change| LaterChange { kind: change.kind, what: change.what, allowed: change.allowed })
                .collect(),
            signing_time_ms: report.signing_time_ms,
            timestamp_ms: timestamp.as_ref().map(|one| one.time_ms).filter(|ms| *ms > 0),
            timestamp_trusted: timestamp.as_ref().is_some_and(|one| one.trusted),
            timestamp_authority: timestamp.and_then(|one| one.authority),
            is_document_timestamp: report.is_document_timestamp,
            level: report.level.map(|level| level.to_string()),
            certificate_sha256: report.certificate_sha256,
            revocation: report.revocation.into_iter().map(CertificateState::from).collect(),
        }
    }
}

impl From<validate::RevocationReport> for CertificateState {
    fn from(report: validate::RevocationReport) -> Self {
        let (status, revoked_at_ms) = match report.status {
            RevocationStatus::Good => ("good", None),
            RevocationStatus::Revoked { at_ms } => ("revoked", Some(at_ms)),
            RevocationStatus::Unknown => ("unknown", None),
        };
        Self {
            certificate: report.certificate,
            status,
            revoked_at_ms,
            source: report.source,
            fresh: report.fresh,
        }
    }
}
