//! The sandbox's own side: the page with the phones, and an interface for tests.
//!
//! - `GET /api/messages?phone=&after=&limit=`: messages, newest first; `after` in milliseconds since 1970 UTC, included
//! - `GET /api/mails?to=&limit=`: mails, newest first
//! - `GET /api/counts`: per `OutId` the requests and the messages accepted
//! - `GET /api/certificates`: certificates issued, newest first
//! - `GET /api/enrolments`: requests for certificates, newest first: how often each came, and whether it was granted
//! - `PUT /api/certificates/{serial}/revocation`: takes one back; `tsa` and `issuing` are the authority's own
//! - `GET|PUT|DELETE /api/faults`: what goes wrong next
//! - `PUT /api/receipts {"url": …|null}`: where delivery receipts are posted
//! - `GET /api/overview?revision=`: all of it for the page; 204 when nothing has changed since `revision`
//! - `GET /ca.pem`: the root that everything of this sandbox leads to

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
    },
    response::{IntoResponse, Response},
    routing::{get, put},
};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    Shared, certificates::Issued, enrolments::Enrolment, faults::Order, mailbox::Mail, phones::Message,
    pki::Issuer, revocation::serial_of,
};

/// Rows in one answer.
const ROWS_MAX: usize = 1_000;
/// Rows in one answer when nothing is said.
const ROWS: usize = 200;
/// The page loads nothing from elsewhere. Inline styles are for the mails that it shows in frames.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      connect-src 'self'; frame-src 'self'; img-src data:; base-uri 'none'; form-action 'none'";

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/page.css", get(style))
        .route("/page.js", get(script))
        .route("/ca.pem", get(ca_pem))
        .route("/api/messages", get(messages))
        .route("/api/mails", get(mails))
        .route("/api/counts", get(counts))
        .route("/api/certificates", get(certificates))
        .route("/api/certificates/{serial}/revocation", put(revoke))
        .route("/api/enrolments", get(enrolments))
        .route("/api/faults", get(faults).put(order_fault).delete(clear_faults))
        .route("/api/receipts", put(set_receipts_url))
        .route("/api/overview", get(overview))
        .with_state(shared)
}

async fn page() -> Response {
    asset("text/html; charset=utf-8", include_str!("page/index.html"))
}

async fn style() -> Response {
    asset("text/css; charset=utf-8", include_str!("page/page.css"))
}

async fn script() -> Response {
    asset("text/javascript; charset=utf-8", include_str!("page/page.js"))
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}

async fn ca_pem(State(shared): State<Arc<Shared>>) -> Response {
    match shared.pki.root.certificate.to_pem() {
        Ok(pem) => ([(CONTENT_TYPE, "application/x-pem-file")], pem).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[derive(Deserialize)]
struct MessageQuery {
    phone: Option<String>,
    #[serde(default)]
    after: i64,
    limit: Option<usize>,
}

async fn messages(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<MessageQuery>,
) -> Json<Vec<Message>> {
    Json(shared.phones.list(query.phone.as_deref(), query.after, rows(query.limit)))
}

#[derive(Deserialize)]
struct MailQuery {
    to: Option<String>,
    limit: Option<usize>,
}

async fn mails(State(shared): State<Arc<Shared>>, Query(query): Query<MailQuery>) -> Json<Vec<Mail>> {
    Json(shared.mailboxes.list(query.to.as_deref(), rows(query.limit)))
}

async fn counts(State(shared): State<Arc<Shared>>) -> Response {
    Json(shared.phones.counts()).into_response()
}

async fn certificates(State(shared): State<Arc<Shared>>) -> Json<Vec<Issued>> {
    Json(shared.certificates.list(ROWS_MAX))
}

async fn enrolments(State(shared): State<Arc<Shared>>) -> Json<Vec<Enrolment>> {
    Json(shared.enrolments.list(ROWS_MAX))
}

async fn revoke(State(shared): State<Arc<Shared>>, Path(serial): Path<String>) -> StatusCode {
    let pki = &shared.pki;
    let (serial, issuer) = match serial.as_str() {
        "tsa" => (serial_of(&pki.tsa.certificate), Issuer::Issuing),
        "issuing" => (serial_of(&pki.issuing.certificate), Issuer::Root),
        "sm2_issuing" => (serial_of(&pki.sm2_issuing.certificate), Issuer::Sm2Root),
        serial => match shared.certificates.issuer(serial) {
            Some(issuer) => (serial.to_owned(), issuer),
            None => return StatusCode::NOT_FOUND,
        },
    };
    match shared.certificates.revoke(&serial, issuer) {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn faults(State(shared): State<Arc<Shared>>) -> Json<Vec<Order>> {
    Json(shared.faults.list())
}

async fn order_fault(
    State(shared): State<Arc<Shared>>,
    Json(order): Json<Order>,
) -> Result<Json<Vec<Order>>, (StatusCode, String)> {
    shared.faults.order(order).map_err(|error| (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    Ok(Json(shared.faults.list()))
}

async fn clear_faults(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.faults.clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiptsUrl {
    url: Option<Url>,
}

async fn set_receipts_url(State(shared): State<Arc<Shared>>, Json(body): Json<ReceiptsUrl>) -> StatusCode {
    shared.receipts.set_url(body.url);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct OverviewQuery {
    revision: Option<String>,
}

/// What the page shows.
#[derive(Serialize)]
struct Overview {
    revision: String,
    public_url: Url,
    messages: Vec<Message>,
    mails: Vec<Mail>,
    certificates: Vec<Issued>,
    faults: Vec<Order>,
}

async fn overview(State(shared): State<Arc<Shared>>, Query(query): Query<OverviewQuery>) -> Response {
    let revision = format!(
        "{}.{}.{}.{}",
        shared.phones.revision(),
        shared.mailboxes.revision(),
        shared.certificates.revision(),
        shared.faults.revision(),
    );
    if query.revision.as_deref() == Some(&revision) {
        return StatusCode::NO_CONTENT.into_response();
    }
    Json(Overview {
        revision,
        public_url: shared.public_url.clone(),
        messages: shared.phones.list(None, 0, ROWS),
        mails: shared.mailboxes.list(None, ROWS),
        certificates: shared.certificates.list(ROWS),
        faults: shared.faults.list(),
    })
    .into_response()
}

fn rows(limit: Option<usize>) -> usize {
    limit.unwrap_or(ROWS).min(ROWS_MAX)
}
