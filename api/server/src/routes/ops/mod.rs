//! For people with the role ops: queues, jobs, instances. What they do is audited.

mod instances;
mod jobs;
mod queues;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, openapi::Refusals, problem::Code};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(queues::list_queues))
        .routes(routes!(queues::pause_queue))
        .routes(routes!(queues::resume_queue))
        .routes(routes!(jobs::list_jobs))
        .routes(routes!(jobs::retry_job))
        .routes(routes!(instances::list_instances))
        .routes(routes!(instances::get_instance))
}

pub(super) const REFUSALS: Refusals = &[
    ("list_queues", &[Code::Forbidden]),
    ("pause_queue", &[Code::Forbidden]),
    ("resume_queue", &[Code::Forbidden]),
    ("list_jobs", &[Code::Forbidden]),
    ("retry_job", &[Code::Forbidden, Code::JobNotDead]),
    ("list_instances", &[Code::Forbidden]),
    ("get_instance", &[Code::Forbidden]),
];
