//! For whoever runs the process: is it alive, can it work, and how much waits.

use std::net::SocketAddr;

use axum::{
    Json,
    extract::{ConnectInfo, State},
    http::{Extensions, HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use sealflow_store::jobs;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, error::Error, openapi::Refusals, problem::Code};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_health))
        .routes(routes!(get_readiness))
        .routes(routes!(get_metrics))
}

pub(super) const REFUSALS: Refusals = &[("get_metrics", &[Code::NotFound])];

/// How it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, or what does not work.
    #[schema(example = "ok")]
    status: String,
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = OK, body = Health)))]
async fn get_health() -> Json<Health> {
    Json(Health { status: "ok".into() })
}

/// The database answers too.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = OK, body = Health)))]
async fn get_readiness(State(app): State<App>) -> Result<Json<Health>, Error> {
    let mut reader = app.store.read().await?;
    app.store.now(&mut reader).await?;
    Ok(Json(Health { status: "ok".into() }))
}

/// Figures in Prometheus' text format, queues included.
#[utoipa::path(
    get, path = "/metrics", tag = "health",
    responses((status = OK, body = String, content_type = "text/plain"))
)]
async fn get_metrics(
    State(app): State<App>,
    headers: HeaderMap,
    extensions: Extensions,
) -> Result<Response, Error> {
    if !may_measure(&app, &headers, &extensions) {
        return Err(Code::NotFound.into());
    }
    let Some(recorder) = &app.metrics else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    let mut reader = app.store.read().await?;
    let now = app.store.now(&mut reader).await?;
    for stats in jobs::queue_stats(&mut reader, now).await? {
        let queue = stats.queue.as_str();
        let figures = [
            ("sealflow_queue_depth", stats.depth),
            ("sealflow_queue_scheduled", stats.scheduled),
            ("sealflow_queue_running", stats.running),
            ("sealflow_queue_dead", stats.dead),
            ("sealflow_queue_paused", u64::from(stats.paused)),
            ("sealflow_queue_oldest_age_ms", stats.oldest_age_ms.unwrap_or(0).unsigned_abs()),
        ];
        for (name, value) in figures {
            metrics::gauge!(name, "queue" => queue).set(u32::try_from(value).unwrap_or(u32::MAX));
        }
    }
    for stats in jobs::provider_stats(&mut reader, now).await? {
        let provider = stats.provider.as_str();
        let figures = [
            ("sealflow_provider_calls", u64::from(stats.calls)),
            ("sealflow_provider_waiting", stats.waiting),
            ("sealflow_provider_blocked", u64::from(stats.blocked_until.is_some())),
        ];
        for (name, value) in figures {
            metrics::gauge!(name, "provider" => provider).set(u32::try_from(value).unwrap_or(u32::MAX));
        }
    }
    let text = recorder.render();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

/// Whoever has the token; without one, whoever is on this computer and did not come through a proxy.
fn may_measure(app: &App, headers: &HeaderMap, extensions: &Extensions) -> bool {
    match &app.config.metrics_token {
        Some(token) => {
            let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            let given = given.and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
            token.expose_secret().as_bytes().ct_eq(given.as_bytes()).into()
        }
        None => {
            let peer = extensions.get::<ConnectInfo<SocketAddr>>();
            peer.is_some_and(|peer| peer.0.ip().is_loopback()) && !headers.contains_key("x-forwarded-for")
        }
    }
}
