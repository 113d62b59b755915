//! Signing in by a code that is sent to the phone. Nobody learns from the answers whether a number is known.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use garde::Validate;
use sealflow_core::ids::{PersonId, RecipientId};
use sealflow_store::{
    Conn, Tx, audit,
    codes::{self, NewCode, Purpose, Try, Wanted},
    links, people,
    phone::Phone,
    recipients, sessions,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::me::{self, Me};
use crate::{
    App, auth,
    error::Error,
    extract::{Body, rules},
    openapi::Refusals,
    problem::{Code, Refusal},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(send_login_code)).routes(routes!(log_in)).routes(routes!(log_out))
}

pub(super) const REFUSALS: Refusals = &[
    ("send_login_code", &[Code::CodeLimit]),
    ("log_in", &[Code::CodeWrong, Code::CodeExpired, Code::TooManyTries]),
];

/// Asks for a login code.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct LoginCodeRequest {
    /// A mobile number; `+86` and spaces are taken off.
    #[garde(custom(rules::phone))]
    #[schema(example = "13800000001", max_length = 40)]
    phone: String,
    /// The token of the link that the person came by: then only that link's phone gets a code.
    #[garde(length(max = 64))]
    link: Option<String>,
}

/// A code may be on its way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CodeSent {
    /// Seconds until another code can be asked for.
    #[schema(example = 60)]
    retry_after_s: i64,
    /// Seconds for which the code holds.
    #[schema(example = 600)]
    expires_in_s: i64,
}

impl CodeSent {
    pub(crate) fn of(app: &App) -> Self {
        let limits = &app.config.codes;
        let retry_after_s = if limits.per_minute <= 1 { 60 } else { 0 };
        Self { retry_after_s, expires_in_s: limits.lifetime_ms / 1000 }
    }
}

/// Sends a login code to the phone, if it belongs to somebody who may log in. The answer is the same when it does not.
#[utoipa::path(
    post, path = "/api/login/codes", tag = "session",
    request_body = LoginCodeRequest, responses((status = ACCEPTED, body = CodeSent))
)]
async fn send_login_code(
    State(app): State<App>,
    Body(body): Body<LoginCodeRequest>,
) -> Result<(StatusCode, Json<CodeSent>), Error> {
    let phone = phone(&body.phone)?;
    let mut tx = app.store.begin().await?;
    let person_id = who_may_log_in(tx.conn(), &phone, body.link.as_deref()).await?;
    let new = NewCode { purpose: Purpose::Login, phone, person_id, recipient_id: None, digest: None };
    codes::issue(&mut tx, &new, &app.config.codes).await?;
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(CodeSent::of(&app))))
}

/// The person behind the number, if a code may be sent; with a link, only the one whom the link was sent to.
async fn who_may_log_in(
    conn: &mut Conn,
    phone: &Phone,
    link: Option<&str>,
) -> Result<Option<PersonId>, Error> {
    let Some(person) = people::by_phone(conn, phone).await? else { return Ok(None) };
    let may = match link {
        Some(token) => recipient_of(conn, token, phone).await?.is_some(),
        None => people::may_log_in(conn, person.id).await?,
    };
    Ok(may.then_some(person.id))
}

/// The recipient that the link was sent to, if it was sent to this number.
async fn recipient_of(conn: &mut Conn, token: &str, phone: &Phone) -> Result<Option<RecipientId>, Error> {
    let Some(link) = links::find(conn, token).await? else { return Ok(None) };
    let recipient = recipients::get(conn, link.recipient_id).await?;
    Ok(recipient.filter(|recipient| recipient.phone == *phone).map(|recipient| recipient.id))
}

/// Logs in.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct LoginRequest {
    /// The number that the code was sent to.
    #[garde(custom(rules::phone))]
    #[schema(example = "13800000001", max_length = 40)]
    phone: String,
    /// The six digits.
    #[garde(custom(rules::code))]
    #[schema(example = "123456", pattern = "^[0-9]{6}$")]
    code: String,
    /// The token of the link that the person came by.
    #[garde(length(max = 64))]
    link: Option<String>,
}

/// Logged in; the session is in the cookie.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoggedIn {
    /// Who.
    person: Me,
    /// Where the link leads.
    destination: Option<Destination>,
}

/// Where a link leads after the login.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Destination {
    /// Sign as this recipient.
    #[schema(value_type = String, format = "uuid")]
    recipient_id: RecipientId,
}

/// Logs in with a code, and sets the session cookie.
#[utoipa::path(
    post, path = "/api/login", tag = "session",
    request_body = LoginRequest, responses((status = OK, body = LoggedIn))
)]
async fn log_in(State(app): State<App>, Body(body): Body<LoginRequest>) -> Result<impl IntoResponse, Error> {
    let phone = phone(&body.phone)?;
    let mut tx = app.store.begin().await?;
    let now_ms = tx.now().as_ms();
    let wanted = Wanted { purpose: Purpose::Login, phone: &phone, recipient_id: None };
    let tried = codes::try_code(tx.conn(), &app.config.secret, &wanted, &body.code, now_ms).await?;
    let Try::Right(code) = tried else {
        tx.commit().await?;
        return Err(refused(&tried, false).into());
    };
    let person_id = code.person_id.ok_or(Error::Broken("a right code belongs to somebody"))?;
    let token = sessions::new_token();
    sessions::begin(tx.conn(), &token, person_id, auth::lifetimes(&app), now_ms).await?;
    let person = me::of(tx.conn(), person_id).await?.ok_or(Error::Broken("a code's person is there"))?;
    let destination = match &body.link {
        Some(link) => recipient_of(tx.conn(), link, &phone).await?,
        None => None,
    };
    note(&mut tx, person_id, "session.begin").await?;
    tx.commit().await?;
    let destination = destination.map(|recipient_id| Destination { recipient_id });
    Ok((auth::set_cookie(&app, &token), Json(LoggedIn { person, destination })))
}

/// What a code that did not open anything is answered with.
pub(super) fn refused(tried: &Try, intent: bool) -> Refusal {
    match (tried, intent) {
        (Try::Wrong { tries_left }, false) => Refusal::from(Code::CodeWrong).tries_left(*tries_left),
        (Try::Wrong { tries_left }, true) => Refusal::from(Code::IntentCodeWrong).tries_left(*tries_left),
        (Try::Exhausted, _) => Code::TooManyTries.into(),
        (Try::Expired | Try::Right(_), false) => Code::CodeExpired.into(),
        (Try::Expired | Try::Right(_), true) => Code::IntentCodeExpired.into(),
    }
}

/// Ends the session. Without one, nothing happens.
#[utoipa::path(post, path = "/api/logout", tag = "session", responses((status = NO_CONTENT)))]
async fn log_out(State(app): State<App>, headers: HeaderMap) -> Result<impl IntoResponse, Error> {
    if let Some(token) = auth::token(&headers) {
        let mut tx = app.store.begin().await?;
        let now_ms = tx.now().as_ms();
        if let Some(person_id) = sessions::revoke(tx.conn(), &token, now_ms).await? {
            note(&mut tx, person_id, "session.end").await?;
        }
        tx.commit().await?;
    }
    Ok((StatusCode::NO_CONTENT, auth::set_cookie(&app, "")))
}

async fn note(tx: &mut Tx, person_id: PersonId, action: &str) -> Result<(), Error> {
    let entry = audit::Entry {
        person_id: Some(person_id),
        action,
        target_kind: "person",
        target_id: person_id.to_string(),
        detail: json!({}),
    };
    let now_ms = tx.now().as_ms();
    Ok(audit::append(tx.conn(), &entry, now_ms).await?)
}

fn phone(text: &str) -> Result<Phone, Error> {
    text.parse().map_err(|_| Error::Broken("the number was validated"))
}
