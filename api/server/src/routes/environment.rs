//! What the pages need to know before anybody logs in.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, config, openapi::Refusals};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_environment))
}

pub(super) const REFUSALS: Refusals = &[("get_environment", &[])];

/// Which world this is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Environment {
    /// `sandbox`: nothing here counts.
    name: EnvironmentName,
    /// Where the sandbox shows its phones and mailboxes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "http://127.0.0.1:7100/")]
    sandbox_url: Option<String>,
    /// The program's version.
    #[schema(example = "0.1.0")]
    version: String,
}

/// Which world the vendors belong to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EnvironmentName {
    Sandbox,
    Production,
}

/// Tells which environment this is.
#[utoipa::path(get, path = "/api/environment", tag = "session", responses((status = OK, body = Environment)))]
async fn get_environment(State(app): State<App>) -> Json<Environment> {
    let (name, sandbox_url) = match app.config.environment {
        config::Environment::Sandbox => (EnvironmentName::Sandbox, app.config.sandbox_url.as_ref()),
        config::Environment::Production => (EnvironmentName::Production, None),
    };
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Json(Environment { name, sandbox_url: sandbox_url.map(ToString::to_string), version })
}
