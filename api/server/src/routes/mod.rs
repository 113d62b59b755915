//! All routes, one file a resource. A handler reads, asks whether it may, calls the domain once, and answers.

mod callbacks;
mod contract_types;
mod contracts;
mod environment;
mod health;
mod links;
mod login;
mod me;
mod ops;
mod organizations;
mod seals;
mod signatures;
mod signing;
mod validation;
mod view;

use axum::{Json, Router, routing::get};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    App,
    openapi::{Document, Refusals, finish},
};

pub(crate) const REFUSALS: &[Refusals] = &[
    callbacks::REFUSALS,
    contract_types::REFUSALS,
    contracts::REFUSALS,
    environment::REFUSALS,
    health::REFUSALS,
    links::REFUSALS,
    login::REFUSALS,
    me::REFUSALS,
    ops::REFUSALS,
    organizations::REFUSALS,
    seals::REFUSALS,
    signatures::REFUSALS,
    signing::REFUSALS,
    validation::REFUSALS,
];

/// The routes with the document that describes them.
pub(crate) fn api() -> (Router<App>, utoipa::openapi::OpenApi) {
    let (router, mut document) = OpenApiRouter::with_openapi(Document::openapi())
        .merge(environment::router())
        .merge(links::router())
        .merge(login::router())
        .merge(me::router())
        .merge(contract_types::router())
        .merge(organizations::router())
        .merge(contracts::router())
        .merge(signing::router())
        .merge(seals::router())
        .merge(signatures::router())
        .merge(validation::router())
        .merge(ops::router())
        .merge(callbacks::router())
        .merge(health::router())
        .split_for_parts();
    finish(&mut document, REFUSALS);
    let served = document.clone();
    let router = router.route("/api/openapi.json", get(move || async move { Json(served) }));
    (router, document)
}
