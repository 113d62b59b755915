//! Group commit on SQLite: one flush of the disk for the transactions of many callers.
//!
//! SQLite has one writer, and with `synchronous = full` a commit waits for the disk. So transactions that come one after
//! the other are savepoints of one: who has finished his and sees another waiting hands over the open transaction
//! instead of committing it. The last one, or who reaches the limits, commits for all, and all return then. Nothing is
//! seen by a reader, and no caller hears of success, before the flush. When it fails, every caller of the group hears so
//! and nothing of any of them is there.
//!
//! ```text
//! begin ─ savepoint A ─ release ─┐ savepoint B ─ release ─┐ savepoint C ─ release ─ commit
//!                      A waits ──┴───────────── B waits ──┴──────────────────────────┴──► A, B, C return
//! ```
//!
//! A later one builds upon what an earlier one wrote; that is sound because neither is there without the other.

use std::time::{Duration, Instant};

use sqlx::AnyConnection;
use tokio::sync::oneshot;

use super::{
    Error,
    lines::{Held, Lines},
};

/// Begins a further transaction of an open group, and tells the clock.
pub(super) const JOIN: &str = "savepoint sealflow_tx; select cast(unixepoch('subsec') * 1000 as integer)";
/// Ends a transaction of a group.
pub(super) const KEEP: &str = "release savepoint sealflow_tx";
const UNDO: &str = "rollback to savepoint sealflow_tx; release savepoint sealflow_tx";

/// The most transactions that one flush serves.
const MEMBERS_MAX: usize = 128;
/// How long a group goes on taking transactions.
const OPEN_MAX: Duration = Duration::from_millis(8);

/// Transactions that are committed together.
#[derive(Debug)]
pub(super) struct Group {
    number: u64,
    begun: Instant,
    members: Vec<oneshot::Sender<Result<(), String>>>,
}

impl Group {
    pub(super) fn new(number: u64) -> Self {
        Self { number, begun: Instant::now(), members: Vec::new() }
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    fn has_room(&self) -> bool {
        self.members.len() < MEMBERS_MAX && self.begun.elapsed() < OPEN_MAX
    }

    fn tell(self, result: &Result<(), String>) {
        for member in self.members {
            // Nobody waits any more when the caller was aborted.
            let _ = member.send(result.clone());
        }
    }
}

/// Waits for the flush of the group that this transaction, which has ended, belongs to.
pub(super) async fn wait(lines: &Lines, mut held: Held) -> Result<(), Error> {
    let (member, told) = oneshot::channel();
    let Some(mut group) = held.group.take() else { return Ok(()) };
    group.members.push(member);
    if lines.waiting() > 0 && group.has_room() {
        let (number, is_first) = (group.number, group.members.len() == 1);
        let Held { connection, permit, .. } = held;
        lines.leave_open(connection, group);
        drop(permit);
        if is_first {
            // Who is waiting may give up before he joins.
            let lines = lines.clone();
            tokio::spawn(async move {
                tokio::time::sleep(OPEN_MAX).await;
                lines.end_if_open(number).await;
            });
        }
    } else {
        held.group = Some(group);
        // In a task of its own: the others depend on it, whatever becomes of this caller.
        tokio::spawn(end(lines.clone(), held));
    }
    match told.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(why)) => Err(failed(why)),
        Err(_) => Err(sqlx::Error::WorkerCrashed.into()),
    }
}

/// As with any commit that fails, whether it has happened is unknown to the caller.
fn failed(why: String) -> Error {
    Error::Unreachable(sqlx::Error::Protocol(why))
}

/// Commits a group and tells its members.
pub(super) async fn end(lines: Lines, mut held: Held) {
    let result = commit(&mut held.connection).await;
    let group = held.group.take();
    if result.is_ok() {
        lines.give_back(held);
    }
    if let Some(group) = group {
        group.tell(&result);
    }
}

async fn commit(connection: &mut AnyConnection) -> Result<(), String> {
    let committed = sqlx::raw_sql("commit").execute(&mut *connection).await;
    if let Err(error) = committed {
        tracing::error!(error = &error as &dyn std::error::Error, "a group of transactions is not committed");
        roll_back(connection).await;
        return Err(format!("the shared commit failed: {error}"));
    }
    Ok(())
}

async fn roll_back(connection: &mut AnyConnection) {
    if let Err(error) = sqlx::raw_sql("rollback").execute(connection).await {
        // SQLite may have done it by itself.
        tracing::debug!(error = &error as &dyn std::error::Error, "nothing is left to roll back");
    }
}

/// Undoes a transaction of a group, and lets the others be committed.
pub(super) async fn undo(lines: Lines, mut held: Held) {
    let is_alone = held.group.as_ref().is_none_or(|group| group.members.is_empty());
    if is_alone {
        roll_back(&mut held.connection).await;
        return lines.give_back(held);
    }
    if let Err(error) = sqlx::raw_sql(UNDO).execute(&mut *held.connection).await {
        // SQLite undid the whole after an error of the disk.
        roll_back(&mut held.connection).await;
        if let Some(group) = held.group.take() {
            group.tell(&Err(format!("a transaction of the same group broke: {error}")));
        }
        return lines.give_back(held);
    }
    end(lines, held).await;
}
