//! What the certification authority was asked for. It knows a request by its bytes: one that was answered is answered with
//! the same certificate, one that waits for a person goes on waiting.

use std::{collections::VecDeque, sync::Mutex};

use anyhow::Result;
use openssl::x509::X509;
use serde::Serialize;

use crate::faults::lock;

/// Requests that are known; the oldest are forgotten.
const KNOWN_MAX: usize = 1_000;

/// A request.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Enrolment {
    /// SHA-256 of its DER, hexadecimal.
    pub(crate) sha256: String,
    /// How often it came.
    pub(crate) asked: u64,
    /// Whether its certificate was issued.
    pub(crate) issued: bool,
    #[serde(skip)]
    certificate: Option<X509>,
}

/// The requests, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Enrolments {
    known: Mutex<VecDeque<Enrolment>>,
}

impl Enrolments {
    /// Notes that this came, and answers what `issue` makes of it, which is called once for a request. None: a person
    /// has to decide first.
    pub(crate) fn answer(
        &self,
        der: &[u8],
        is_undecided: bool,
        issue: impl FnOnce() -> Result<X509>,
    ) -> Result<Option<X509>> {
        let sha256: String = openssl::sha::sha256(der).iter().map(|byte| format!("{byte:02x}")).collect();
        let mut known = lock(&self.known);
        let at = match known.iter().position(|one| one.sha256 == sha256) {
            Some(at) => at,
            None => {
                if known.len() >= KNOWN_MAX {
                    known.pop_front();
                }
                known.push_back(Enrolment { sha256, asked: 0, issued: false, certificate: None });
                known.len() - 1
            }
        };
        let Some(one) = known.get_mut(at) else { return Ok(None) };
        one.asked += 1;
        if one.certificate.is_none() && !is_undecided {
            one.certificate = Some(issue()?);
            one.issued = true;
        }
        Ok(one.certificate.clone())
    }

    /// Newest first.
    pub(crate) fn list(&self, limit: usize) -> Vec<Enrolment> {
        lock(&self.known).iter().rev().take(limit).cloned().collect()
    }
}
