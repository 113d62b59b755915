//! The verdict in English, the second language.

use crate::validate::{Level, RevocationStatus, SignatureReport, Verdict, judge::WHITE_SPACE};

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
    let why = report.sub_indication.as_deref().map_or_else(|| passed(report), why);
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
fn why(sub_indication: &str) -> &'static str {
    match sub_indication {
        "FORMAT_FAILURE" => "its structure is wrong, or the file was changed after it",
        "HASH_FAILURE" => "what was signed has been changed",
        "SIG_CRYPTO_FAILURE" => "its value does not belong to the certificate",
        "NO_SIGNING_CERTIFICATE_FOUND" => "the signer's certificate is not in it",
        "NO_CERTIFICATE_CHAIN_FOUND" => "no trusted authority issued the certificate",
        "CHAIN_CONSTRAINTS_FAILURE" => "the certificate or its chain is not fit for signing",
        "CRYPTO_CONSTRAINTS_FAILURE" => "an algorithm is not accepted, or a key is too short",
        "OUT_OF_BOUNDS_NO_POE" => {
            "the certificate was not in force then, and no trusted time proves it earlier"
        }
        "REVOKED_NO_POE" => "the certificate was revoked, and no trusted time proves the signature earlier",
        "REVOKED_CA_NO_POE" => {
            "the issuer's certificate was revoked, and no trusted time proves the signature earlier"
        }
        "TRY_LATER" => "it cannot be found out now whether the certificate was revoked; validate again later",
        _ => "the reason is not known",
    }
}

#[cfg(test)]
mod tests {
    use super::super::SUB_INDICATIONS;

    #[test]
    fn every_sub_indication_has_words() {
        for one in SUB_INDICATIONS {
            assert_ne!(super::why(one), super::why("?"), "{one}");
        }
    }
}
