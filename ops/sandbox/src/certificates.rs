//! The register of issued certificates, as every certification authority keeps one.

use std::{path::Path, sync::Mutex};

use anyhow::Result;
use openssl::{
    nid::Nid,
    x509::{X509NameRef, X509Ref},
};
use serde::{Deserialize, Serialize};

use crate::{clock, faults::lock, journal::Journal, pki::Issuer, revocation::serial_of};

/// One certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Issued {
    /// When, in milliseconds since 1970 UTC.
    pub(crate) at_ms: i64,
    /// In hexadecimal.
    pub(crate) serial: String,
    #[serde(default)]
    pub(crate) issuer: Issuer,
    /// `CN`.
    pub(crate) common_name: String,
    /// `O`, where there is one.
    pub(crate) organization: Option<String>,
    /// The end of its validity, as OpenSSL prints it.
    pub(crate) not_after: String,
    /// When it was taken back.
    #[serde(default)]
    pub(crate) revoked_at_ms: Option<i64>,
}

/// A certificate that was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Revoked {
    /// In hexadecimal.
    pub(crate) serial: String,
    pub(crate) issuer: Issuer,
    pub(crate) at_ms: i64,
}

impl Issued {
    pub(crate) fn of(certificate: &X509Ref, issuer: Issuer) -> Result<Self> {
        let subject = certificate.subject_name();
        Ok(Self {
            at_ms: clock::now_ms(),
            serial: serial_of(certificate),
            issuer,
            common_name: entry(subject, Nid::COMMONNAME).unwrap_or_default(),
            organization: entry(subject, Nid::ORGANIZATIONNAME),
            not_after: certificate.not_after().to_string(),
            revoked_at_ms: None,
        })
    }
}

fn entry(name: &X509NameRef, nid: Nid) -> Option<String> {
    name.entries_by_nid(nid).next()?.data().to_string().ok()
}

/// The register.
#[derive(Debug)]
pub(crate) struct Certificates {
    issued: Mutex<(Journal<Issued>, Vec<Issued>)>,
    revoked: Mutex<(Journal<Revoked>, Vec<Revoked>)>,
}

impl Certificates {
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        Ok(Self {
            issued: Mutex::new(Journal::open(&folder.join("certificates.jsonl"))?),
            revoked: Mutex::new(Journal::open(&folder.join("revoked.jsonl"))?),
        })
    }

    pub(crate) fn add(&self, issued: Issued) -> Result<()> {
        let mut inner = lock(&self.issued);
        inner.0.append(&issued)?;
        inner.1.push(issued);
        Ok(())
    }

    /// Newest first.
    pub(crate) fn list(&self, limit: usize) -> Vec<Issued> {
        let mut list: Vec<Issued> = lock(&self.issued).1.iter().rev().take(limit).cloned().collect();
        for issued in &mut list {
            issued.revoked_at_ms = self.revoked(&issued.serial).map(|revoked| revoked.at_ms);
        }
        list
    }

    /// Who issued the signer's certificate with this number.
    pub(crate) fn issuer(&self, serial: &str) -> Option<Issuer> {
        lock(&self.issued).1.iter().find(|issued| issued.serial == serial).map(|issued| issued.issuer)
    }

    /// Takes a certificate back, from now on and for ever.
    pub(crate) fn revoke(&self, serial: &str, issuer: Issuer) -> Result<()> {
        let mut inner = lock(&self.revoked);
        if inner.1.iter().all(|revoked| revoked.serial != serial) {
            let revoked = Revoked { serial: serial.to_owned(), issuer, at_ms: clock::now_ms() };
            inner.0.append(&revoked)?;
            inner.1.push(revoked);
        }
        Ok(())
    }

    pub(crate) fn revoked(&self, serial: &str) -> Option<Revoked> {
        lock(&self.revoked).1.iter().find(|revoked| revoked.serial == serial).cloned()
    }

    pub(crate) fn revocations(&self, issuer: Issuer) -> Vec<Revoked> {
        lock(&self.revoked).1.iter().filter(|revoked| revoked.issuer == issuer).cloned().collect()
    }

    pub(crate) fn revision(&self) -> u64 {
        (lock(&self.issued).1.len() + lock(&self.revoked).1.len()) as u64
    }
}
