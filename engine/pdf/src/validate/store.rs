//! Why: the document security store holds what proves certificates long after their issuers are gone (ETSI EN 319 142-1, 5.4.2).

use crate::{
    limits::VALIDATION_ITEMS_MAX,
    read::{
        Error,
        file::File,
        object::{Dictionary, Object},
    },
};

/// Certificates, OCSP responses and revocation lists, DER.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) ocsps: Vec<Vec<u8>>,
    pub(crate) crls: Vec<Vec<u8>>,
    /// So many of the first OCSP responses are the file's own; those behind them were fetched.
    pub(crate) own_ocsps: usize,
    /// The same of the lists.
    pub(crate) own_crls: usize,
}

impl Store {
    pub(crate) fn of(file: &File<'_>) -> Result<Self, Error> {
        let (_, catalog) = file.catalog()?;
        let Object::Dictionary(store) = file.entry(catalog, "DSS")? else { return Ok(Self::default()) };
        let [certificates, ocsps, crls] = [
            streams(file, &store, "Certs")?,
            streams(file, &store, "OCSPs")?,
            streams(file, &store, "CRLs")?,
        ];
        let (own_ocsps, own_crls) = (ocsps.len(), crls.len());
        Ok(Self { certificates, ocsps, crls, own_ocsps, own_crls })
    }
}

fn streams(file: &File<'_>, store: &Dictionary, key: &str) -> Result<Vec<Vec<u8>>, Error> {
    let Object::Array(items) = file.entry(store, key)? else { return Ok(Vec::new()) };
    if items.len() > VALIDATION_ITEMS_MAX {
        return Err(Error::TooLarge { what: "the document security store has too many entries".to_owned() });
    }
    items.iter().filter_map(Object::as_reference).map(|reference| file.unpacked_stream(reference)).collect()
}
