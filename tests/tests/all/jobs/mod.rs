//! The workers' promises, on both engines: nothing lost, nothing done twice, nothing that ends a worker.
//!
//! What stock job queues were seen to do wrong, and the test that shows that ours does not:
//!
//! 1. long jobs run twice: `flow::a_lease_is_renewed_as_long_as_the_work_goes_on`,
//!    `flow::no_more_jobs_are_taken_than_there_are_hands`
//! 2. a stop hangs with many in flight: `stop::many_in_flight_are_finished_and_the_rest_is_left`
//! 3. time-outs and panics stay running: `endings::a_time_out_counts_and_the_attempt_is_aborted`,
//!    `endings::a_panic_counts_as_a_failed_attempt`
//! 4. an unreadable payload ends the worker: `endings::a_payload_that_cannot_be_read_is_dead`
//! 5. a retry is never or at once: `endings::a_vendor_says_when_to_come_again`, `endings::a_failed_attempt_is_repeated`
//! 6. a wake-up is lost: `flow::no_wake_up_is_lost`
//! 7. a restart under the same name keeps the old leases: `crash::a_restarted_process_is_another_worker`
//! 8. a database error ends the worker: `crash::a_database_that_goes_away_and_comes_back_ends_nothing`
//! 9. SQLite does not sync: `store::settings::sqlite_keeps_commits_and_checks_references`
//! 10. a poison pill lives for ever: `crash::a_poison_pill_is_dead_after_its_attempts`
//! 11. a late result is taken: `crash::whoever_loses_the_lease_stops_and_cannot_report`
//! 12. two histories of migrations in one table: `store::settings::a_new_database_can_be_opened_by_many_at_once`; the
//!     runtime has no tables of its own

mod ahead;
mod chain;
mod crash;
mod cron;
mod endings;
mod flow;
mod limits;
mod offers;
pub(crate) mod puppet;
mod stop;
