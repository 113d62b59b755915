//! For people with the role ops: queues, jobs, instances, limits, schedules. What they do is audited.

mod incidents;
mod instances;
mod jobs;
mod limits;
mod queues;
mod schedules;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, openapi::Refusals, problem::Code};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(queues::list_queues))
        .routes(routes!(queues::pause_queue))
        .routes(routes!(queues::resume_queue))
        .routes(routes!(jobs::list_jobs))
        .routes(routes!(jobs::retry_job))
        .routes(routes!(jobs::discard_job))
        .routes(routes!(jobs::retry_dead_jobs))
        .routes(routes!(limits::list_limits))
        .routes(routes!(limits::set_queue_slots))
        .routes(routes!(limits::set_kind_slots))
        .routes(routes!(limits::set_provider_rate))
        .routes(routes!(schedules::list_schedules))
        .routes(routes!(schedules::run_schedule))
        .routes(routes!(schedules::pause_schedule))
        .routes(routes!(schedules::resume_schedule))
        .routes(routes!(incidents::list_incidents))
        .routes(routes!(incidents::decide_incident))
        .routes(routes!(instances::list_instances))
        .routes(routes!(instances::get_instance))
}

pub(super) const REFUSALS: Refusals = &[
    ("list_queues", &[Code::Forbidden]),
    ("pause_queue", &[Code::Forbidden]),
    ("resume_queue", &[Code::Forbidden]),
    ("list_jobs", &[Code::Forbidden]),
    ("retry_job", &[Code::Forbidden, Code::JobNotDead]),
    ("discard_job", &[Code::Forbidden, Code::JobNotDead, Code::JobAwaited]),
    ("retry_dead_jobs", &[Code::Forbidden]),
    ("list_limits", &[Code::Forbidden]),
    ("set_queue_slots", &[Code::Forbidden]),
    ("set_kind_slots", &[Code::Forbidden]),
    ("set_provider_rate", &[Code::Forbidden]),
    ("list_schedules", &[Code::Forbidden]),
    ("run_schedule", &[Code::Forbidden]),
    ("pause_schedule", &[Code::Forbidden]),
    ("resume_schedule", &[Code::Forbidden]),
    ("list_incidents", &[Code::Forbidden]),
    ("decide_incident", &[Code::Forbidden, Code::IncidentNotOpen]),
    ("list_instances", &[Code::Forbidden]),
    ("get_instance", &[Code::Forbidden]),
];
