//! The HTTP server: who may do what, in which form it is asked, and how refusals are told. What is done stands in the
//! store and in the definitions; nothing here decides what comes next.
//!
//! ```text
//! request ─ id, span, headers, cross-site check (middleware) ─ session, rights (auth) ─ input (extract)
//!                                                                      │
//!          problem details ◄── one match (error) ◄── one domain call ◄─┘ handler (routes)
//! ```

mod auth;
mod config;
mod context;
mod error;
mod extract;
mod linger;
mod metrics_recorder;
mod middleware;
mod mirrored;
mod openapi;
mod problem;
mod routes;
mod serve;
mod turns;
mod web;

use std::sync::Arc;

use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use sealflow_pdf::{
    confined::Confined,
    convert::word::{self, Word},
};
use sealflow_store::Store;

pub use auth::COOKIE;
pub use config::{Config, Environment};
pub use openapi::openapi;
pub use problem::{Code, FieldProblem, Problem};
pub use serve::serve;
use turns::Turns;

/// What handlers work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) store: Store,
    pub(crate) config: Arc<Config>,
    pub(crate) pdf: Confined,
    /// Of files that are opened.
    pub(crate) turns: Turns,
    /// Of files that are fetched.
    pub(crate) fetches: Turns,
    pub(crate) word: Word,
    pub(crate) metrics: Option<PrometheusHandle>,
}

impl App {
    /// Puts the parts together. `pdf` opens uploads in child processes. Word files are converted when LibreOffice is there.
    #[must_use]
    pub fn new(store: Store, config: Config, pdf: Confined) -> Self {
        let limits = word::Limits::default();
        let word = if config.convert_word { Word::find(limits) } else { Word::at(None, limits) };
        let word = word.patient_for(turns::WAIT_MAX);
        let pdf = pdf.patient_for(turns::WAIT_MAX);
        let (turns, fetches) = (Turns::opened(), Turns::fetched());
        Self {
            store,
            config: Arc::new(config),
            pdf,
            turns,
            fetches,
            word,
            metrics: metrics_recorder::handle(),
        }
    }

    /// With another converter of Word files, which waits as long as it is told.
    #[must_use]
    pub fn with_word(self, word: Word) -> Self {
        Self { word, ..self }
    }
}

/// All routes with everything around them.
pub fn router(app: App) -> Router {
    let (routes, _) = routes::api();
    let config = app.config.clone();
    middleware::wrap(routes.fallback(web::serve).with_state(app), &config)
}
