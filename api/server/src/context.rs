//! What is known about a request before any handler: its id, and who sent it.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request},
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
    middleware::Next,
    response::Response,
};

use crate::{App, error::Error, problem::Code};

/// Names one request in answers and logs. Drawn here, never taken from the client.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestId(pub(crate) String);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Draws the request's id and answers with it.
pub(crate) async fn request_id(mut request: Request, next: Next) -> Response {
    let id = RequestId(uuid::Uuid::now_v7().to_string());
    let value = HeaderValue::from_str(&id.0).ok();
    request.extensions_mut().insert(id);
    let mut response = next.run(request).await;
    if let Some(value) = value {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Where a request came from, for records of evidence.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    /// Empty when it cannot be known.
    pub(crate) ip: String,
    /// At most 300 characters.
    pub(crate) user_agent: String,
}

impl FromRequestParts<App> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let ip = client_ip(&parts.headers, peer, app.config.proxies);
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let user_agent = agent.unwrap_or_default().chars().take(300).collect();
        Ok(Self { ip: ip.map(|ip| ip.to_string()).unwrap_or_default(), user_agent })
    }
}

/// The client's address: the connection's peer, or, behind `proxies` reverse proxies of our own, the entry that the
/// outermost of them wrote into `X-Forwarded-For`. Entries further left are the client's own words and count for nothing.
fn client_ip(headers: &HeaderMap, peer: Option<IpAddr>, proxies: usize) -> Option<IpAddr> {
    let Some(hops_back) = proxies.checked_sub(1) else { return peer };
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let entries: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    entries.iter().rev().nth(hops_back).and_then(|entry| entry.parse().ok()).or(peer)
}

/// The client's name for one intent: a repeat with the same name changes nothing.
#[derive(Debug, Clone)]
pub(crate) struct IdempotencyKey(pub(crate) Option<String>);

impl FromRequestParts<App> for IdempotencyKey {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        let Some(value) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        match value.to_str() {
            Ok(key) if (1..=64).contains(&key.len()) => Ok(Self(Some(key.to_owned()))),
            _ => Err(Error::Refused(Code::BadRequest.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

    use super::*;

    #[test]
    fn only_our_own_proxies_say_who_the_client_is() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("198.51.100.9, 203.0.113.7"));
        headers.append("x-forwarded-for", HeaderValue::from_static("192.0.2.4"));
        let peer: Option<IpAddr> = Some("127.0.0.1".parse().unwrap());
        let ip = |proxies| client_ip(&headers, peer, proxies).unwrap().to_string();
        assert_eq!(ip(0), "127.0.0.1");
        assert_eq!(ip(1), "192.0.2.4");
        assert_eq!(ip(2), "203.0.113.7");
        assert_eq!(ip(9), "127.0.0.1");
    }
}
