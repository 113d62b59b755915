//! The signing itself: a certificate for this one event, the signature, its timestamp, and a second look at the result.

use std::iter;

use bytes::Bytes;
use sealflow_core::model::contract_type::FieldKind;
use sealflow_pdf::{
    SignRequest, Trust, finish,
    sign::{GrowingFile, digest_for, hole_bytes},
    signed_attributes, timestamp_imprint,
    validate::{Level, SubIndication},
};
use sealflow_providers::{
    ca::Chain,
    keystore::{Subject, event::EventKey},
};
use sealflow_store::{
    documents::{NewRevision, RevisionKind},
    failpoint,
    recipients::Recipient,
};

use super::{
    Part, appearance,
    enrolment::{by_key, certified},
};
use crate::{
    handlers::{Tools, timestamp},
    registry::{Ctx, JobError},
};

/// The timestamp is there, the file not yet whole.
pub(in crate::handlers) const AFTER_TIMESTAMP: &str = "handlers::stamp_signature::after_timestamp";
/// The signed file is kept, no revision refers to it.
pub(in crate::handlers) const AFTER_BLOB: &str = "handlers::stamp_signature::after_blob";

/// Who signs.
pub(super) struct Signer {
    pub(super) recipient: Recipient,
    /// For which organization.
    pub(super) organization: Option<String>,
}

impl Signer {
    /// The organization for a seal, the person for a signature.
    fn subject(&self) -> Subject {
        let person = self.recipient.person_id.map(|id| id.to_string());
        match &self.organization {
            Some(organization) => Subject {
                common_name: organization.clone(),
                organization: Some(organization.clone()),
                serial_number: person,
            },
            None => Subject {
                common_name: self.recipient.name.clone(),
                organization: None,
                serial_number: person,
            },
        }
    }

    fn shown_name(&self) -> String {
        match &self.organization {
            Some(organization) => format!("{organization}（经办人：{}）", self.recipient.name),
            None => self.recipient.name.clone(),
        }
    }
}

/// A key with its certificate, for one job.
pub(super) struct Signing<'a> {
    ctx: &'a Ctx,
    tools: &'a Tools,
    signer: &'a Signer,
    confirmed_at_ms: i64,
    key: EventKey,
    chain: Chain,
}

impl<'a> Signing<'a> {
    /// Has a key certified; see `enrolment.rs`.
    pub(super) async fn begin(
        ctx: &'a Ctx,
        tools: &'a Tools,
        signer: &'a Signer,
        confirmed_at_ms: i64,
    ) -> Result<Self, JobError> {
        let (key, chain) = certified(ctx, tools, &signer.subject()).await?;
        Ok(Self { ctx, tools, signer, confirmed_at_ms, key, chain })
    }

    /// SHA-256 of the certificate, hexadecimal.
    pub(super) fn certificate_sha256(&self) -> String {
        hex::encode(openssl::sha::sha256(&self.chain.leaf))
    }

    /// The signer's certificate, then its issuers.
    fn certificates(&self) -> Vec<Vec<u8>> {
        iter::once(&self.chain.leaf).chain(&self.chain.intermediates).cloned().collect()
    }

    /// Signs one document on top of its newest revision and keeps the file; the revision is the caller's to commit.
    ///
    /// The earlier bytes are hashed twice: when they are read, to see that they are whole (the signature's digest and the new
    /// blob's name go on from that hash), and by the child that validates, which takes nobody's word.
    pub(super) async fn stamp(&self, part: &Part<'_>) -> Result<NewRevision, JobError> {
        let blobs = self.ctx.store().blobs();
        let newest = &part.document.newest;
        let _room = self.tools.room.take(newest.size_bytes).await;
        let found = blobs.get_hashed(&newest.sha256).await;
        let (bytes, hashed) = found.map_err(|error| JobError::retry(&error))?;
        let request = self.request(part).await?;
        let file = GrowingFile::known(Vec::from(bytes), hashed.sha256(), request.digest)
            .map_err(|error| JobError::give_up(&error))?;
        let begun = self.tools.confined.begin(file, &request).await;
        let prepared = begun.map_err(JobError::from_confined)?;

        let attributes =
            signed_attributes(&prepared.digest, &self.chain.leaf).map_err(|e| JobError::give_up(&e))?;
        let signature = by_key(self.ctx, self.key.sign(&attributes).await).await?;
        let token = self.timestamp(&signature).await?;
        failpoint::hit(AFTER_TIMESTAMP);
        let signed = finish(prepared, &signature, &self.certificates(), token.as_deref())
            .map_err(|error| JobError::give_up(&error))?;

        self.look_again(&signed, &request.field).await?;
        let size_bytes = i64::try_from(signed.len()).unwrap_or(i64::MAX);
        let kept = blobs.put_grown(Bytes::from(signed), &hashed).await;
        let sha256 = kept.map_err(|error| JobError::retry(&error))?;
        failpoint::hit(AFTER_BLOB);
        Ok(NewRevision {
            document_id: part.document.id,
            n: newest.n + 1,
            kind: RevisionKind::Signed,
            sha256,
            size_bytes,
            recipient_id: Some(self.signer.recipient.id),
        })
    }

    /// The timestamp over the signature, where the level that is set has one.
    async fn timestamp(&self, signature: &[u8]) -> Result<Option<Vec<u8>>, JobError> {
        if self.tools.signatures.level < Level::BT {
            return Ok(None);
        }
        match self.tools.tsa.timestamp(&timestamp_imprint(signature)).await {
            Ok(token) => Ok(Some(token.der)),
            Err(error) => Err(timestamp::none(self.ctx, &error).await?),
        }
    }

    async fn request(&self, part: &Part<'_>) -> Result<SignRequest, JobError> {
        let Some(field) = signature_field(part) else {
            return Err(JobError::GiveUp { reason: "the document has no field to sign in".into() });
        };
        Ok(SignRequest {
            field: field.to_owned(),
            new_field: None,
            appearances: appearance::of(self.ctx, part).await?,
            signer_name: self.signer.shown_name(),
            reason: Some("同意签署本合同".to_owned()),
            location: None,
            signed_at_ms: self.confirmed_at_ms,
            hole_bytes: hole_bytes(&self.certificates(), self.tools.signatures.level >= Level::BT),
            digest: digest_for(&self.chain.leaf).map_err(|error| JobError::give_up(&error))?,
        })
    }

    /// The signed file is validated by other code than signed it, before anybody can see it: the new signature and all
    /// before it must pass, the new one with the timestamp that is wanted. It must be over the whole file: its digest went on
    /// from the hash by which the earlier bytes were found whole, so they are where they were.
    async fn look_again(&self, signed: &[u8], field: &str) -> Result<(), JobError> {
        let mut roots_der = self.tools.trust.roots_der.clone();
        roots_der.extend(self.chain.roots.iter().cloned());
        let trust = Trust { roots_der, ..Trust::default() };
        let report = self.tools.confined.validate(signed, &trust).await.map_err(JobError::from_confined)?;
        let own = report.signatures.iter().find(|one| one.field == field);
        if report.passed() && own.is_some_and(|own| own.covers_whole_file) {
            if own.and_then(|own| own.level) >= Some(self.tools.signatures.level.min(Level::BT)) {
                return Ok(());
            }
            let stamp = own.and_then(|own| own.timestamp.as_ref());
            let why = stamp.and_then(|stamp| stamp.reason.as_deref()).unwrap_or_default();
            return Err(timestamp::unproven(self.ctx, why).await?);
        }
        let verdicts: Vec<String> = report
            .signatures
            .iter()
            .map(|one| {
                format!(
                    "{} {:?} {}",
                    one.field,
                    one.verdict,
                    one.sub_indication.map_or("", SubIndication::as_str)
                )
            })
            .collect();
        // It may be the certificate: who tries it again gets another.
        self.ctx.keep(None).await?;
        Err(JobError::GiveUp {
            reason: format!("the signed file does not validate: {}", verdicts.join("; ")),
        })
    }
}

/// The name of the field that takes the digital signature.
pub(super) fn signature_field<'a>(part: &Part<'a>) -> Option<&'a str> {
    let first = part.filled.iter().find(|field| matches!(field.kind, FieldKind::Signature | FieldKind::Seal));
    first.map(|field| field.name.as_str())
}
