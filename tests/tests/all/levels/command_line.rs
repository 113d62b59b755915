//! `sealflow pdf sign --level …` and `sealflow pdf upgrade`.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};
use openssl::{
    asn1::Asn1Time,
    hash::MessageDigest,
    pkey::{PKey, Private},
    x509::{X509, X509NameBuilder},
};
use sealflow_tests::judges;
use serde_json::json;

use super::desk::{Desk, p256};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_level_is_reached_and_believed_by_others() -> Result<()> {
    let desk = Desk::open(&p256()?).await?;
    for (level, name) in [("b-b", "B-B"), ("b-t", "B-T"), ("b-lt", "B-LT"), ("b-lta", "B-LTA")] {
        desk.good(&desk.sign(level))?;
        std::fs::rename(desk.at("out.pdf"), desk.at(&format!("{level}.pdf")))?;
        let (passed, report) = desk.validate(&format!("{level}.pdf"), "")?;
        ensure!(passed && report["level"] == name, "{level}: {report}");
        ensure!(report["chinese"].as_str().is_some_and(|text| text.contains(name)), "{report}");
        let fresh = desk.validate(&format!("{level}.pdf"), "--require-revocation")?;
        ensure!(fresh.0 == ["b-lt", "b-lta"].contains(&level), "{level}: {}", fresh.1);
        ensure!(fresh.0 || fresh.1["sub_indication"] == "TRY_LATER", "{level}: {}", fresh.1);
        let asked = desk.validate(&format!("{level}.pdf"), "--require-revocation --online")?;
        // What was heard just now is not in the file.
        ensure!(asked.0 && asked.1["level"] == name, "{level}: {}", asked.1);

        let file = desk.at(&format!("{level}.pdf"));
        judges::qpdf_accepts(&file)?;
        // poppler knows no document timestamps and leaves them unjudged.
        judges::pdfsig_accepts(&file, &desk.at("ca.pem"), 1)?;
        judges::pyhanko_accepts_for_long(&file, &desk.at("ca.pem"), 1)?;
    }
    // Without a network, others accept just what carries its proofs.
    for (level, now, archive) in
        [("b-b", false, false), ("b-t", false, false), ("b-lt", true, false), ("b-lta", true, true)]
    {
        let file = desk.at(&format!("{level}.pdf"));
        for (as_archive, expected) in [(false, now), (true, archive)] {
            let judged = judges::pyhanko_accepts_alone(&file, &desk.at("ca.pem"), 1, as_archive);
            ensure!(judged.is_ok() == expected, "{level}: {expected} was expected, {judged:?}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signature_is_raised_later_and_renewed() -> Result<()> {
    let desk = Desk::open(&p256()?).await?;
    let upgrade = |input: &str, out: &str, more: &str| {
        format!("sealflow pdf upgrade {input} --out {out} {more} {}", desk.authorities())
    };
    // Without its issuer's certificate a signature leads nowhere.
    let alone = "sealflow pdf sign in.pdf --out alone.pdf --key key.pem --cert cert.pem";
    desk.good(alone)?;
    desk.refused(&upgrade("alone.pdf", "out.pdf", ""), "the signatures do not pass")?;
    desk.good(&desk.sign("b-b"))?;
    std::fs::rename(desk.at("out.pdf"), desk.at("b-b.pdf"))?;

    for (input, out, level, name) in [
        ("b-b.pdf", "t.pdf", "b-t", "B-T"),
        ("t.pdf", "lt.pdf", "b-lt", "B-LT"),
        ("lt.pdf", "lta.pdf", "b-lta", "B-LTA"),
    ] {
        desk.good(&upgrade(input, out, &format!("--level {level}")))?;
        let (passed, report) = desk.validate(out, "")?;
        ensure!(passed && report["level"] == name, "{out}: {report}");
        ensure!(
            std::fs::read(desk.at(out))?.starts_with(&std::fs::read(desk.at(input))?),
            "bytes were moved"
        );
    }
    let said = desk.good(&upgrade("lta.pdf", "same.pdf", ""))?;
    ensure!(said.contains("already"), "{said}");
    ensure!(std::fs::read(desk.at("lta.pdf"))? == std::fs::read(desk.at("same.pdf"))?, "a file was changed");
    desk.good(&upgrade("lta.pdf", "renewed.pdf", "--renew"))?;
    judges::pyhanko_accepts_for_long(&desk.at("renewed.pdf"), &desk.at("ca.pem"), 1)?;
    judges::pyhanko_accepts_alone(&desk.at("renewed.pdf"), &desk.at("ca.pem"), 1, false)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewal_is_a_new_timestamp_at_every_level() -> Result<()> {
    let desk = Desk::open(&p256()?).await?;
    let upgrade = |input: &str, level: &str, more: &str| {
        let authorities = desk.authorities();
        format!("sealflow pdf upgrade {input} --out renewed.pdf --level {level} {more} {authorities}")
    };
    for signed in ["b-b", "b-t", "b-lt", "b-lta"] {
        desk.good(&desk.sign(signed))?;
        let input = format!("{signed}.pdf");
        std::fs::rename(desk.at("out.pdf"), desk.at(&input))?;
        let before = std::fs::read(desk.at(&input))?;
        for level in ["b-t", "b-lt", "b-lta"] {
            desk.good(&upgrade(&input, level, "--renew"))?;
            let after = std::fs::read(desk.at("renewed.pdf"))?;
            ensure!(after.starts_with(&before), "{signed} to {level}: bytes were moved");
            ensure!(stamps(&after) > stamps(&before), "{signed} to {level}: no timestamp was added");
            let (passed, report) = desk.validate("renewed.pdf", "")?;
            ensure!(passed, "{signed} to {level}: {report}");
        }
    }
    // What was renewed is over what issuers say today, so it is good for years whatever was asked for.
    desk.good(&upgrade("b-t.pdf", "b-t", "--renew"))?;
    ensure!(desk.validate("renewed.pdf", "--require-revocation")?.1["level"] == "B-LTA", "without proofs");
    // Without the option there is nothing to add.
    let said = desk.good(&upgrade("b-t.pdf", "b-t", ""))?;
    ensure!(said.contains("already"), "{said}");
    ensure!(std::fs::read(desk.at("renewed.pdf"))? == std::fs::read(desk.at("b-t.pdf"))?, "it was changed");
    // Nobody is told of a renewal that was none.
    std::fs::remove_file(desk.at("renewed.pdf"))?;
    for (silent, words) in [
        (["tsa"].as_slice(), "the timestamp authority gave no timestamp"),
        (&["ocsp", "crl"], "there is no word on the revocation"),
    ] {
        for service in silent {
            desk.fault(service, json!({"kind": "status", "code": 503}), None).await?;
        }
        desk.refused(&upgrade("b-t.pdf", "b-t", "--renew"), words)?;
        ensure!(!desk.at("renewed.pdf").exists(), "{silent:?}: there is a file");
        desk.no_faults().await?;
    }
    Ok(())
}

/// How many document timestamps are in the file.
fn stamps(pdf: &[u8]) -> usize {
    const KIND: &[u8] = b"/ETSI.RFC3161";
    pdf.windows(KIND.len()).filter(|window| *window == KIND).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_signed_weaker_than_was_asked_for() -> Result<()> {
    let desk = Desk::open(&p256()?).await?;
    let broken = || json!({"kind": "status", "code": 503});
    for (fault, words) in [
        (broken(), "the TSA answers 503"),
        (json!({"kind": "wrong_nonce"}), "it answers another request"),
        (json!({"kind": "wrong_imprint"}), "it is for another digest"),
        (json!({"kind": "sha1_signature"}), "the hash algorithm 1.3.14.3.2.26 is not accepted"),
        (json!({"kind": "unnamed_certificate"}), "the signing-certificate attribute is missing"),
        (json!({"kind": "wrong_clock", "ahead_s": 36_000}), "away from the clock"),
        (json!({"kind": "wrong_clock", "ahead_s": -34_560_000}), "was not valid at that time"),
        (json!({"kind": "not_granted", "status": 2, "failure": 14}), "timeNotAvailable"),
    ] {
        desk.fault("tsa", fault, Some(1)).await?;
        desk.refused(&desk.sign("b-t"), words)?;
    }
    desk.fault("tsa", json!({"kind": "fractional_seconds"}), Some(1)).await?;
    desk.good(&desk.sign("b-t"))?;
    let (passed, report) = desk.validate("out.pdf", "")?;
    ensure!(passed && report["level"] == "B-T", "{report}");
    std::fs::remove_file(desk.at("out.pdf"))?;
    desk.fault("ocsp", broken(), None).await?;
    desk.fault("crl", broken(), None).await?;
    desk.refused(&desk.sign("b-lt"), "there is no word on the revocation")?;
    desk.no_faults().await?;
    // One of the two is enough.
    desk.fault("ocsp", json!({"kind": "throttle"}), None).await?;
    desk.good(&desk.sign("b-lt"))?;
    ensure!(desk.validate("out.pdf", "")?.1["revocation"][0]["source"] == "crl", "not by the list");
    std::fs::remove_file(desk.at("out.pdf"))?;
    desk.no_faults().await?;

    let no_tsa =
        "sealflow pdf sign in.pdf --out out.pdf --key key.pem --cert cert.pem --level b-lta --trust ca.pem";
    desk.refused(no_tsa, "needs a timestamp authority")?;
    let level = no_tsa.replace("b-lta", "b-x");
    desk.refused(&level, "there are b-b, b-t, b-lt and b-lta")?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_signs_only_while_it_is_valid() -> Result<()> {
    let key = p256()?;
    let desk = Desk::open(&key).await?;
    for (from_days, until_days, words) in [
        (-20, -10, Some("the certificate has expired")),
        (10, 20, Some("the certificate is not yet valid")),
        (-1, 1, None),
    ] {
        std::fs::write(desk.at("cert.pem"), lasting(&key, from_days, until_days)?.to_pem()?)?;
        let sign = "sealflow pdf sign in.pdf --out out.pdf --key key.pem --cert cert.pem";
        let begin = "sealflow pdf begin in.pdf --cert cert.pem --state out.pdf --to-sign bytes";
        for line in [sign, begin] {
            match words {
                Some(words) => desk.refused(line, words)?,
                None => desk.good(line).map(drop)?,
            }
        }
    }
    Ok(())
}

/// A certificate of one's own that begins and ends so many days from now.
pub(super) fn lasting(key: &PKey<Private>, from_days: i64, until_days: i64) -> Result<X509> {
    let now_s = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_text("CN", "示例签署人")?;
    let name = name.build();
    let mut made = X509::builder()?;
    made.set_version(2)?;
    made.set_subject_name(&name)?;
    made.set_issuer_name(&name)?;
    made.set_pubkey(key)?;
    let (from, until) = (now_s + from_days * 86_400, now_s + until_days * 86_400);
    made.set_not_before(Asn1Time::from_unix(from)?.as_ref())?;
    made.set_not_after(Asn1Time::from_unix(until)?.as_ref())?;
    made.sign(key, MessageDigest::sha256())?;
    Ok(made.build())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_was_taken_back_archives_nothing() -> Result<()> {
    let desk = Desk::open(&p256()?).await?;
    desk.good(&desk.sign("b-lta"))?;
    std::fs::rename(desk.at("out.pdf"), desk.at("before.pdf"))?;
    desk.revoke().await?;
    desk.refused(&desk.sign("b-lt"), "was revoked")?;
    // What was signed, stamped and proven before stays so, whoever asks now.
    let (passed, report) = desk.validate("before.pdf", "--online --require-revocation")?;
    ensure!(passed && report["level"] == "B-LTA", "{report}");
    // What is signed now is found out when its issuer is asked, and only then.
    desk.good(&desk.sign("b-t"))?;
    ensure!(desk.validate("out.pdf", "")?.0, "somebody was asked");
    let (passed, report) = desk.validate("out.pdf", "--online")?;
    ensure!(!passed && report["sub_indication"] == "REVOKED_NO_POE", "{report}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_helps_nobody_leads_to_the_list() -> Result<()> {
    let desk = Desk::open(&p256()?).await?;
    for kind in ["unknown_certificate", "stale"] {
        desk.fault("ocsp", json!({"kind": kind}), None).await?;
        desk.good(&desk.sign("b-lt"))?;
        let (passed, report) = desk.validate("out.pdf", "--require-revocation")?;
        ensure!(passed && report["level"] == "B-LT", "{kind}: {report}");
        ensure!(report["revocation"][0]["source"] == "crl", "{kind}: {report}");
        judges::pyhanko_accepts_alone(&desk.at("out.pdf"), &desk.at("ca.pem"), 1, false)?;
        desk.good(&desk.sign("b-t"))?;
        let (passed, report) = desk.validate("out.pdf", "--require-revocation --online")?;
        ensure!(passed && report["revocation"][0]["source"] == "crl", "{kind}: {report}");
        // Nor is the answer enough when there is no list.
        desk.fault("crl", json!({"kind": "status", "code": 503}), None).await?;
        std::fs::remove_file(desk.at("out.pdf"))?;
        desk.refused(&desk.sign("b-lt"), "there is no word on the revocation")?;
        desk.no_faults().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_for_the_certificates_of_its_address_counts() -> Result<()> {
    let desk = Desk::open(&p256()?).await?;
    desk.fault("ocsp", json!({"kind": "throttle"}), None).await?;
    desk.fault("crl", json!({"kind": "limited"}), None).await?;
    desk.good(&desk.sign("b-lta"))?;
    let (passed, report) = desk.validate("out.pdf", "--require-revocation")?;
    ensure!(passed && report["level"] == "B-LTA", "{report}");
    judges::pyhanko_accepts_alone(&desk.at("out.pdf"), &desk.at("ca.pem"), 1, true)?;
    desk.revoke().await?;
    std::fs::remove_file(desk.at("out.pdf"))?;
    desk.refused(&desk.sign("b-lt"), "was revoked")?;
    Ok(())
}
