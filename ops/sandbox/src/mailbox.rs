//! The mailboxes: every mail that the SMTP server took.

use std::{path::Path, sync::Mutex};

use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mail_parser::MessageParser;
use serde::{Deserialize, Serialize};

use crate::{clock, faults::lock, journal::Journal};

/// A mail as its reader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Mail {
    /// Counts from 1.
    pub(crate) id: u64,
    /// When it was taken, in milliseconds since 1970 UTC.
    pub(crate) at_ms: i64,
    /// The envelope's sender.
    pub(crate) from: String,
    /// The envelope's recipients.
    pub(crate) to: Vec<String>,
    /// Without the angle brackets.
    pub(crate) message_id: String,
    /// Decoded.
    pub(crate) subject: String,
    /// The plain text.
    pub(crate) text: String,
    /// The HTML, as it was sent.
    pub(crate) html: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    at_ms: i64,
    from: String,
    to: Vec<String>,
    raw_base64: String,
}

/// All mailboxes.
#[derive(Debug)]
pub(crate) struct Mailboxes {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    journal: Journal<Entry>,
    mails: Vec<Mail>,
}

impl Mailboxes {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let (journal, entries) = Journal::<Entry>::open(path)?;
        let mut mails = Vec::new();
        for entry in entries {
            let raw = STANDARD.decode(&entry.raw_base64)?;
            mails.push(read(mails.len() as u64 + 1, entry, &raw));
        }
        Ok(Self { inner: Mutex::new(Inner { journal, mails }) })
    }

    /// Takes one mail.
    pub(crate) fn accept(&self, from: String, to: Vec<String>, raw: &[u8]) -> Result<()> {
        let entry = Entry { at_ms: clock::now_ms(), from, to, raw_base64: STANDARD.encode(raw) };
        let mut inner = lock(&self.inner);
        inner.journal.append(&entry)?;
        let id = inner.mails.len() as u64 + 1;
        inner.mails.push(read(id, entry, raw));
        Ok(())
    }

    /// Newest first; of one address or of all.
    pub(crate) fn list(&self, to: Option<&str>, limit: usize) -> Vec<Mail> {
        let inner = lock(&self.inner);
        let wanted = |mail: &&Mail| to.is_none_or(|to| mail.to.iter().any(|address| address == to));
        inner.mails.iter().rev().filter(wanted).take(limit).cloned().collect()
    }

    pub(crate) fn revision(&self) -> u64 {
        lock(&self.inner).mails.len() as u64
    }
}

fn read(id: u64, entry: Entry, raw: &[u8]) -> Mail {
    let parsed = MessageParser::default().parse(raw);
    let parsed = parsed.as_ref();
    let text = |body: Option<std::borrow::Cow<'_, str>>| body.unwrap_or_default().into_owned();
    Mail {
        id,
        at_ms: entry.at_ms,
        from: entry.from,
        to: entry.to,
        message_id: parsed.and_then(|mail| mail.message_id()).unwrap_or_default().to_owned(),
        subject: parsed.and_then(|mail| mail.subject()).unwrap_or_default().to_owned(),
        text: text(parsed.and_then(|mail| mail.body_text(0))),
        html: text(parsed.and_then(|mail| mail.body_html(0))),
    }
}
