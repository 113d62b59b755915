-- Why events were refused. A refusal changes nothing and is not part of the history; so that it can be told later, the
-- last ones of each instance are kept here, with no more than names and rules.
create table refusals (
    instance_id text not null references instances (id) on delete cascade,
    -- action, job_result or timer_fired.
    event_kind text not null,
    -- The action's name, the job's outcome or the timer's key.
    name text not null,
    -- The rule's code, as programs know it.
    rule text not null,
    -- The rule in words: the condition, the state, the counter.
    detail text not null,
    -- system, clock, worker, or a person's id.
    actor text not null,
    times bigint not null,
    first_at_ms bigint not null,
    last_at_ms bigint not null,
    primary key (instance_id, event_kind, name, rule, detail, actor)
);
create index refusals_by_time on refusals (instance_id, last_at_ms);

-- Instances that run a definition: for moving them to another.
create index instances_by_definition on instances (definition_hash, id) where finished_at_ms is null;
