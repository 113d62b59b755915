//! Why: one signature's checks in the order of ETSI EN 319 102-1: format, bytes, certificate, time, and then what came after.

use std::time::{SystemTime, UNIX_EPOCH};

use openssl::x509::X509;

use super::{
    Change, Level, RevocationPolicy, RevocationReport, RevocationStatus, SignatureReport, TimestampReport,
    Trust, Verdict,
    byte_range::{self, Signed},
    chain::{self, Purpose},
    changes,
    evidence::Evidence,
    filled::Filled,
    revocation,
    signed_data::{Form, SignedData},
    timestamp::{self, Timestamp},
    verdict::{Fault, SubIndication},
};
use crate::{
    asn1,
    read::{
        Error,
        fields::Field,
        file::{File, Loaded},
        locks::Locks,
        object::{Dictionary, Object},
        plain::{has_plain_end, is_linearized_falsely},
        text,
    },
};

const DOCUMENT_TIMESTAMP: &[u8] = b"ETSI.RFC3161";
const ADVANCED: &[u8] = b"ETSI.CAdES.detached";
/// Changes that a file may get which allows none: certificates and what issuers say about them, the metadata that are written
/// with them, and document timestamps.
const PROOFS: [&str; 2] = ["metadata_changed", "timestamp_added"];
/// The change that is none of the document: nothing but white space follows it.
pub(super) const WHITE_SPACE: &str = "white_space_added";
const DETACHED: [&[u8]; 2] = [ADVANCED, b"adbe.pkcs7.detached"];

/// Judges one signed field; answers where its signed bytes end, and the report.
pub(super) fn judge(
    file: &File<'_>,
    field: &Field,
    trust: &Trust,
    evidence: &Evidence,
) -> Result<(usize, SignatureReport), Error> {
    let (value, dictionary) = value_of(file, field)?;
    let date = file.entry(&dictionary, "M")?.as_string().map(text::decode);
    let sub_filter = dictionary.get("SubFilter").and_then(Object::as_name).unwrap_or_default();
    let mut report = SignatureReport {
        field: field.name.clone(),
        signer: None,
        verdict: Verdict::TotalPassed,
        sub_indication: None,
        reason: None,
        covers_whole_file: false,
        changes_after: Vec::new(),
        signing_time_ms: date.as_deref().and_then(text::parse_date),
        timestamp: None,
        sub_filter: String::from_utf8_lossy(sub_filter).into_owned(),
        certificate_sha256: None,
        is_document_timestamp: sub_filter == DOCUMENT_TIMESTAMP,
        level: None,
        is_advanced: false,
        revocation: Vec::new(),
    };
    let signed = match byte_range::check(file.bytes, &value, &dictionary) {
        Ok(signed) => signed,
        Err(fault) => {
            report.fail(fault);
            return Ok((usize::MAX, report));
        }
    };
    report.covers_whole_file = signed.end == file.bytes.len();
    let judging = Judging { signed, trust, evidence };
    if let Err(fault) = judging.signature(&dictionary, sub_filter, &mut report) {
        report.fail(fault);
    }
    match after(file, field, signed.end, &evidence.filled) {
        Ok((locks, changes)) => {
            report.changes_after = changes;
            if locks.allow_no_change() {
                report.keep_certified();
            }
        }
        Err(fault) => report.fail(fault),
    }
    if let Some(change) = report.changes_after.iter().find(|change| !change.allowed) {
        let reason = format!("the file was changed after signing: {} ({})", change.kind, change.what);
        report.fail(Fault::failed(SubIndication::FormatFailure, reason));
    }
    if report.verdict == Verdict::TotalPassed && report.is_advanced {
        report.level = Some(level(&report, evidence, signed.end));
    }
    Ok((signed.end, report))
}

/// The field's value, and its dictionary.
fn value_of<'f>(file: &File<'f>, field: &Field) -> Result<(Loaded<'f>, Dictionary), Error> {
    let value = match field.dictionary.get("V") {
        Some(Object::Reference(reference)) => file.load(*reference)?,
        Some(direct) => Loaded::direct(direct.clone()),
        None => Loaded::direct(Object::Null),
    };
    let dictionary = value.object.as_dictionary().cloned().unwrap_or_default();
    Ok((value, dictionary))
}

/// Where a field's signed bytes end; none when they are not as they should be.
pub(super) fn signed_end(file: &File<'_>, field: &Field) -> Option<usize> {
    let (value, dictionary) = value_of(file, field).ok()?;
    byte_range::check(file.bytes, &value, &dictionary).ok().map(|signed| signed.end)
}

impl SignatureReport {
    /// A failure is worse than an indeterminate result, and the first of its kind is kept.
    fn fail(&mut self, fault: Fault) {
        let worse = match (self.verdict, fault.verdict) {
            (Verdict::TotalPassed, _) => true,
            (Verdict::Indeterminate, Verdict::TotalFailed) => true,
            (Verdict::Indeterminate | Verdict::TotalFailed, _) => false,
        };
        if worse {
            self.verdict = fault.verdict;
            self.sub_indication = Some(fault.sub_indication);
            self.reason = Some(fault.reason);
        }
    }

    /// Where no change is allowed, only what proves the signatures may still come.
    fn keep_certified(&mut self) {
        let is_proof = |change: &Change| PROOFS.contains(&change.kind.as_str());
        let mut others =
            self.changes_after.iter_mut().filter(|change| change.allowed && !is_proof(change)).peekable();
        if others.peek().is_some() {
            others.for_each(|change| change.allowed = false);
            self.fail(Fault::failed(
                SubIndication::FormatFailure,
                "the file was certified and allows no change, yet it was changed",
            ));
        }
    }

    fn names(&mut self, certificate: &X509) -> Result<(), Fault> {
        let der = certificate.to_der().map_err(Fault::openssl)?;
        self.signer = chain::common_name(certificate);
        self.certificate_sha256 = Some(hex::encode(openssl::sha::sha256(&der)));
        Ok(())
    }
}

pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn level(report: &SignatureReport, evidence: &Evidence, end: usize) -> Level {
    let stamped = report.timestamp.as_ref().is_some_and(|timestamp| timestamp.trusted);
    if !stamped && evidence.over(end).next().is_none() {
        return Level::BB;
    }
    // One that was taken back after it had signed is known, too. What was asked for now is not in the file.
    if report.revocation.is_empty() || !report.revocation.iter().all(|report| report.in_file) {
        return Level::BT;
    }
    if evidence.over(end).any(|stamp| stamp.over_store) { Level::BLta } else { Level::BLt }
}

/// One signature with all that speaks for it.
struct Judging<'j> {
    signed: Signed<'j>,
    trust: &'j Trust,
    evidence: &'j Evidence,
}

impl Judging<'_> {
    /// Checks the signature itself, its certificate and its timestamp.
    fn signature(
        &self,
        dictionary: &Dictionary,
        sub_filter: &[u8],
        report: &mut SignatureReport,
    ) -> Result<(), Fault> {
        let contents = dictionary.get("Contents").and_then(Object::as_string).unwrap_or_default();
        let Some(contents) = asn1::definite(contents) else {
            return Err(Fault::failed(
                SubIndication::FormatFailure,
                "/Contents holds no signature that can be read",
            ));
        };
        let parts = [self.signed.before, self.signed.after];
        if sub_filter == DOCUMENT_TIMESTAMP {
            let (judged, revocation, fault) = self.timestamp(&contents, &parts);
            report.signer.clone_from(&judged.authority);
            report.timestamp = Some(judged);
            report.revocation = revocation;
            return match fault {
                Some(fault) => Err(fault),
                None => silent(&report.revocation, self.trust.revocation).map_or(Ok(()), Err),
            };
        }
        if !DETACHED.contains(&sub_filter) {
            return Err(Fault::indeterminate(
                SubIndication::FormatFailure,
                "this form of signature is not known",
            ));
        }
        let data = SignedData::parse(&contents).filter(|data| data.content.is_none()).ok_or_else(|| {
            Fault::failed(SubIndication::FormatFailure, "/Contents holds no detached signature of one signer")
        })?;
        let form = if sub_filter == ADVANCED { Form::Advanced } else { Form::Plain };
        let hash = |digest| self.evidence.hashes.of(digest, self.signed.before, self.signed.after);
        let certificate = data.verify_hash(form, &self.evidence.certificates, hash)?;
        report.is_advanced = data.names_certificate();
        report.names(&certificate)?;
        let mut of_timestamp = Vec::new();
        if let Some(token) = data.timestamp_token() {
            let (judged, revocation, _) = self.timestamp(token, &[data.signature]);
            report.timestamp = Some(judged);
            of_timestamp = revocation;
        }
        let own = report.timestamp.as_ref().filter(|stamp| stamp.trusted).map(|stamp| stamp.time_ms);
        let proven = self.proven_later().into_iter().chain(own).min();
        let at_ms = proven.or(self.trust.at_ms).unwrap_or_else(now_ms);
        let others = self.certificates(&data.certificates);
        let chain = chain::check(
            &certificate,
            &others,
            self.trust,
            at_ms,
            Purpose::Signing,
            &self.evidence.certificates,
        )?;
        report.revocation = revocation::of_chain(&chain, &self.evidence.store, at_ms);
        self.evidence.note(&chain, &report.revocation);
        let fault = revoked(&report.revocation, proven);
        report.revocation.extend(of_timestamp);
        let fault = fault.or_else(|| silent(&report.revocation, self.trust.revocation));
        fault.map_or(Ok(()), Err)
    }

    /// When the signed bytes were there at the latest, by the document timestamps over them.
    fn proven_later(&self) -> Option<i64> {
        self.evidence.over(self.signed.end).map(|stamp| stamp.time_ms).min()
    }

    /// The certificates that came with the signature, and those of the security store.
    fn certificates<'c>(&'c self, own: &[&'c [u8]]) -> Vec<&'c [u8]> {
        own.iter().copied().chain(self.evidence.store.certificates.iter().map(Vec::as_slice)).collect()
    }

    fn timestamp(
        &self,
        token: &[u8],
        over: &[&[u8]],
    ) -> (TimestampReport, Vec<RevocationReport>, Option<Fault>) {
        let mut report = TimestampReport { time_ms: 0, authority: None, trusted: false, reason: None };
        // The hole's zeros follow a document timestamp's token.
        let judged = match timestamp::parse(token) {
            Some(timestamp) => {
                report.time_ms = timestamp.time_ms;
                self.check_timestamp(&timestamp, over, &mut report)
            }
            None => Err(Fault::failed(SubIndication::FormatFailure, "the token cannot be read")),
        };
        match judged {
            Ok(revocation) => {
                report.trusted = true;
                (report, revocation, None)
            }
            Err(fault) => {
                report.reason = Some(fault.reason.clone());
                (report, Vec::new(), Some(fault))
            }
        }
    }

    fn check_timestamp(
        &self,
        timestamp: &Timestamp<'_>,
        over: &[&[u8]],
        report: &mut TimestampReport,
    ) -> Result<Vec<RevocationReport>, Fault> {
        if !timestamp.is_over(over) {
            return Err(Fault::failed(SubIndication::HashFailure, "the token is for something else"));
        }
        let known = &self.evidence.certificates;
        let certificate = timestamp.signed.verify(
            &[timestamp.signed.content.unwrap_or_default()],
            Form::Advanced,
            known,
        )?;
        report.authority = chain::common_name(&certificate);
        // Who has an authority's old key can make it say any time. So its own word on the time is not enough: what counts is
        // when a later timestamp saw the token, or that the authority is still trusted.
        let proven = self.proven_later();
        let at_ms = proven.or(self.trust.at_ms).unwrap_or_else(now_ms);
        let others = self.certificates(&timestamp.signed.certificates);
        let chain = chain::check(&certificate, &others, self.trust, at_ms, Purpose::Timestamping, known)?;
        chain::in_time(&certificate, timestamp.time_ms)?;
        let revocation = revocation::of_chain(&chain, &self.evidence.store, timestamp.time_ms);
        self.evidence.note(&chain, &revocation);
        revoked(&revocation, proven).map_or(Ok(revocation), Err)
    }
}

/// The first certificate that was taken back before the signature was proven to be there.
fn revoked(reports: &[RevocationReport], proven_ms: Option<i64>) -> Option<Fault> {
    let at = reports.iter().position(|report| match report.status {
        RevocationStatus::Revoked { at_ms } => proven_ms.is_none_or(|proven| proven >= at_ms),
        RevocationStatus::Good | RevocationStatus::Unknown => false,
    })?;
    let sub_indication = if at == 0 { SubIndication::RevokedNoPoe } else { SubIndication::RevokedCaNoPoe };
    let name = reports.get(at).and_then(|report| report.certificate.clone()).unwrap_or_default();
    Some(Fault::indeterminate(sub_indication, format!("the certificate of {name} was revoked")))
}

/// The first certificate that nobody speaks for, when somebody must.
fn silent(reports: &[RevocationReport], policy: RevocationPolicy) -> Option<Fault> {
    if policy == RevocationPolicy::IfKnown {
        return None;
    }
    let of = reports.iter().find(|report| report.status == RevocationStatus::Unknown || !report.fresh)?;
    let name = of.certificate.clone().unwrap_or_default();
    let what = if of.status == RevocationStatus::Unknown { "no word" } else { "only an old word" };
    Some(Fault::indeterminate(
        SubIndication::TryLater,
        format!("there is {what} on the revocation of {name}"),
    ))
}

/// What the signature forbids, and what came after its bytes. They must be a whole revision in which the field had this very signature.
fn after(file: &File<'_>, field: &Field, end: usize, filled: &Filled) -> Result<(Locks, Vec<Change>), Fault> {
    let broken = |why: String| Fault::failed(SubIndication::FormatFailure, why);
    let unread = |source: Error| broken(format!("the signed revision cannot be read: {source}"));
    let older = if end == file.bytes.len() { None } else { Some(file.revision(end).map_err(unread)?) };
    let signed = older.as_ref().unwrap_or(file);
    let own = signed.fields().map_err(unread)?.iter().find(|(reference, then)| {
        *reference == field.reference
            && then.name == field.name
            && then.dictionary.get("V") == field.dictionary.get("V")
    });
    let Some((_, own)) = own else {
        return Err(broken("the signature does not cover its own field".to_owned()));
    };
    if is_linearized_falsely(signed) || is_linearized_falsely(file) {
        return Err(broken("the file says that it is linearized, and was changed after that".to_owned()));
    }
    if end == file.bytes.len() {
        return Ok(Default::default());
    }
    if !has_plain_end(file.bytes) {
        return Err(broken("the file does not end as all readers expect it".to_owned()));
    }
    let rest = file.bytes.get(end..).unwrap_or_default();
    if rest.iter().all(u8::is_ascii_whitespace) {
        let blank = changes::change(WHITE_SPACE, "the end of the file", true);
        return Ok((Locks::default(), vec![blank]));
    }
    if file.xref.sections.first().is_none_or(|newest| newest.offset < end) {
        return Err(broken("bytes were added that belong to no revision".to_owned()));
    }
    let compare = || {
        let locks = Locks::of_signature(signed, own)?;
        let changes = changes::classify(signed, file, &locks, filled)?;
        Ok((locks, changes))
    };
    compare().map_err(|source: Error| broken(format!("the revisions cannot be compared: {source}")))
}
