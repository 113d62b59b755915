//! The certification authority's server: EST (RFC 7030), the two operations that a signing platform needs.

use std::sync::Arc;

use anyhow::Result;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cms::content_info::ContentInfo;
use der::{Decode as _, Encode as _};
use openssl::{
    memcmp,
    x509::{X509, X509Req},
};

use crate::{
    Shared,
    certificates::Issued,
    faults::{self, Fault, Service},
    pki::Issuer,
};

/// Characters a line of base64.
const LINE: usize = 76;

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/.well-known/est/cacerts", get(ca_certificates))
        .route("/.well-known/est/simpleenroll", post(simple_enroll))
        .with_state(shared)
}

async fn ca_certificates(State(shared): State<Arc<Shared>>) -> Response {
    let fault = shared.faults.at_call(Service::EstIssuers);
    if let Some(refused) = refused(fault.as_ref()) {
        return refused;
    }
    faults::hold(fault.as_ref()).await;
    answer(&Issuer::ALL.map(|issuer| &shared.pki.issuer(issuer).certificate))
}

async fn simple_enroll(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    if !is_authorized(&shared, &headers) {
        let challenge = [(WWW_AUTHENTICATE, r#"Basic realm="estrealm""#)];
        return (StatusCode::UNAUTHORIZED, challenge, "who are you?").into_response();
    }
    let fault = shared.faults.at_call(Service::Est);
    let is_undecided = matches!(fault, Some(Fault::Status { code: 202 }));
    if let Some(refused) = refused(fault.as_ref()).filter(|_| !is_undecided) {
        return refused;
    }
    if let Some(Fault::TimeoutBeforeAccept) = fault {
        faults::hold(fault.as_ref()).await;
    }
    if headers.get(CONTENT_TYPE).is_none_or(|value| value != "application/pkcs10") {
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, "application/pkcs10 is wanted").into_response();
    }
    let issued = match decide(&shared, &body, is_undecided) {
        Ok(issued) => issued,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    faults::hold(fault.as_ref()).await;
    match issued {
        Some(issued) => answer(&[&issued]),
        None => (StatusCode::ACCEPTED, [(RETRY_AFTER, "1")], "a person decides").into_response(),
    }
}

fn refused(fault: Option<&Fault>) -> Option<Response> {
    let (status, words) = match fault? {
        Fault::Status { code } => {
            let status = StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, "the sandbox was asked for this")
        }
        Fault::Throttle => (StatusCode::TOO_MANY_REQUESTS, "too fast"),
        _ => return None,
    };
    Some((status, [(RETRY_AFTER, "1")], words).into_response())
}

/// The request's certificate; none: a person has to decide first.
fn decide(shared: &Shared, body: &[u8], is_undecided: bool) -> Result<Option<X509>> {
    let text: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let der = STANDARD.decode(text)?;
    let request = X509Req::from_der(&der)?;
    shared.enrolments.answer(&der, is_undecided, || {
        let (certificate, issuer) = shared.pki.sign_request(&request, shared.certificate_days)?;
        shared.certificates.add(Issued::of(&certificate, issuer)?)?;
        tracing::info!("certificate issued");
        Ok(certificate)
    })
}

/// HTTP basic authentication.
fn is_authorized(shared: &Shared, headers: &HeaderMap) -> bool {
    let account = &shared.est_account;
    let expected = STANDARD.encode(format!("{}:{}", account.username, account.password));
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = given.strip_prefix("Basic ").unwrap_or_default();
    given.len() == expected.len() && memcmp::eq(given.as_bytes(), expected.as_bytes())
}

/// A "certs-only" PKCS#7, in base64 as RFC 7030 wants it.
fn answer(certificates: &[&X509]) -> Response {
    match certs_only(certificates) {
        Ok(body) => {
            let headers = [
                ("content-type", "application/pkcs7-mime; smime-type=certs-only"),
                ("content-transfer-encoding", "base64"),
            ];
            (headers, body).into_response()
        }
        Err(error) => {
            tracing::error!(error = %error, "certificates could not be packed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn certs_only(certificates: &[&X509]) -> Result<String> {
    let mut list = Vec::new();
    for certificate in certificates {
        list.push(x509_cert::Certificate::from_der(&certificate.to_der()?)?);
    }
    let der = ContentInfo::try_from(list)?.to_der()?;
    let text = STANDARD.encode(der);
    let mut lines = String::with_capacity(text.len() + text.len() / LINE + 1);
    for at in (0..text.len()).step_by(LINE) {
        lines.push_str(text.get(at..text.len().min(at + LINE)).unwrap_or_default());
        lines.push('\n');
    }
    Ok(lines)
}
