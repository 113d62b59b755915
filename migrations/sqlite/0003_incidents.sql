-- Until when a task must be done, when it has a deadline.
alter table tasks add column due_at_ms bigint;

-- What operators have to decide: a projection of the instances' states, written with them.
create table incidents (
    instance_id text not null references instances (id),
    key text not null,
    reason text not null,
    item text,
    since_at_ms bigint not null,
    primary key (instance_id, key)
);
create index incidents_by_time on incidents (since_at_ms);
