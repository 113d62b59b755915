//! Tells those who wait for the end of an instance, so that they need not ask again and again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sealflow_core::ids::InstanceId;
use tokio::sync::Notify;

/// Who waits for which instance. Clones are the same list.
#[derive(Debug, Clone, Default)]
pub(super) struct Ended {
    waiting: Arc<Mutex<HashMap<InstanceId, Arc<Notify>>>>,
}

/// Somebody waits, for as long as this is kept.
#[derive(Debug)]
pub(crate) struct Wait {
    list: Ended,
    id: InstanceId,
    signal: Arc<Notify>,
}

impl Ended {
    fn lock(&self) -> MutexGuard<'_, HashMap<InstanceId, Arc<Notify>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn wait(&self, id: InstanceId) -> Wait {
        let signal = self.lock().entry(id).or_default().clone();
        Wait { list: self.clone(), id, signal }
    }

    /// These have ended, and it is committed.
    pub(super) fn tell(&self, ids: &[InstanceId]) {
        if ids.is_empty() {
            return;
        }
        let waiting = self.lock();
        for signal in ids.iter().filter_map(|id| waiting.get(id)) {
            signal.notify_waiters();
            // Also for who has looked and is about to wait.
            signal.notify_one();
        }
    }
}

impl Wait {
    /// Returns when this process has committed the end; another process's is found by looking.
    pub(crate) async fn told(&self) {
        self.signal.notified().await;
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut waiting = self.list.lock();
        // The list and we: nobody else waits.
        if Arc::strong_count(&self.signal) <= 2 {
            waiting.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_is_told_and_the_list_forgets_him() {
        let list = Ended::default();
        let [id, other] = [1, 2].map(|n| InstanceId::from_uuid(uuid::Uuid::from_u128(n)));
        let (first, second) = (list.wait(id), list.wait(id));
        list.tell(&[other, id]);
        first.told().await;
        drop(first);
        assert_eq!(list.lock().len(), 1);
        drop(second);
        assert!(list.lock().is_empty());
    }
}
