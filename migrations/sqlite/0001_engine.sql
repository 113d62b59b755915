-- The engine: definitions, their instances, what happened to them, what they wait for.
-- Portable on purpose: ids are UUIDs as text, times are milliseconds since 1970 UTC, flags are 0 or 1, JSON is text.
-- The same text serves both engines; a change here is made in both files.

-- Definitions ----------------------------------------------------------------------------------------------------

-- Immutable: an instance pins the hash, so that a new version never changes what runs.
create table definitions (
    -- SHA-256 of the compiled form, hexadecimal.
    hash text primary key,
    name text not null,
    version bigint not null,
    -- From 1, for each time that another release compiled the same source to another form.
    compilation bigint not null,
    -- What was published, as it was written.
    source text not null,
    -- The compiled definition, as canonical JSON.
    compiled text not null,
    -- contract_type, or workflow when it was written as one.
    kind text not null,
    published_at_ms bigint not null,
    constraint definitions_version_unique unique (name, version, compilation),
    constraint definitions_kind_known check (kind in ('contract_type', 'workflow'))
);

-- Instances ------------------------------------------------------------------------------------------------------

create table instances (
    id text primary key,
    definition_hash text not null references definitions (hash),
    -- What it drives, for example a contract and its id.
    subject_kind text not null,
    subject_id text not null,
    -- The engine's state, as JSON. Only submit writes it.
    state text not null,
    -- The state's public name: in_progress, completed, …
    status text not null,
    -- The number of its last event; a writer that read another number lost a race.
    seq bigint not null,
    -- How it ended.
    outcome text,
    created_at_ms bigint not null,
    updated_at_ms bigint not null,
    finished_at_ms bigint,
    constraint instances_seq_positive check (seq >= 1),
    constraint instances_ended_whole check ((outcome is null) = (finished_at_ms is null))
);
create index instances_by_subject on instances (subject_kind, subject_id);
create index instances_by_status on instances (status, created_at_ms);
create index instances_by_creation on instances (created_at_ms);

-- What happened, in order and without gaps. Replaying it gives the state again.
create table history (
    instance_id text not null references instances (id),
    seq bigint not null,
    -- Given by whoever reports the event; a second delivery finds it and changes nothing.
    event_id text not null,
    at_ms bigint not null,
    -- The event with its actor, its time and its random number, as JSON.
    event text not null,
    -- applied, or ignored: what it answered to was no longer awaited.
    disposition text not null,
    -- The status afterwards.
    status text not null,
    -- What the step asked for, by key, as JSON.
    effects text not null,
    primary key (instance_id, seq),
    constraint history_event_unique unique (instance_id, event_id),
    constraint history_disposition_known check (disposition in ('applied', 'ignored'))
);

create table timers (
    instance_id text not null references instances (id),
    key text not null,
    -- Raised each time the key is set; a timer of an older generation does nothing.
    generation bigint not null,
    due_at_ms bigint not null,
    -- When it is tried next: later than due only after a failed try.
    try_at_ms bigint not null,
    tries bigint not null,
    last_error text,
    primary key (instance_id, key)
);
create index timers_by_try on timers (try_at_ms);

-- What people have to do: a projection of the instances' states, written with them.
create table tasks (
    instance_id text not null references instances (id),
    key text not null,
    form text not null,
    assignee text not null,
    item text,
    since_at_ms bigint not null,
    primary key (instance_id, key)
);
create index tasks_by_assignee on tasks (assignee, since_at_ms);

-- Jobs -----------------------------------------------------------------------------------------------------------

create table jobs (
    id text primary key,
    queue text not null,
    kind text not null,
    -- Never used twice. Those of an instance begin with its id and a slash.
    key text not null,
    payload text not null,
    state text not null,
    -- Lower runs first.
    priority bigint not null,
    run_at_ms bigint not null,
    -- Counted when it is claimed, so that a job that kills its worker is counted too.
    attempts bigint not null,
    max_attempts bigint not null,
    -- Drawn for each claim. Who writes a result must know it.
    lease_token text,
    -- Raised by each claim.
    lease_epoch bigint not null,
    leased_until_ms bigint,
    worker text,
    -- Committed before a vendor is called: a later attempt asks the vendor first.
    outside_call_at_ms bigint,
    last_error text,
    instance_id text references instances (id),
    -- Whether the instance waits for the result; else it only started the job.
    awaited bigint not null,
    item text,
    created_at_ms bigint not null,
    finished_at_ms bigint,
    constraint jobs_awaited_flag check (awaited in (0, 1)),
    constraint jobs_key_unique unique (key),
    constraint jobs_state_known check (state in ('available', 'running', 'done', 'dead', 'cancelled')),
    constraint jobs_lease_whole check (
        (state = 'running') = (lease_token is not null)
        and (state = 'running') = (leased_until_ms is not null)
    ),
    constraint jobs_finished_whole check ((state in ('done', 'dead', 'cancelled')) = (finished_at_ms is not null))
);
create index jobs_to_claim on jobs (queue, priority, run_at_ms, id) where state = 'available';
create index jobs_by_lease on jobs (leased_until_ms) where state = 'running';
create index jobs_by_instance on jobs (instance_id);
create index jobs_by_state on jobs (state, queue, created_at_ms);
create index jobs_finished on jobs (finished_at_ms) where state in ('done', 'cancelled');

-- A queue without a row is not paused.
create table queue_control (
    queue text primary key,
    paused bigint not null,
    changed_at_ms bigint not null,
    constraint queue_control_paused_flag check (paused in (0, 1))
);
