//! Why: few child processes open files, and a difficult file keeps one busy for half a minute. So each person's files take
//! turns: whoever sends many holds up himself, and nobody else. The files that a person fetches take turns of their own: a
//! slow line keeps one for as long as it likes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sealflow_core::ids::PersonId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::{Code, Refusal};

/// How many files of one person.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Have their turn at one time.
    at_once: usize,
    /// Wait for those.
    waiting: usize,
}

/// Fewer are opened at one time than there are children; each that waits is in memory.
const OPENED: Limits = Limits { at_once: 2, waiting: 6 };
/// As many as a contract has documents are on their way or wait; each of them is a piece in memory.
const FETCHED: Limits = Limits { at_once: 8, waiting: 12 };
/// How long one waits for the others of its person, how long for the converter, and how long for a child.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(20);
/// When to ask again, in seconds.
pub(crate) const RETRY_AFTER_S: i64 = 10;

/// Whose files have their turn now. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    limits: Limits,
    queues: Arc<Mutex<HashMap<PersonId, Queue>>>,
}

#[derive(Debug)]
struct Queue {
    slots: Arc<Semaphore>,
    /// Files that have their turn or wait.
    files: usize,
}

/// A file's place among those of its person.
#[derive(Debug)]
struct Place {
    turns: Turns,
    person: PersonId,
}

/// Lasts as long as it is kept.
#[derive(Debug)]
pub(crate) struct Turn {
    _slot: OwnedSemaphorePermit,
    _place: Place,
}

impl Turns {
    /// For files that are opened.
    pub(crate) fn opened() -> Self {
        Self { limits: OPENED, queues: Arc::default() }
    }

    /// For files that are fetched.
    pub(crate) fn fetched() -> Self {
        Self { limits: FETCHED, queues: Arc::default() }
    }

    /// Waits until it is a file of this person's turn.
    ///
    /// # Errors
    /// [`Code::FilesAtOnce`], when too many of his have their turn or wait, or this one waits too long.
    pub(crate) async fn take(&self, person: PersonId) -> Result<Turn, Refusal> {
        let refused = || Refusal::from(Code::FilesAtOnce).retry_after_s(RETRY_AFTER_S);
        let (slots, place) = self.place(person).ok_or_else(refused)?;
        match tokio::time::timeout(WAIT_MAX, slots.acquire_owned()).await {
            Ok(Ok(slot)) => Ok(Turn { _slot: slot, _place: place }),
            _ => Err(refused()),
        }
    }

    fn place(&self, person: PersonId) -> Option<(Arc<Semaphore>, Place)> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues
            .entry(person)
            .or_insert_with(|| Queue { slots: Arc::new(Semaphore::new(self.limits.at_once)), files: 0 });
        if queue.files >= self.limits.at_once + self.limits.waiting {
            return None;
        }
        queue.files += 1;
        Some((queue.slots.clone(), Place { turns: self.clone(), person }))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut queues = self.turns.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get_mut(&self.person) {
            queue.files -= 1;
            if queue.files == 0 {
                queues.remove(&self.person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

    use futures::FutureExt as _;

    use super::*;

    fn person(number: u128) -> PersonId {
        PersonId::from_uuid(uuid::Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn one_persons_files_take_turns_and_nobody_elses_wait() {
        let turns = Turns::opened();
        let (one, other) = (person(1), person(2));
        let first = turns.take(one).await.unwrap();
        let second = turns.take(one).await.unwrap();
        let mut third = Box::pin(turns.take(one));
        assert!(third.as_mut().now_or_never().is_none());
        // Somebody else's is opened at once.
        assert!(turns.take(other).now_or_never().is_some_and(|turn| turn.is_ok()));
        drop(first);
        assert!(third.now_or_never().is_some_and(|turn| turn.is_ok()));
        drop(second);
        assert!(turns.queues.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn very_many_files_of_one_person_are_refused_at_once() {
        let turns = Turns::opened();
        let (one, other) = (person(1), person(2));
        let open = [turns.take(one).await.unwrap(), turns.take(one).await.unwrap()];
        let mut waiting: Vec<_> = (0..OPENED.waiting).map(|_| Box::pin(turns.take(one))).collect();
        assert!(waiting.iter_mut().all(|turn| turn.as_mut().now_or_never().is_none()));
        let refused = turns.take(one).now_or_never().unwrap().unwrap_err();
        assert_eq!((refused.code, refused.retry_after_s), (Code::FilesAtOnce, Some(RETRY_AFTER_S)));
        assert!(turns.take(other).now_or_never().is_some_and(|turn| turn.is_ok()));
        // Who goes away leaves his place.
        waiting.pop();
        assert!(turns.take(one).now_or_never().is_none());
        drop((open, waiting));
        assert!(turns.queues.lock().unwrap().is_empty());
    }
}
