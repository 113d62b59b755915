//! The verdict in English, the second language.

use crate::validate::{Level, RevocationStatus, SignatureReport, SubIndication, Verdict, judge::WHITE_SPACE};

/// The verdict on a signature in plain English.
#[must_use]
pub fn english(report: &SignatureReport) -> String {
    let who = report.signer.as_deref().unwrap_or("an unknown signer");
    let what = if report.is_document_timestamp { "document timestamp" } else { "signature" };
    let verdict = match report.verdict {
        Verdict::TotalPassed => "is valid",
        Verdict::TotalFailed => "is not valid",
        Verdict::Indeterminate => "cannot be judged",
    };
    let why = report.sub_indication.map_or_else(|| passed(report), why);
    let mut text = format!("The {what} of {who} {verdict}: {why}.");
    if report.revocation.iter().any(|r| matches!(r.status, RevocationStatus::Revoked { .. })) {
        text.push_str(" A certificate of its chain was revoked.");
    }
    text.push_str(match report.level {
        Some(Level::BB) => " It has no trusted timestamp (B-B).",
        Some(Level::BT) => " It has a trusted timestamp (B-T).",
        Some(Level::BLt) => " With its timestamp and revocation data it can be validated for long (B-LT).",
        Some(Level::BLta) => {
            " With its timestamps and revocation data it can be archived and validated for long (B-LTA)."
        }
        None => "",
    });
    text
}

fn passed(report: &SignatureReport) -> &'static str {
    if report.covers_whole_file {
        "the file was not changed since"
    } else if report.changes_after.iter().all(|change| change.kind == WHITE_SPACE) {
        "white space was added to the end of the file since, its content was not changed"
    } else {
        "only allowed changes came after it (prepared fields, later signatures, validation data)"
    }
}

/// The words of ETSI EN 319 102-1 in plain ones.
const fn why(sub_indication: SubIndication) -> &'static str {
    match sub_indication {
        SubIndication::FormatFailure => "its structure is wrong, or the file was changed after it",
        SubIndication::HashFailure => "what was signed has been changed",
        SubIndication::SigCryptoFailure => "its value does not belong to the certificate",
        SubIndication::NoSigningCertificateFound => "the signer's certificate is not in it",
        SubIndication::NoCertificateChainFound => "no trusted authority issued the certificate",
        SubIndication::ChainConstraintsFailure => "the certificate or its chain is not fit for signing",
        SubIndication::CryptoConstraintsFailure => "an algorithm is not accepted, or a key is too short",
        SubIndication::OutOfBoundsNoPoe => {
            "the certificate was not in force then, and no trusted time proves it earlier"
        }
        SubIndication::RevokedNoPoe => {
            "the certificate was revoked, and no trusted time proves the signature earlier"
        }
        SubIndication::RevokedCaNoPoe => {
            "the issuer's certificate was revoked, and no trusted time proves the signature earlier"
        }
        SubIndication::TryLater => {
            "it cannot be found out now whether the certificate was revoked; validate again later"
        }
    }
}
