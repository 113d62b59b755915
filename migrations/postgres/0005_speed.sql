-- A job's row is written three times: when it comes, when it is taken, when it is done. Each index is written with it, so
-- there are only those that pay.

-- Every step of every job was written here, for lists that people look at. The newest are listed by id, which grows with
-- time; the dead ones, which wait for a person, have an index that other jobs do not touch.
drop index jobs_by_state;
create index jobs_dead on jobs (queue, created_at_ms) where state = 'dead';

-- Finished jobs are thrown away in the order of their ids.
drop index jobs_finished;

-- Most of what the platform does for itself belongs to no instance.
drop index jobs_by_instance;
create index jobs_by_instance on jobs (instance_id) where instance_id is not null;
