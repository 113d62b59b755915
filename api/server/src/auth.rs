//! Who is asking: the session cookie, and the rights that some routes want.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use axum_extra::extract::cookie::CookieJar;
use sealflow_core::{EventId, ids::PersonId};
use sealflow_store::{
    people::{self, PlatformRole},
    sessions::{self, Lifetimes},
};

use crate::{App, context::IdempotencyKey, error::Error, problem::Code};

/// The session cookie's name.
pub const COOKIE: &str = "sealflow_session";
/// A session's use is written down at most this often.
const TOUCH_EVERY_MS: i64 = 60_000;

/// Somebody with a session that holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignedIn {
    pub(crate) person_id: PersonId,
}

impl SignedIn {
    /// The event id of one intent of this person. A request without a key is an intent of its own.
    pub(crate) fn event_id(&self, operation: &str, key: &IdempotencyKey) -> EventId {
        let key = key.0.clone().unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
        EventId(format!("api/{operation}/{}/{key}", self.person_id))
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let token = token(&parts.headers).ok_or(Code::NotSignedIn)?;
        let (session, now_ms) = {
            let mut reader = app.store.read().await?;
            let now_ms = app.store.now(&mut reader).await?.as_ms();
            (sessions::find(&mut reader, &token, lifetimes(app), now_ms).await?, now_ms)
        };
        let session = session.ok_or(Code::NotSignedIn)?;
        if now_ms.saturating_sub(session.last_seen_at_ms) > TOUCH_EVERY_MS {
            let mut tx = app.store.begin().await?;
            let now_ms = tx.now().as_ms();
            sessions::touch(tx.conn(), session.id, now_ms).await?;
            tx.commit().await?;
        }
        Ok(Self { person_id: session.person_id })
    }
}

/// Somebody who watches over the platform.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ops {
    pub(crate) person_id: PersonId,
}

impl FromRequestParts<App> for Ops {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let SignedIn { person_id } = SignedIn::from_request_parts(parts, app).await?;
        let mut reader = app.store.read().await?;
        let roles = people::platform_roles(&mut reader, person_id).await?;
        if roles.contains(&PlatformRole::Ops) { Ok(Self { person_id }) } else { Err(Code::Forbidden.into()) }
    }
}

/// How long sessions last here.
pub(crate) fn lifetimes(app: &App) -> Lifetimes {
    Lifetimes {
        absolute_ms: app.config.session_absolute_s.saturating_mul(1000),
        idle_ms: app.config.session_idle_s.saturating_mul(1000),
    }
}

/// The session's token, if the client has one.
pub(crate) fn token(headers: &HeaderMap) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    jar.get(COOKIE).map(|cookie| cookie.value().to_owned()).filter(|token| token.len() == 64)
}

/// Gives the client a session's token; empty: takes it away.
pub(crate) fn set_cookie(app: &App, token: &str) -> [(header::HeaderName, HeaderValue); 1] {
    let age = if token.is_empty() { 0 } else { app.config.session_absolute_s };
    let secure = if app.config.public_url.scheme() == "https" { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}");
    // A token is hexadecimal: the value is always one that a header can hold.
    let value = HeaderValue::from_str(&cookie).unwrap_or(HeaderValue::from_static(""));
    [(header::SET_COOKIE, value)]
}
