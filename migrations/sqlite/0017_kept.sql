-- What a job keeps from one attempt to the next (jobs/kept.rs in the store); no secret in clear. It goes when the job is done
-- or no longer wanted.
alter table jobs add column kept text;
