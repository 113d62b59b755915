//! Why: what else speaks for a file's signatures: its security store, what a caller has fetched, and later timestamps. And what
//! was missing while judging, so that somebody who may call outside can fetch it; this crate calls nobody.

use std::cell::RefCell;

use openssl::x509::X509;
use serde::{Deserialize, Serialize};

use super::{
    Report, RevocationReport, SignatureReport, Trust, Verdict, certificates::Certificates, filled::Filled,
    hashes::Hashes, revocation::is_fresh_and_good, store::Store,
};
use crate::{
    limits::{VALIDATION_ITEMS_MAX, WANTED_MAX},
    read::{Error, file::File},
    sign::{RevocationSources, ValidationData, revocation_sources},
};

/// A report, with what would make it better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Examination {
    /// The verdicts.
    pub report: Report,
    /// Certificates on whose revocation the file says nothing, or nothing fresh. Their chains lead to a trusted root, so
    /// the addresses are an authority's, not just anybody's.
    pub wanted: Vec<Wanted>,
    /// The certificates of all chains that lead to a trusted root, DER, each once.
    pub chains: Vec<Vec<u8>>,
}

/// A certificate whose issuer is to be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Its common name, for messages.
    pub certificate: Option<String>,
    /// Where, and with which question.
    pub sources: RevocationSources,
}

/// What else the file holds that speaks for its signatures.
#[derive(Debug)]
pub(super) struct Evidence {
    pub(super) store: Store,
    stamps: Vec<Stamp>,
    found: RefCell<Found>,
    pub(super) hashes: Hashes,
    pub(super) filled: Filled,
    pub(super) certificates: Certificates,
}

/// What was come across while judging.
#[derive(Debug, Default)]
struct Found {
    wanted: Vec<(Vec<u8>, Wanted)>,
    chains: Vec<Vec<u8>>,
}

/// A trusted document timestamp.
#[derive(Debug)]
pub(super) struct Stamp {
    /// Where the bytes end that it is over.
    end: usize,
    pub(super) time_ms: i64,
    /// These bytes hold a security store.
    pub(super) over_store: bool,
}

impl Evidence {
    pub(super) fn of(file: &File<'_>, trust: &Trust) -> Result<Self, Error> {
        let mut store = Store::of(file)?;
        let ValidationData { certificates, ocsps, crls } = &trust.known;
        for (own, more) in
            [(&mut store.certificates, certificates), (&mut store.ocsps, ocsps), (&mut store.crls, crls)]
        {
            own.extend(more.iter().take(VALIDATION_ITEMS_MAX).cloned());
        }
        Ok(Self {
            store,
            stamps: Vec::new(),
            found: RefCell::default(),
            hashes: Hashes::default(),
            filled: Filled::default(),
            certificates: Certificates::default(),
        })
    }

    /// Adds a document timestamp, when it passed.
    pub(super) fn add(&mut self, file: &File<'_>, end: usize, report: &SignatureReport) {
        let time_ms = report.timestamp.as_ref().filter(|stamp| stamp.trusted).map(|stamp| stamp.time_ms);
        let (Verdict::TotalPassed, Some(time_ms)) = (report.verdict, time_ms) else { return };
        let over_store = file
            .revision(end)
            .is_ok_and(|signed| signed.catalog().is_ok_and(|(_, catalog)| catalog.get("DSS").is_some()));
        self.stamps.push(Stamp { end, time_ms, over_store });
    }

    /// The document timestamps over the bytes that end here.
    pub(super) fn over(&self, end: usize) -> impl Iterator<Item = &Stamp> {
        self.stamps.iter().filter(move |stamp| stamp.end > end)
    }

    /// Keeps a chain that leads to a trusted root, and those of it that nobody speaks for.
    pub(super) fn note(&self, chain: &[X509], reports: &[RevocationReport]) {
        let mut found = self.found.borrow_mut();
        let ders: Vec<Vec<u8>> = chain.iter().filter_map(|certificate| certificate.to_der().ok()).collect();
        for der in &ders {
            if !found.chains.contains(der) && found.chains.len() < VALIDATION_ITEMS_MAX {
                found.chains.push(der.clone());
            }
        }
        for (pair, report) in ders.windows(2).zip(reports) {
            let [certificate, issuer] = pair else { continue };
            let known = found.wanted.iter().any(|(known, _)| known == certificate);
            if is_fresh_and_good(report) || known || found.wanted.len() >= WANTED_MAX {
                continue;
            }
            let Ok(sources) = revocation_sources(certificate, issuer) else { continue };
            let wanted = Wanted { certificate: report.certificate.clone(), sources };
            found.wanted.push((certificate.clone(), wanted));
        }
    }

    pub(super) fn examination(self, report: Report) -> Examination {
        let Found { wanted, chains } = self.found.into_inner();
        Examination { report, wanted: wanted.into_iter().map(|(_, wanted)| wanted).collect(), chains }
    }
}
