//! Answers on the state of a certificate, signed by its issuer.

use std::time::Duration;

use anyhow::Result;
use der::{
    Decode as _, Encode as _,
    asn1::{BitString, GeneralizedTime, Null, OctetString},
};
use openssl::{
    hash::{MessageDigest, hash},
    sign::Signer,
};
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::asn1::{
    BasicOcspResponse, CertId, CertStatus, ECDSA_WITH_SHA_256, ID_OCSP_BASIC, ID_OCSP_NONCE, ID_SHA_1,
    ID_SHA_256, OcspRequest, OcspResponse, ResponderId, ResponseBytes, ResponseData, ResponseStatus,
    RevokedInfo, SingleResponse,
};
use crate::{
    Shared, clock,
    faults::Fault,
    pki::{Identity, Issuer},
    sm2,
};

/// Questions in one request.
const QUESTIONS_MAX: usize = 16;
/// How long an answer holds, in milliseconds.
const HOLDS_MS: i64 = 60 * 60 * 1_000;
/// How old a stale answer is, in milliseconds.
const STALE_MS: i64 = 10 * 24 * 60 * 60 * 1_000;

/// The response to a request, both in DER.
pub(super) fn answer(shared: &Shared, request: &[u8], fault: Option<&Fault>) -> Result<Vec<u8>> {
    let Ok(request) = OcspRequest::from_der(request) else {
        return without_answer(ResponseStatus::MalformedRequest);
    };
    let questions = &request.tbs_request.request_list;
    if questions.is_empty() || questions.len() > QUESTIONS_MAX {
        return without_answer(ResponseStatus::MalformedRequest);
    }
    let mut issuer = None;
    for question in questions {
        match (who_issued(shared, &question.req_cert)?, issuer) {
            (None, _) => return without_answer(ResponseStatus::Unauthorized),
            (Some(found), Some(earlier)) if found != earlier => {
                return without_answer(ResponseStatus::Unauthorized);
            }
            (found, _) => issuer = found,
        }
    }
    let Some(issuer) = issuer else { return without_answer(ResponseStatus::Unauthorized) };
    let age_ms = if matches!(fault, Some(Fault::Stale)) { STALE_MS } else { 0 };
    let now_ms = clock::now_ms() - age_ms;
    let mut responses = Vec::with_capacity(questions.len());
    for question in questions {
        responses.push(SingleResponse {
            cert_id: question.req_cert.clone(),
            cert_status: match fault {
                Some(Fault::UnknownCertificate) => CertStatus::Unknown(Null),
                _ => status(shared, issuer, &question.req_cert)?,
            },
            this_update: time(now_ms)?,
            next_update: Some(time(now_ms + HOLDS_MS)?),
        });
    }
    let nonce = request.tbs_request.request_extensions.map(|extensions| {
        extensions.into_iter().filter(|extension| extension.extn_id == ID_OCSP_NONCE).collect::<Vec<_>>()
    });
    let signer = shared.pki.issuer(issuer);
    let data = ResponseData {
        responder_id: ResponderId::ByKey(OctetString::new(key_hash(signer, MessageDigest::sha1())?)?),
        produced_at: time(now_ms)?,
        responses,
        response_extensions: nonce.filter(|nonce| !nonce.is_empty()),
    };
    signed(signer, data)
}

/// A response that says only why there is no answer.
pub(super) fn without_answer(response_status: ResponseStatus) -> Result<Vec<u8>> {
    Ok(OcspResponse { response_status, response_bytes: None }.to_der()?)
}

fn signed(signer: &Identity, data: ResponseData) -> Result<Vec<u8>> {
    let signed = data.to_der()?;
    let (oid, signature) = if sm2::is_key(&signer.key) {
        (sm2::SM2_WITH_SM3, sm2::sign(&signer.key, &signed)?)
    } else {
        let mut by = Signer::new(MessageDigest::sha256(), &signer.key)?;
        (ECDSA_WITH_SHA_256, by.sign_oneshot_to_vec(&signed)?)
    };
    let basic = BasicOcspResponse {
        tbs_response_data: data,
        signature_algorithm: AlgorithmIdentifierOwned { oid, parameters: None },
        signature: BitString::from_bytes(&signature)?,
    };
    let response_bytes =
        ResponseBytes { response_type: ID_OCSP_BASIC, response: OctetString::new(basic.to_der()?)? };
    let response =
        OcspResponse { response_status: ResponseStatus::Successful, response_bytes: Some(response_bytes) };
    Ok(response.to_der()?)
}

fn who_issued(shared: &Shared, id: &CertId) -> Result<Option<Issuer>> {
    let digest = match id.hash_algorithm.oid {
        ID_SHA_1 => MessageDigest::sha1(),
        ID_SHA_256 => MessageDigest::sha256(),
        _ => return Ok(None),
    };
    for issuer in Issuer::ALL {
        let identity = shared.pki.issuer(issuer);
        let name = hash(digest, &identity.certificate.subject_name().to_der()?)?;
        if *name == *id.issuer_name_hash.as_bytes()
            && key_hash(identity, digest)? == id.issuer_key_hash.as_bytes()
        {
            return Ok(Some(issuer));
        }
    }
    Ok(None)
}

/// The hash of the public key's bits, without their wrapping.
fn key_hash(identity: &Identity, digest: MessageDigest) -> Result<Vec<u8>> {
    let certificate = x509_cert::Certificate::from_der(&identity.certificate.to_der()?)?;
    let bits = certificate.tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes();
    Ok(hash(digest, bits)?.to_vec())
}

fn status(shared: &Shared, issuer: Issuer, id: &CertId) -> Result<CertStatus> {
    let serial = super::serial_hex(id.serial_number.as_bytes());
    if let Some(revoked) = shared.certificates.revoked(&serial) {
        return Ok(CertStatus::Revoked(RevokedInfo { revocation_time: time(revoked.at_ms)? }));
    }
    let own = shared.pki.issued_by(issuer).is_some_and(|certificate| super::serial_of(certificate) == serial);
    let known = own || shared.certificates.issuer(&serial) == Some(issuer);
    Ok(if known { CertStatus::Good(Null) } else { CertStatus::Unknown(Null) })
}

fn time(at_ms: i64) -> Result<GeneralizedTime> {
    // Whole seconds: fractions are not DER here.
    let at = Duration::from_secs(u64::try_from(at_ms.div_euclid(1_000))?);
    Ok(GeneralizedTime::from_unix_duration(at)?)
}
