//! The register of issued certificates, as every certification authority keeps one.

use std::{path::Path, sync::Mutex};

use anyhow::Result;
use openssl::{
    nid::Nid,
    x509::{X509NameRef, X509Ref},
};
use serde::{Deserialize, Serialize};

use crate::{clock, faults::lock, journal::Journal};

/// One certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Issued {
    /// When, in milliseconds since 1970 UTC.
    pub(crate) at_ms: i64,
    /// In hexadecimal.
    pub(crate) serial: String,
    /// `CN`.
    pub(crate) common_name: String,
    /// `O`, where there is one.
    pub(crate) organization: Option<String>,
    /// The end of its validity, as OpenSSL prints it.
    pub(crate) not_after: String,
}

impl Issued {
    pub(crate) fn of(certificate: &X509Ref) -> Result<Self> {
        let subject = certificate.subject_name();
        Ok(Self {
            at_ms: clock::now_ms(),
            serial: certificate.serial_number().to_bn()?.to_hex_str()?.to_lowercase(),
            common_name: entry(subject, Nid::COMMONNAME).unwrap_or_default(),
            organization: entry(subject, Nid::ORGANIZATIONNAME),
            not_after: certificate.not_after().to_string(),
        })
    }
}

fn entry(name: &X509NameRef, nid: Nid) -> Option<String> {
    name.entries_by_nid(nid).next()?.data().to_string().ok()
}

/// The register.
#[derive(Debug)]
pub(crate) struct Certificates {
    inner: Mutex<(Journal<Issued>, Vec<Issued>)>,
}

impl Certificates {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Ok(Self { inner: Mutex::new(Journal::open(path)?) })
    }

    pub(crate) fn add(&self, issued: Issued) -> Result<()> {
        let mut inner = lock(&self.inner);
        inner.0.append(&issued)?;
        inner.1.push(issued);
        Ok(())
    }

    /// Newest first.
    pub(crate) fn list(&self, limit: usize) -> Vec<Issued> {
        lock(&self.inner).1.iter().rev().take(limit).cloned().collect()
    }

    pub(crate) fn revision(&self) -> u64 {
        lock(&self.inner).1.len() as u64
    }
}
