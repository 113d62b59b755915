//! Writes what callers handed in: a group in one transaction, an event that comes alone in two trips.
//!
//! ```text
//! a group    begin ─ lock and look ─ work out ─ write ─ commit
//! one event          look ────────── work out ─ write             each a transaction of its own, PostgreSQL only
//! ```
//!
//! An event that comes alone is worked out from what a look without a lock found. What it writes is one statement, which
//! is all there or not at all, and whose guard is the instance's number: who was overtaken between the look and the write
//! finds another number, or, at a start, the instance; the statement then writes nothing, and the event goes the way of
//! the groups. So it does when what it writes is more than one statement. A refusal or the answer to a repeated event
//! writes nothing: it is what the look found, as if it had come just then.

use std::time::Instant;

use super::{Answer, Follow, Waiting, Wanted, Writer, Written};
use crate::{
    Dialect, Store, Tx,
    db::Commit,
    failpoint,
    instances::{
        batch::{Awaited, Batch},
        submit::Error,
    },
    jobs::{self, Round},
};

pub(super) async fn write(writer: &Writer, group: &[Waiting]) -> Result<Written, Error> {
    if let ([Waiting::Event(wanted, _)], Dialect::Postgres) = (group, writer.store.dialect())
        && let Some(answer) = write_alone(writer, wanted).await?
    {
        return Ok(Written { events: vec![answer], jobs: Vec::new() });
    }
    let mut tx = writer.store.begin().await?;
    let (mut wanted, mut jobs) = (Vec::new(), Vec::new());
    for waiting in group {
        match waiting {
            Waiting::Event(event, _) => wanted.push(event),
            Waiting::Job(job, _) => jobs.push(job),
        }
    }
    let events = submit(&mut tx, &wanted, writer.follow.as_deref()).await?;
    let jobs = jobs::insert_all(&mut tx, &jobs).await?;
    tx.commit().await?;
    Ok(Written { events, jobs })
}

/// None: it must be written in a transaction.
async fn write_alone(writer: &Writer, wanted: &Wanted) -> Result<Option<Result<Answer, Error>>, Error> {
    let since = Instant::now();
    let (mut tx, batch) = look(&writer.store, &wanted.awaited()).await?;
    let mut round = Round::of_events(batch, tx.now());
    let answer = work_out(&mut tx, &mut round, wanted, writer.follow.as_deref(), since).await?;
    if !round.is_one_statement() {
        tx.commit().await?;
        return Ok(None);
    }
    failpoint::hit(Commit::Submit.before());
    match round.write(&mut tx).await {
        Ok(()) => {}
        Err(Error::Conflict(id)) => {
            tracing::debug!(instance.id = %id, "another event was first; this one waits for the lock");
            tx.commit().await?;
            return Ok(None);
        }
        Err(error) => return Err(error),
    }
    tx.commit().await?;
    Ok(Some(answer))
}

/// Looks on a connection that may have broken while nobody used it; then another one does.
async fn look(store: &Store, asked: &Awaited) -> Result<(Tx, Batch), Error> {
    loop {
        let (mut tx, is_fresh) = store.unbegun().await?;
        match Batch::look(&mut tx, asked).await {
            Ok(batch) => return Ok((tx, batch)),
            Err(crate::Error::Unreachable(_)) if !is_fresh => {}
            Err(error) => return Err(error.into()),
        }
    }
}

async fn submit(
    tx: &mut Tx,
    wanted: &[&Wanted],
    follow: Option<&dyn Follow>,
) -> Result<Vec<Result<Answer, Error>>, Error> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let since = Instant::now();
    let awaited: Vec<Awaited> = wanted.iter().map(|wanted| wanted.awaited()).collect();
    let mut round = Round::of_events(Batch::load(tx, &awaited).await?, tx.now());
    let mut results = Vec::with_capacity(wanted.len());
    for wanted in wanted {
        results.push(work_out(tx, &mut round, wanted, follow, since).await?);
    }
    round.write(tx).await?;
    Ok(results)
}

/// Takes an event, and runs what it starts where that can be done at once.
async fn work_out(
    tx: &mut Tx,
    round: &mut Round,
    wanted: &Wanted,
    follow: Option<&dyn Follow>,
    since: Instant,
) -> Result<Result<Answer, Error>, Error> {
    let submitted = match wanted {
        Wanted::Start(new) => {
            round.learn(tx, &new.definition).await?;
            round.work_out(|batch, now| batch.start(new, now))
        }
        Wanted::Submit(id, event) => round.work_out(|batch, now| batch.submit(*id, event.clone(), now)),
    };
    if let Some(follow) = follow {
        follow.follow(round, since).await;
    }
    round.leave_started();
    Ok(submitted.map(|submitted| Answer { submitted, ended: round.ended(wanted.instance_id()) }))
}
