//! The phones: every message that the gateway took, and every request that it was sent.

use std::{collections::HashMap, path::Path, sync::Mutex};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::{clock, faults::lock, journal::Journal};

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// The network has not answered.
    Waiting,
    /// On the phone.
    Delivered,
    /// Lost.
    Failed,
}

/// One message to one phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Counts from 1.
    pub id: u64,
    /// When it was taken, in milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// To whom.
    pub phone: String,
    /// As the phone shows it.
    pub text: String,
    /// The template it was made from.
    pub template_code: String,
    /// The sender's id.
    pub out_id: String,
    /// The gateway's id.
    pub biz_id: String,
    /// How far it has come.
    pub delivery: Delivery,
    /// When the network answered, in milliseconds since 1970 UTC.
    pub delivered_at_ms: Option<i64>,
}

/// What happened to the messages of one `OutId`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Requests that arrived, with a valid signature.
    pub requests: u64,
    /// Messages that went to a phone. More than one is a doubled message.
    pub accepted: u64,
}

/// A message before it has an id.
pub(crate) struct Draft {
    pub(crate) phone: String,
    pub(crate) text: String,
    pub(crate) template_code: String,
    pub(crate) out_id: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
enum Entry {
    Request { at_ms: i64, out_id: String },
    Message(Message),
    Delivery { id: u64, delivery: Delivery, at_ms: i64 },
}

/// All phones.
#[derive(Debug)]
pub(crate) struct Phones {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    journal: Journal<Entry>,
    /// Message `id` is at `id - 1`.
    messages: Vec<Message>,
    by_phone: HashMap<String, Vec<usize>>,
    counts: HashMap<String, Count>,
    /// Grows with every change.
    revision: u64,
}

impl Phones {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let (journal, entries) = Journal::open(path)?;
        let mut inner = Inner {
            journal,
            messages: Vec::new(),
            by_phone: HashMap::new(),
            counts: HashMap::new(),
            revision: 0,
        };
        for entry in entries {
            inner.apply(entry);
        }
        Ok(Self { inner: Mutex::new(inner) })
    }

    /// Counts a request.
    pub(crate) fn requested(&self, out_id: &str) -> Result<()> {
        let mut inner = lock(&self.inner);
        inner.write(Entry::Request { at_ms: clock::now_ms(), out_id: out_id.to_owned() })
    }

    /// Takes messages that share a `BizId`.
    pub(crate) fn accept(&self, drafts: Vec<Draft>, biz_id: &str) -> Result<Vec<Message>> {
        let mut inner = lock(&self.inner);
        let mut taken = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let message = Message {
                id: inner.messages.len() as u64 + 1,
                at_ms: clock::now_ms(),
                phone: draft.phone,
                text: draft.text,
                template_code: draft.template_code,
                out_id: draft.out_id,
                biz_id: biz_id.to_owned(),
                delivery: Delivery::Waiting,
                delivered_at_ms: None,
            };
            inner.write(Entry::Message(message.clone()))?;
            taken.push(message);
        }
        Ok(taken)
    }

    /// Records the network's answer; gives the message as it is then.
    pub(crate) fn delivered(&self, id: u64, delivery: Delivery) -> Result<Option<Message>> {
        let mut inner = lock(&self.inner);
        inner.write(Entry::Delivery { id, delivery, at_ms: clock::now_ms() })?;
        Ok(inner.message(id).cloned())
    }

    /// Messages that the network has not answered, oldest first.
    pub(crate) fn waiting(&self) -> Vec<u64> {
        let inner = lock(&self.inner);
        inner.messages.iter().filter(|m| m.delivery == Delivery::Waiting).map(|m| m.id).collect()
    }

    /// Messages from `after_ms` on, newest first; of one phone or of all.
    pub(crate) fn list(&self, phone: Option<&str>, after_ms: i64, limit: usize) -> Vec<Message> {
        let inner = lock(&self.inner);
        let wanted = |message: &&Message| message.at_ms >= after_ms;
        match phone {
            None => inner.messages.iter().rev().take_while(wanted).take(limit).cloned().collect(),
            Some(phone) => inner.of_phone(phone).rev().take_while(wanted).take(limit).cloned().collect(),
        }
    }

    /// Messages of one phone, oldest first.
    pub(crate) fn of_phone(&self, phone: &str) -> Vec<Message> {
        lock(&self.inner).of_phone(phone).cloned().collect()
    }

    /// Per `OutId`.
    pub(crate) fn counts(&self) -> HashMap<String, Count> {
        lock(&self.inner).counts.clone()
    }

    pub(crate) fn revision(&self) -> u64 {
        lock(&self.inner).revision
    }
}

impl Inner {
    fn write(&mut self, entry: Entry) -> Result<()> {
        self.journal.append(&entry)?;
        self.apply(entry);
        Ok(())
    }

    fn apply(&mut self, entry: Entry) {
        self.revision += 1;
        match entry {
            Entry::Request { out_id, .. } => self.counts.entry(out_id).or_default().requests += 1,
            Entry::Message(message) => {
                self.counts.entry(message.out_id.clone()).or_default().accepted += 1;
                self.by_phone.entry(message.phone.clone()).or_default().push(self.messages.len());
                self.messages.push(message);
            }
            Entry::Delivery { id, delivery, at_ms } => {
                let index = usize::try_from(id.saturating_sub(1)).unwrap_or(usize::MAX);
                if let Some(message) = self.messages.get_mut(index) {
                    message.delivery = delivery;
                    message.delivered_at_ms = Some(at_ms);
                }
            }
        }
    }

    fn message(&self, id: u64) -> Option<&Message> {
        self.messages.get(usize::try_from(id.checked_sub(1)?).ok()?)
    }

    fn of_phone(&self, phone: &str) -> impl DoubleEndedIterator<Item = &Message> {
        let indexes = self.by_phone.get(phone).map(Vec::as_slice).unwrap_or_default();
        indexes.iter().filter_map(|index| self.messages.get(*index))
    }
}
