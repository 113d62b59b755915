//! Why: one signature's checks in the order of ETSI EN 319 102-1: format, bytes, certificate, time, and then what came after.

use std::time::{SystemTime, UNIX_EPOCH};

use openssl::x509::X509;

use super::{
    Change, SignatureReport, TimestampReport, Trust, Verdict,
    byte_range::{self, Signed},
    chain::{self, Purpose},
    changes,
    signed_data::SignedData,
    timestamp::{self, Timestamp},
    verdict::Fault,
};
use crate::read::{
    Error,
    fields::{Field, certified_level, fields},
    file::{File, Loaded},
    object::{Dictionary, Object},
    text,
};

const DOCUMENT_TIMESTAMP: &[u8] = b"ETSI.RFC3161";
const DETACHED: [&[u8]; 2] = [b"ETSI.CAdES.detached", b"adbe.pkcs7.detached"];

/// Judges one signed field; answers where its signed bytes end, and the report.
pub(super) fn judge(
    file: &File<'_>,
    field: &Field,
    trust: &Trust,
) -> Result<(usize, SignatureReport), Error> {
    let value = match field.dictionary.get("V") {
        Some(Object::Reference(reference)) => file.load(*reference)?,
        Some(direct) => Loaded { object: direct.clone(), stream: None, span: None },
        None => Loaded { object: Object::Null, stream: None, span: None },
    };
    let dictionary = value.object.as_dictionary().cloned().unwrap_or_default();
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
    };
    let signed = match byte_range::check(file.bytes, &value, &dictionary) {
        Ok(signed) => signed,
        Err(fault) => {
            report.fail(fault);
            return Ok((usize::MAX, report));
        }
    };
    report.covers_whole_file = signed.end == file.bytes.len();
    if let Err(fault) = signature(&dictionary, sub_filter, &signed, trust, &mut report) {
        report.fail(fault);
    }
    match after(file, field, signed.end) {
        Ok(changes) => report.changes_after = changes,
        Err(fault) => report.fail(fault),
    }
    if !report.changes_after.is_empty() && certified_level(file, &dictionary)? == Some(1) {
        report.fail(Fault::failed(
            "FORMAT_FAILURE",
            "the file was certified and allows no change, yet it was changed",
        ));
    }
    if let Some(change) = report.changes_after.iter().find(|change| !change.allowed) {
        let reason = format!("the file was changed after signing: {} ({})", change.kind, change.what);
        report.fail(Fault::failed("FORMAT_FAILURE", reason));
    }
    Ok((signed.end, report))
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
            self.sub_indication = Some(fault.sub_indication.to_owned());
            self.reason = Some(fault.reason);
        }
    }

    fn names(&mut self, certificate: &X509) -> Result<(), Fault> {
        let der = certificate.to_der().map_err(Fault::openssl)?;
        self.signer = chain::common_name(certificate);
        self.certificate_sha256 = Some(hex::encode(openssl::sha::sha256(&der)));
        Ok(())
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Checks the signature itself, its certificate and its timestamp.
fn signature(
    dictionary: &Dictionary,
    sub_filter: &[u8],
    signed: &Signed<'_>,
    trust: &Trust,
    report: &mut SignatureReport,
) -> Result<(), Fault> {
    let contents = dictionary.get("Contents").and_then(Object::as_string).unwrap_or_default();
    let at_ms = trust.at_ms.unwrap_or_else(now_ms);
    if sub_filter == DOCUMENT_TIMESTAMP {
        return document_timestamp(contents, signed, trust, report);
    }
    if !DETACHED.contains(&sub_filter) {
        return Err(Fault::indeterminate("FORMAT_FAILURE", "this form of signature is not known"));
    }
    let data = SignedData::parse(contents).filter(|data| data.content.is_none()).ok_or_else(|| {
        Fault::failed("FORMAT_FAILURE", "/Contents holds no detached signature of one signer")
    })?;
    let certificate = data.verify(&[signed.before, signed.after])?;
    report.names(&certificate)?;
    report.timestamp = data.timestamp_token().map(|token| judge_timestamp(token, &[data.signature], trust));
    let proven =
        report.timestamp.as_ref().filter(|timestamp| timestamp.trusted).map(|timestamp| timestamp.time_ms);
    chain::check(&certificate, &data.certificates, trust, proven.unwrap_or(at_ms), Purpose::Signing)
}

fn document_timestamp(
    contents: &[u8],
    signed: &Signed<'_>,
    trust: &Trust,
    report: &mut SignatureReport,
) -> Result<(), Fault> {
    let judged = judge_timestamp(contents, &[signed.before, signed.after], trust);
    report.signer.clone_from(&judged.authority);
    let reason = judged.reason.clone();
    report.timestamp = Some(judged);
    reason.map_or(Ok(()), |reason| Err(Fault::indeterminate("NO_CERTIFICATE_CHAIN_FOUND", reason)))
}

fn judge_timestamp(token: &[u8], over: &[&[u8]], trust: &Trust) -> TimestampReport {
    // The hole's zeros follow a document timestamp's token.
    let Some(timestamp) = timestamp::parse(token) else {
        let reason = Some("the token cannot be read".to_owned());
        return TimestampReport { time_ms: 0, authority: None, trusted: false, reason };
    };
    let mut report =
        TimestampReport { time_ms: timestamp.time_ms, authority: None, trusted: false, reason: None };
    match check_timestamp(&timestamp, over, trust, &mut report) {
        Ok(()) => report.trusted = true,
        Err(fault) => report.reason = Some(fault.reason),
    }
    report
}

fn check_timestamp(
    timestamp: &Timestamp<'_>,
    over: &[&[u8]],
    trust: &Trust,
    report: &mut TimestampReport,
) -> Result<(), Fault> {
    if !timestamp.is_over(over) {
        return Err(Fault::failed("HASH_FAILURE", "the token is for something else"));
    }
    let certificate = timestamp.signed.verify(&[timestamp.signed.content.unwrap_or_default()])?;
    report.authority = chain::common_name(&certificate);
    chain::check(
        &certificate,
        &timestamp.signed.certificates,
        trust,
        timestamp.time_ms,
        Purpose::Timestamping,
    )
}

/// What came after the signed bytes. They must be a whole revision in which the field had this very signature.
fn after(file: &File<'_>, field: &Field, end: usize) -> Result<Vec<Change>, Fault> {
    let broken = |why: String| Fault::failed("FORMAT_FAILURE", why);
    let unread = |source: Error| broken(format!("the signed revision cannot be read: {source}"));
    let signed = File::open(file.bytes.get(..end).unwrap_or_default()).map_err(unread)?;
    let then = fields(&signed).map_err(unread)?;
    let same = then.iter().any(|then| {
        then.reference == field.reference
            && then.name == field.name
            && then.dictionary.get("V") == field.dictionary.get("V")
    });
    if !same {
        return Err(broken("the signature does not cover its own field".to_owned()));
    }
    if end == file.bytes.len() {
        return Ok(Vec::new());
    }
    let rest = file.bytes.get(end..).unwrap_or_default();
    if rest.iter().all(u8::is_ascii_whitespace) {
        return Ok(Vec::new());
    }
    if file.xref.sections.first().is_none_or(|newest| newest.offset < end) {
        return Err(broken("bytes were added that belong to no revision".to_owned()));
    }
    changes::classify(&signed, file)
        .map_err(|source| broken(format!("the revisions cannot be compared: {source}")))
}
