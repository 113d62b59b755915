-- What holds jobs back, and what starts them by the clock.

-- Jobs with the same key share a few slots over all processes; null: not limited.
alter table jobs add column concurrency_key text;
create index jobs_running_by_key on jobs (concurrency_key) where state = 'running' and concurrency_key is not null;

-- How many jobs run at a time over all processes. Scope: queue/<queue> for all of a queue, kind/<kind> for jobs of
-- one concurrency key. A scope without a row has no limit, or the kind's own.
create table concurrency_limits (
    scope text primary key,
    max bigint not null,
    -- Set by a person at run time: the configuration does not overwrite it.
    by_person bigint not null,
    changed_at_ms bigint not null,
    constraint concurrency_limits_positive check (max > 0),
    constraint concurrency_limits_person_flag check (by_person in (0, 1))
);

-- How often a provider may be called, over all processes: at most max times in any period.
create table rate_limits (
    provider text primary key,
    -- Null: as often as there are jobs.
    max bigint,
    period_ms bigint not null,
    -- When calls were granted, and how many: [[at_ms, count], …] as JSON; those of the last period.
    granted text not null,
    -- The provider asked for a rest until then.
    blocked_until_ms bigint not null,
    -- How often in a row it did.
    throttles bigint not null,
    by_person bigint not null,
    changed_at_ms bigint not null,
    constraint rate_limits_positive check (max > 0),
    constraint rate_limits_period_positive check (period_ms > 0),
    constraint rate_limits_person_flag check (by_person in (0, 1))
);

-- Jobs that the clock starts. Written from the configuration by the workers; read by the operations page.
create table schedules (
    name text primary key,
    expression text not null,
    time_zone text not null,
    -- What happens with ticks that were missed: skip, once, or all/<max>.
    catch_up text not null,
    kind text not null,
    payload text not null,
    -- The planned time of the last tick that was taken, or when the schedule was first seen.
    last_tick_at_ms bigint not null,
    -- Null: there is no further tick.
    next_tick_at_ms bigint,
    paused bigint not null,
    changed_at_ms bigint not null,
    constraint schedules_paused_flag check (paused in (0, 1))
);

-- What chores look for.
create index codes_by_expiry on codes (expires_at_ms);
create index code_numbers_by_time on code_numbers (asked_at_ms);
create index links_by_expiry on links (expires_at_ms);
create index instances_finished on instances (finished_at_ms) where finished_at_ms is not null;
