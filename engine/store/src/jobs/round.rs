//! Results that instances wait for, of many jobs: taken in memory, then written together. A job that such a result starts
//! can be run at once by who holds the round, and its result taken into the same transaction.

use std::collections::{HashMap, VecDeque};

use sealflow_core::{
    Actor, DefinitionHash, EventId, EventKind, Timestamp,
    ids::{InstanceId, JobId},
};
use serde::Serialize;
use sqlx::Row as _;

use super::{ClaimedJob, CompleteError, Lease, Outcome, ack::shortened, key_in};
use crate::{
    Error, Tx,
    db::{
        Commit,
        many::{Column::Text, Many},
        row::parse,
    },
    instances::{
        Instance, NewEvent, Submitted,
        batch::{Awaited, Batch},
        submit,
    },
};

static COMPLETE_MANY: Many = Many::new(include_str!("complete_many.sql"), &[("id", Text), ("token", Text)]);
const REFUSE: &str = include_str!("refuse.sql");

#[derive(Serialize)]
struct Row<'a> {
    id: JobId,
    token: &'a str,
}

/// Results that are written together.
#[derive(Debug)]
pub struct Round {
    batch: Batch,
    /// The jobs whose leases still hold, with the keys that their instances know.
    held: HashMap<JobId, (InstanceId, String)>,
    refused: Vec<(JobId, String)>,
    /// The places of jobs that were started and nobody has looked at.
    started: VecDeque<usize>,
    now: Timestamp,
}

impl Round {
    /// Locks the instances and notes the jobs as done whose leases still hold. Each of these jobs is awaited by its
    /// instance, and changes nothing else.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn load(tx: &mut Tx, results: &[(&Lease, InstanceId)]) -> Result<Self, Error> {
        // Who holds the lease reports for the first time, so no event needs to be looked for.
        let awaited: Vec<Awaited> = results
            .iter()
            .map(|(_, instance_id)| Awaited { instance_id: *instance_id, event_id: None })
            .collect();
        let batch = Batch::load(tx, &awaited).await?;
        let leases: Vec<Row<'_>> =
            results.iter().map(|(lease, _)| Row { id: lease.job_id, token: &lease.token }).collect();
        let now = tx.now();
        let done = COMPLETE_MANY
            .query(tx.store().dialect(), &leases)?
            .bind(now.as_ms())
            .fetch_all(tx.conn())
            .await?;
        let mut held = HashMap::with_capacity(done.len());
        for row in done {
            let id: JobId = parse("a job's id", &row.try_get::<String, _>("id")?)?;
            let instance_id: Option<String> = row.try_get("instance_id")?;
            let (key, is_awaited): (String, i64) = (row.try_get("key")?, row.try_get("awaited")?);
            if let Some(instance_id) = instance_id.filter(|_| is_awaited != 0) {
                let instance_id = parse("a job's instance", &instance_id)?;
                let key = key_in(instance_id, &key).unwrap_or_default().to_owned();
                held.insert(id, (instance_id, key));
            }
        }
        tx.label(Commit::Complete);
        Ok(Self { batch, held, refused: Vec::new(), started: VecDeque::new(), now })
    }

    /// Begins with events of other kinds, whose instances are loaded.
    pub(crate) fn of_events(batch: Batch, now: Timestamp) -> Self {
        Self { batch, held: HashMap::new(), refused: Vec::new(), started: VecDeque::new(), now }
    }

    /// Has a definition at hand.
    pub(crate) async fn learn(&mut self, tx: &mut Tx, hash: &DefinitionHash) -> Result<(), Error> {
        self.batch.learn(tx, hash).await
    }

    /// Works out an event; what it starts can be run at once.
    pub(crate) fn work_out(
        &mut self,
        event: impl FnOnce(&mut Batch, Timestamp) -> Result<Submitted, submit::Error>,
    ) -> Result<Submitted, submit::Error> {
        let before = self.batch.started().len();
        let submitted = event(&mut self.batch, self.now)?;
        self.started.extend(before..self.batch.started().len());
        Ok(submitted)
    }

    /// An instance as it will be written, if it has ended.
    pub(crate) fn ended(&self, id: InstanceId) -> Option<Instance> {
        self.batch.ended(id)
    }

    /// Takes a result: its instance goes a step further, in memory. One that is refused leaves its job dead, with the
    /// reason, for a person.
    ///
    /// # Errors
    /// When the lease is lost, or the instance does not take the result.
    pub fn take(&mut self, lease: &Lease, outcome: &Outcome) -> Result<Submitted, CompleteError> {
        let id = lease.job_id;
        let Some((instance_id, key)) = self.held.remove(&id) else {
            return Err(CompleteError::LeaseLost(id));
        };
        self.submit(instance_id, id, &key, outcome).map_err(CompleteError::Submit)
    }

    /// Keeps why a result was refused.
    pub fn refuse(&mut self, id: JobId, reason: &str) {
        self.refused.push((id, shortened(reason)));
    }

    fn submit(
        &mut self,
        instance_id: InstanceId,
        id: JobId,
        key: &str,
        outcome: &Outcome,
    ) -> Result<Submitted, submit::Error> {
        let event = NewEvent {
            id: EventId(format!("job/{id}")),
            actor: Actor::Worker,
            kind: EventKind::JobResult {
                key: key.to_owned(),
                outcome: outcome.name.clone(),
                data: outcome.data.clone(),
            },
        };
        self.work_out(|batch, now| batch.submit(instance_id, event, now))
    }

    /// A job that the results so far started and an instance waits for, of a kind that `wanted` names: as it would be
    /// claimed, but without a lease, for it is not in the table yet. Each is given once.
    pub fn next_started(&mut self, wanted: impl Fn(&str) -> bool) -> Option<(StartedJob, ClaimedJob)> {
        while let Some(place) = self.started.pop_front() {
            let started = self.batch.started().get(place)?;
            if started.is_open() && wanted(started.kind()) {
                return Some((StartedJob(place), started.claimed()));
            }
        }
        None
    }

    /// Takes the result of a started job: it will be inserted as done by `worker`. One that its instance refuses stays
    /// to be claimed, as if it had not been run.
    pub fn finish(&mut self, StartedJob(place): StartedJob, worker: &str, outcome: &Outcome) -> bool {
        let Some(started) = self.batch.started().get(place) else { return false };
        let (instance_id, id, key) = (started.instance_id, started.id(), started.key.clone());
        let taken = self.submit(instance_id, id, &key, outcome).is_ok();
        if taken {
            self.batch.done(place, worker, self.now);
        }
        taken
    }

    /// Leaves what was started and not looked at to be claimed.
    pub fn leave_started(&mut self) {
        self.started.clear();
    }

    /// Whether [`Round::write`] is one statement, on PostgreSQL.
    pub(crate) fn is_one_statement(&self) -> bool {
        self.refused.is_empty() && self.batch.is_one_statement()
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// When nothing of it is written; the transaction must be rolled back then.
    pub async fn write(self, tx: &mut Tx) -> Result<(), submit::Error> {
        self.batch.write(tx).await?;
        for (id, reason) in self.refused {
            sqlx::query(REFUSE)
                .bind(id.to_string())
                .bind(reason)
                .execute(tx.conn())
                .await
                .map_err(Error::from)?;
        }
        Ok(())
    }
}

/// A job of [`Round::next_started`].
#[derive(Debug)]
pub struct StartedJob(usize);
