//! Which handler does which kind of job, and what handlers give and get.
//!
//! A handler is `async fn(Ctx, Tools, Payload) -> Result<Done, JobError>`. It may run twice: a worker can die after
//! the work and before its result is written. What it does outside is therefore marked first
//! ([`Ctx::before_outside_call`]) and asked about when a mark is found ([`Ctx::earlier_outside_call`]); what it writes
//! goes into [`Done`], which is committed with the result or not at all.

mod ctx;
mod error;

use std::{
    collections::{HashMap, HashSet},
    fmt,
    future::Future,
    sync::Arc,
    time::Duration,
};

use futures::future::BoxFuture;
use sealflow_store::{
    Change,
    jobs::{Kind, Outcome},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use ctx::Ctx;
pub use error::JobError;
pub(crate) use error::chain;

/// What a handler found, and what is written with it.
#[derive(Debug)]
pub struct Done {
    outcome: &'static str,
    data: Value,
    changes: Vec<Change>,
}

impl Done {
    /// A result by the name that definitions use in `on`.
    #[must_use]
    pub const fn new(outcome: &'static str) -> Self {
        Self { outcome, data: Value::Null, changes: Vec::new() }
    }

    /// With what the definition may look at.
    #[must_use]
    pub fn with_data(mut self, data: Value) -> Self {
        self.data = data;
        self
    }

    /// With writes of the same transaction, in this order.
    #[must_use]
    pub fn with_changes(mut self, changes: Vec<Change>) -> Self {
        self.changes = changes;
        self
    }

    /// The result's name.
    pub(crate) const fn outcome(&self) -> &'static str {
        self.outcome
    }

    pub(crate) fn into_parts(self) -> (Outcome, Vec<Change>) {
        (Outcome { name: self.outcome.to_owned(), data: self.data }, self.changes)
    }
}

type Handler = Arc<dyn Fn(Ctx, &str) -> BoxFuture<'static, Result<Done, JobError>> + Send + Sync>;

/// How long the local jobs of one transaction may take together: others wait for its locks.
pub const LOCAL_TIME: Duration = Duration::from_millis(100);

/// The handlers by kind.
#[derive(Clone, Default)]
pub struct Registry {
    handlers: HashMap<Kind, Handler>,
    local: HashSet<Kind>,
    local_time: Option<Duration>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.handlers.keys()).finish()
    }
}

impl Registry {
    /// Has `run` do the jobs of this kind, with a clone of `tools` each time.
    pub fn add<T, P, F, R>(&mut self, kind: Kind, tools: T, run: F)
    where
        T: Clone + Send + Sync + 'static,
        P: DeserializeOwned + Send + 'static,
        F: Fn(Ctx, T, P) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Done, JobError>> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |ctx, payload| match serde_json::from_str::<P>(payload) {
            Ok(payload) => Box::pin(run(ctx, tools.clone(), payload)),
            Err(error) => Box::pin(std::future::ready(Err(unreadable(&error)))),
        });
        self.handlers.insert(kind, handler);
    }

    /// Like [`Registry::add`], for a handler that is done in a moment and touches nothing outside of this process: it
    /// calls nobody, writes no file, and asks the database at most for what never changes. When the job before it has
    /// ended here, it is run at once and its result committed with that one's; it may run again when that fails.
    pub fn add_local<T, P, F, R>(&mut self, kind: Kind, tools: T, run: F)
    where
        T: Clone + Send + Sync + 'static,
        P: DeserializeOwned + Send + 'static,
        F: Fn(Ctx, T, P) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Done, JobError>> + Send + 'static,
    {
        self.add(kind, tools, run);
        self.local.insert(kind);
    }

    /// How long the local jobs of one transaction may take together, instead of [`LOCAL_TIME`].
    pub fn set_local_time(&mut self, time: Duration) {
        self.local_time = Some(time);
    }

    pub(crate) fn local_time(&self) -> Duration {
        self.local_time.unwrap_or(LOCAL_TIME)
    }

    /// Whether its handler is local. A kind whose jobs are counted or kept apart over all processes never is: who runs
    /// one at once does not ask for a slot.
    pub(crate) fn is_local(&self, kind: &str) -> bool {
        kind.parse().is_ok_and(|kind: Kind| {
            let traits = kind.traits();
            self.local.contains(&kind) && traits.provider.is_none() && traits.concurrency.is_none()
        })
    }

    /// Runs the handler of this kind.
    pub(crate) fn run(
        &self,
        kind: &str,
        ctx: Ctx,
        payload: &str,
    ) -> BoxFuture<'static, Result<Done, JobError>> {
        let handler = kind.parse().ok().and_then(|kind: Kind| self.handlers.get(&kind));
        match handler {
            Some(handler) => handler(ctx, payload),
            None => {
                let reason = format!("this version has no worker for jobs of kind {kind:?}");
                Box::pin(std::future::ready(Err(JobError::GiveUp { reason })))
            }
        }
    }
}

/// The message of a decoder may quote what it read, which may be personal; so only the place is told.
fn unreadable(error: &serde_json::Error) -> JobError {
    let reason = format!(
        "the payload cannot be read ({:?} error at line {}, column {})",
        error.classify(),
        error.line(),
        error.column()
    );
    JobError::GiveUp { reason }
}
