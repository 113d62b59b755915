//! What the certification authority publishes: its certificates, revocation lists (RFC 5280), and answers on single
//! certificates (OCSP, RFC 6960). Certificates carry these addresses.

mod asn1;
mod ocsp;

use std::sync::Arc;

use anyhow::Result;
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use openssl::{
    asn1::{Asn1Integer, Asn1Object, Asn1OctetString, Asn1Time},
    bn::BigNum,
    hash::MessageDigest,
    x509::{
        X509Builder, X509CrlBuilder, X509Extension, X509Ref, X509RevokedBuilder,
        extension::AuthorityKeyIdentifier,
    },
};

use self::asn1::ResponseStatus;
use crate::{
    Shared, clock,
    faults::{self, Fault, Service},
    pki::Issuer,
    sm2,
};

/// How long a list holds, in seconds.
const LIST_HOLDS_S: i64 = 24 * 60 * 60;
/// `id-ce-cRLNumber`.
const CRL_NUMBER: &str = "2.5.29.20";

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/ocsp", post(ocsp_posted))
        .route("/ocsp/{*request}", get(ocsp_in_address))
        .route("/crl/{name}", get(list))
        .route("/ca/{name}", get(certificate))
        .with_state(shared)
}

async fn ocsp_posted(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    if headers.get(CONTENT_TYPE).is_none_or(|value| value != "application/ocsp-request") {
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, "application/ocsp-request is wanted").into_response();
    }
    respond(&shared, &body).await
}

async fn ocsp_in_address(State(shared): State<Arc<Shared>>, Path(request): Path<String>) -> Response {
    match STANDARD.decode(request) {
        Ok(request) => respond(&shared, &request).await,
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

async fn respond(shared: &Shared, request: &[u8]) -> Response {
    let fault = shared.faults.at_call(Service::Ocsp);
    if let Some(status) = refused(fault.as_ref()) {
        return status;
    }
    // This protocol has its own word for being busy.
    let answer = match fault {
        Some(Fault::Throttle) => ocsp::without_answer(ResponseStatus::TryLater),
        _ => ocsp::answer(shared, request, fault.as_ref()),
    };
    faults::hold(fault.as_ref()).await;
    published(
        "application/ocsp-response",
        answer.or_else(|_| ocsp::without_answer(ResponseStatus::InternalError)),
    )
}

async fn list(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    let Some(issuer) = name.strip_suffix(".crl").and_then(Issuer::named) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let fault = shared.faults.at_call(Service::Crl);
    if let Some(status) = refused(fault.as_ref()) {
        return status;
    }
    if matches!(fault, Some(Fault::Throttle)) {
        return (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "1")], "too fast").into_response();
    }
    faults::hold(fault.as_ref()).await;
    let limited = matches!(fault, Some(Fault::Limited));
    published("application/pkix-crl", revocation_list(&shared, issuer, limited))
}

async fn certificate(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    let Some(issuer) = name.strip_suffix(".cer").and_then(Issuer::named) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let der = shared.pki.issuer(issuer).certificate.to_der();
    published("application/pkix-cert", der.map_err(Into::into))
}

fn refused(fault: Option<&Fault>) -> Option<Response> {
    let Some(Fault::Status { code }) = fault else { return None };
    let status = StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Some((status, [(RETRY_AFTER, "1")], "the sandbox was asked for this").into_response())
}

fn published(kind: &'static str, body: Result<Vec<u8>>) -> Response {
    match body {
        Ok(body) => ([(CONTENT_TYPE, kind)], body).into_response(),
        Err(error) => {
            tracing::error!(error = %error, "revocation data could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// All of an issuer's certificates that were taken back, signed by it. A limited list says for which address it is, and whether
/// it is for people's or for authorities' certificates.
fn revocation_list(shared: &Shared, issuer: Issuer, limited: bool) -> Result<Vec<u8>> {
    let identity = shared.pki.issuer(issuer);
    let now_ms = clock::now_ms();
    let now_s = now_ms.div_euclid(1_000);
    let mut builder = X509CrlBuilder::new()?;
    builder.set_issuer_name(identity.certificate.subject_name())?;
    builder.set_last_update(&*Asn1Time::from_unix(now_s)?)?;
    builder.set_next_update(&*Asn1Time::from_unix(now_s + LIST_HOLDS_S)?)?;
    for revoked in shared.certificates.revocations(issuer) {
        let mut entry = X509RevokedBuilder::new()?;
        let serial: Asn1Integer = BigNum::from_hex_str(&revoked.serial)?.to_asn1_integer()?;
        entry.set_serial_number(&serial)?;
        entry.set_revocation_date(&*Asn1Time::from_unix(revoked.at_ms.div_euclid(1_000))?)?;
        builder.add_revoked(entry.build())?;
    }
    let any = X509Builder::new()?;
    let context = any.x509v3_context(Some(&identity.certificate), None);
    builder.append_extension(AuthorityKeyIdentifier::new().keyid(true).build(&context)?)?;
    builder.append_extension(number(now_ms)?)?;
    if limited {
        builder.append_extension(shared.pki.sources(issuer).list_limit(issuer.certifies_authorities())?)?;
    }
    if !sm2::is_key(&identity.key) {
        builder.sign(&identity.key, MessageDigest::sha256())?;
        return Ok(builder.build()?.to_der()?);
    }
    builder.sign(&identity.key, MessageDigest::sm3())?;
    sm2::sign_again(&builder.build()?.to_der()?, &identity.key)
}

/// A list's number must grow; the time does.
fn number(now_ms: i64) -> Result<X509Extension> {
    let number = der::Encode::to_der(&now_ms)?;
    let content = Asn1OctetString::new_from_bytes(&number)?;
    Ok(X509Extension::new_from_der(&*Asn1Object::from_str(CRL_NUMBER)?, false, &content)?)
}

/// A certificate's serial number as the register has it.
pub(crate) fn serial_of(certificate: &X509Ref) -> String {
    serial_hex(&certificate.serial_number().to_bn().map(|number| number.to_vec()).unwrap_or_default())
}

/// Hexadecimal, without zeros in front.
fn serial_hex(bytes: &[u8]) -> String {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    hex::encode(bytes.get(start..).unwrap_or_default())
}
