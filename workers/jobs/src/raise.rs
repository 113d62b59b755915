//! Raises a signed file to a higher level of PAdES (ETSI EN 319 142-1): a timestamp where one is missing, what the issuers
//! say about all certificates, and a document timestamp over that. Each is an appended revision.
//!
//! Issuers are asked only about certificates whose chains lead to a trusted root, so nobody's file can make us call an
//! address of his choice.

use sealflow_pdf::{
    Report, Trust,
    confined::{self, Confined},
    limits::HOLE_BYTES_DEFAULT,
    sign::{self, ValidationData, finish_document_timestamp},
    validate::{Examination, Level, SignatureReport, SubIndication, Verdict, Wanted},
};
use sealflow_providers::{
    revocation::{self, Inquiry, Question, RevocationClient, Word},
    tsa::{self, TsaClient},
};

/// How often issuers are asked: certificates may appear that were not known before (those of timestamps, of their issuers), and
/// a word may not be enough, so that the next source is asked.
pub const ROUNDS_MAX: usize = 6;

/// Who is asked, and whom is trusted.
#[derive(Debug, Clone, Copy)]
pub struct Raiser<'a> {
    /// Opens the file.
    pub confined: &'a Confined,
    /// The timestamp authority.
    pub tsa: &'a TsaClient,
    /// Asks issuers.
    pub revocation: &'a RevocationClient,
    /// The roots of signers and timestamps.
    pub trust: &'a Trust,
}

/// Why a file is not raised. Nothing of it is kept then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A signature does not pass, so there is nothing to preserve.
    #[error("the signatures do not pass: {0}")]
    NotSound(String),
    /// No timestamp.
    #[error("the timestamp authority gave no timestamp")]
    Timestamp(#[source] tsa::Error),
    /// No word on a certificate.
    #[error("there is no word on the revocation of {certificate}")]
    Revocation {
        /// Whose.
        certificate: String,
        /// Why.
        #[source]
        source: revocation::Error,
    },
    /// The file cannot be opened or written.
    #[error(transparent)]
    Confined(#[from] confined::Error),
    /// The timestamp does not fit.
    #[error(transparent)]
    Sign(#[from] sign::Error),
    /// All is there, and yet it is not enough.
    #[error("the file did not reach {0}: an issuer gave no fresh answer")]
    NotReached(Level),
}

/// The signatures' lowest level, of a file with signatures that all passed.
fn reached(report: &Report) -> Option<Level> {
    report.signatures.iter().filter(|one| !one.is_document_timestamp).map(|one| one.level).min()?
}

impl Raiser<'_> {
    /// Appends what is missing to `level`. With `renew` there is a new document timestamp in any case, so that the newest one is
    /// of today; when nothing is missing it is over fresh validation data.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn raise(&self, pdf: Vec<u8>, level: Level, renew: bool) -> Result<(Vec<u8>, Report), Error> {
        let before = self.sound(&pdf).await?.report;
        let now = reached(&before);
        let is_reached = now >= Some(level);
        if is_reached && !renew {
            return Ok((pdf, before));
        }
        let mut file = pdf;
        let is_stamped = level >= Level::BT && now < Some(Level::BT);
        if is_stamped {
            file = self.stamp(file).await?;
        }
        let mut not_heard = None;
        if level >= Level::BLt || is_reached {
            (file, not_heard) = self.prove(file).await?;
        }
        if level >= Level::BLta || (renew && !is_stamped) {
            file = self.stamp(file).await?;
        }
        let after = self.sound(&file).await?.report;
        if reached(&after) >= Some(level) {
            return Ok((file, after));
        }
        Err(not_heard.unwrap_or(Error::NotReached(level)))
    }

    /// Looks at the file; every signature must pass.
    async fn sound(&self, file: &[u8]) -> Result<Examination, Error> {
        let seen = self.confined.examine(file, self.trust).await?;
        let failed = seen.report.signatures.iter().find(|one| one.verdict != Verdict::TotalPassed);
        match failed {
            Some(failed) => Err(Error::NotSound(told(failed))),
            None if reached(&seen.report).is_none() => Err(Error::NotSound("there is none".to_owned())),
            None => Ok(seen),
        }
    }

    /// Adds a document timestamp.
    async fn stamp(&self, file: Vec<u8>) -> Result<Vec<u8>, Error> {
        let begun = self.confined.begin_document_timestamp(file, HOLE_BYTES_DEFAULT).await?;
        let imprint: [u8; 32] = begun.digest.value.as_slice().try_into().unwrap_or_default();
        let token = self.tsa.timestamp(&imprint).await.map_err(Error::Timestamp)?;
        Ok(finish_document_timestamp(begun, &token.der)?)
    }

    /// Adds certificates and their issuers' words. Answers also who could not be heard beside one whose word was not enough.
    async fn prove(&self, mut file: Vec<u8>) -> Result<(Vec<u8>, Option<Error>), Error> {
        let mut inquiry = Inquiry::new(self.revocation);
        let mut not_heard = None;
        for _ in 0..ROUNDS_MAX {
            let seen = self.sound(&file).await?;
            let mut data = ValidationData { certificates: seen.chains, ..ValidationData::default() };
            let mut more = false;
            for wanted in &seen.wanted {
                match ask(&mut inquiry, wanted, &mut data).await {
                    Ok(heard) => more |= heard,
                    Err(error) if inquiry.has_heard(question(wanted)) => not_heard = Some(error),
                    Err(error) => return Err(error),
                }
            }
            file = self.confined.add_validation_data(file, &data).await?;
            if !more {
                break;
            }
        }
        Ok((file, not_heard))
    }
}

/// Asks a certificate's issuer, and puts the word into `data`. False when everybody was heard already.
///
/// # Errors
/// [`Error::Revocation`]
pub async fn ask(
    inquiry: &mut Inquiry<'_>,
    wanted: &Wanted,
    data: &mut ValidationData,
) -> Result<bool, Error> {
    match inquiry.ask(question(wanted)).await {
        Ok(Some(Word::Ocsp(der))) => data.ocsps.push(der),
        Ok(Some(Word::Crl(der))) => data.crls.push(der),
        Ok(None) => return Ok(false),
        Err(source) => {
            let certificate = wanted.certificate.clone().unwrap_or_else(|| "?".to_owned());
            return Err(Error::Revocation { certificate, source });
        }
    }
    Ok(true)
}

fn question(wanted: &Wanted) -> Question<'_> {
    let sources = &wanted.sources;
    Question {
        ocsp_urls: &sources.ocsp_urls,
        ocsp_request_der: &sources.ocsp_request_der,
        crl_urls: &sources.crl_urls,
        lists_first: sources.is_authority,
    }
}

fn told(signature: &SignatureReport) -> String {
    let why = signature
        .reason
        .as_deref()
        .or_else(|| signature.sub_indication.map(SubIndication::as_str))
        .unwrap_or_default();
    format!("{}: {why}", signature.field)
}
