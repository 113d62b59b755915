//! Why: a signature outlives its certificates only with what proves them beside it: certificates, OCSP answers and CRLs (B-LT),
//! and a timestamp over all of it (B-LTA). Each is a revision of its own, so it can be added years later, and again before the
//! last timestamp's algorithms grow weak.
//!
//! A document timestamp is also how a signature without one gets its time later (ETSI EN 319 142-1, 5.5): writing into the old
//! signature would change bytes that later signatures cover.

use openssl::{
    hash::MessageDigest,
    nid::Nid,
    ocsp::{OcspCertId, OcspRequest},
    x509::X509,
};

use serde::{Deserialize, Serialize};

use super::{
    DigestAlgorithm, Error, Layout, PreparedSignature,
    begin::{self, Marks},
    finish::fill_hole,
};
use crate::{
    geometry::Rect,
    limits::{HOLE_BYTES_MAX, HOLE_BYTES_MIN, VALIDATION_ITEMS_MAX},
    prepare::{self, FieldKind, FieldSpec},
    read::{
        fields::fields,
        file::File,
        object::{Dictionary, Object, Reference},
    },
    validate::{is_authority, store::Store, timestamp},
    write::Increment,
};

/// What proves certificates, all DER.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ValidationData {
    /// Signers', issuers' and timestamp authorities' certificates.
    #[serde(with = "hex_list")]
    pub certificates: Vec<Vec<u8>>,
    /// OCSP responses.
    #[serde(with = "hex_list")]
    pub ocsps: Vec<Vec<u8>>,
    /// Revocation lists.
    #[serde(with = "hex_list")]
    pub crls: Vec<Vec<u8>>,
}

/// Bytes as hexadecimal digits: a quarter of what JSON's lists of numbers take.
mod hex_list {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(list: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(list.iter().map(hex::encode))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<u8>>, D::Error> {
        let list = Vec::<String>::deserialize(deserializer)?;
        list.iter().map(|digits| hex::decode(digits).map_err(D::Error::custom)).collect()
    }
}

/// Where a certificate's issuer tells whether it was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RevocationSources {
    /// Addresses that take [`Self::ocsp_request_der`].
    pub ocsp_urls: Vec<String>,
    /// The question about this certificate.
    pub ocsp_request_der: Vec<u8>,
    /// Addresses of revocation lists.
    pub crl_urls: Vec<String>,
    /// It is an authority's own certificate: others look for a list first.
    pub is_authority: bool,
}

/// Reads the addresses in a certificate.
///
/// # Errors
/// [`Error::Crypto`] when a certificate cannot be read.
pub fn revocation_sources(certificate_der: &[u8], issuer_der: &[u8]) -> Result<RevocationSources, Error> {
    let read = || {
        let (certificate, issuer) = (X509::from_der(certificate_der)?, X509::from_der(issuer_der)?);
        let mut request = OcspRequest::new()?;
        request.add_id(OcspCertId::from_cert(MessageDigest::sha1(), &certificate, &issuer)?)?;
        let ocsp_urls =
            certificate.ocsp_responders().map(|urls| urls.iter().map(|u| u.to_string()).collect());
        let mut crl_urls = Vec::new();
        for point in certificate.crl_distribution_points().iter().flatten() {
            let names = point.distpoint().and_then(|point| point.fullname());
            crl_urls.extend(
                names.iter().flat_map(|names| names.iter()).filter_map(|n| n.uri()).map(str::to_owned),
            );
        }
        Ok(RevocationSources {
            ocsp_urls: ocsp_urls.unwrap_or_default(),
            ocsp_request_der: request.to_der()?,
            crl_urls,
            is_authority: is_authority(&certificate),
        })
    };
    read().map_err(|source: openssl::error::ErrorStack| Error::Crypto {
        what: format!("a certificate cannot be read: {source}"),
    })
}

/// Addresses where a certificate's issuer publishes its own certificate.
#[must_use]
pub fn issuer_urls(certificate_der: &[u8]) -> Vec<String> {
    let Ok(certificate) = X509::from_der(certificate_der) else { return Vec::new() };
    let access = certificate.authority_info();
    let published = access.iter().flatten().filter(|entry| entry.method().nid() == Nid::AD_CA_ISSUERS);
    published.filter_map(|entry| entry.location().uri().map(str::to_owned)).collect()
}

/// The certificates of all signatures and timestamps in a file, DER, each once: what [`ValidationData`] is fetched for.
///
/// # Errors
/// [`Error::Read`]
pub fn certificates(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    Ok(crate::validate::certificates(bytes)?)
}

/// Appends a revision with the document security store. What the store has already is not added again; nothing new means
/// no revision.
///
/// # Errors
/// [`Error`]
pub fn add_validation_data(bytes: &[u8], data: &ValidationData) -> Result<Vec<u8>, Error> {
    Ok([bytes, &validation_data(bytes, data)?].concat())
}

/// The new revision alone; empty when there is nothing new.
pub(crate) fn validation_data(bytes: &[u8], data: &ValidationData) -> Result<Vec<u8>, Error> {
    let count = data.certificates.len() + data.ocsps.len() + data.crls.len();
    if count > VALIDATION_ITEMS_MAX {
        return Err(Error::Request {
            what: format!("more than {VALIDATION_ITEMS_MAX} pieces of validation data"),
        });
    }
    let file = File::open(bytes)?;
    let old = Store::of(&file)?;
    let mut increment = Increment::lasting(&file)?;
    let (root, catalog) = file.catalog()?;
    let own = catalog.get("DSS").and_then(Object::as_reference);
    let mut store = file.entry(catalog, "DSS")?.into_dictionary().unwrap_or_default();
    store.set("Type", Object::name("DSS"));
    let mut added = false;
    for (key, new, known) in [
        ("Certs", &data.certificates, &old.certificates),
        ("OCSPs", &data.ocsps, &old.ocsps),
        ("CRLs", &data.crls, &old.crls),
    ] {
        let mut items = match file.entry(&store, key)? {
            Object::Array(items) => items,
            _ => Vec::new(),
        };
        for (index, der) in new.iter().enumerate() {
            if !known.contains(der) && !new.iter().take(index).any(|earlier| earlier == der) {
                items.push(increment.add_packed(Dictionary::new(), der.clone()).into());
                added = true;
            }
        }
        if !items.is_empty() {
            store.set(key, Object::Array(items));
        }
    }
    if !added {
        return Ok(Vec::new());
    }
    match own {
        Some(own) => increment.put(own, store),
        None => {
            let store = increment.add(store);
            let mut catalog = catalog.clone();
            catalog.set("DSS", store.into());
            increment.put(root, catalog);
        }
    }
    Ok(increment.finish()?.tail)
}

/// Appends a revision with an invisible document timestamp field and a hole for its token. The digest is the imprint for the
/// timestamp authority.
///
/// # Errors
/// [`Error`]
pub fn begin_document_timestamp(bytes: &[u8], hole_bytes: usize) -> Result<PreparedSignature, Error> {
    let (tail, layout) = document_timestamp(bytes, hole_bytes)?;
    PreparedSignature::assemble(bytes.to_vec(), tail, &layout, DigestAlgorithm::Sha256)
}

/// The new revision's bytes, and where its hole is.
pub(crate) fn document_timestamp(bytes: &[u8], hole_bytes: usize) -> Result<(Vec<u8>, Layout), Error> {
    if !(HOLE_BYTES_MIN..=HOLE_BYTES_MAX).contains(&hole_bytes) {
        return Err(Error::Request {
            what: format!("the hole has {HOLE_BYTES_MIN}–{HOLE_BYTES_MAX} bytes")
        });
    }
    let file = File::open(bytes)?;
    let taken = fields(&file)?;
    let name = (1..=taken.len() + 1)
        .map(|number| format!("Timestamp{number}"))
        .find(|name| taken.iter().all(|field| field.name != *name))
        .unwrap_or_default();
    let mut increment = Increment::lasting(&file)?;
    let rect = Rect { x: 0.0, y: 0.0, width: 0.0, height: 0.0 };
    let spec = FieldSpec { name, kind: FieldKind::Signature, page: 1, rect };
    let added = prepare::add_fields(&mut increment, &taken, &[spec])?;
    let field: Reference = added
        .first()
        .copied()
        .ok_or_else(|| Error::Request { what: "the timestamp's field was not made".to_owned() })?;
    let value = increment.reserve();
    let head = b"<</Type /DocTimeStamp/Filter /Adobe.PPKLite/SubFilter /ETSI.RFC3161".to_vec();
    let (head, marks): (Vec<u8>, Marks) = begin::up_to_hole(head, hole_bytes);
    increment.put_holed(value, head, hole_bytes);
    let mut dictionary = increment.current(field)?.into_dictionary().unwrap_or_default();
    dictionary.set("V", value.into());
    increment.put(field, dictionary);
    begin::place_range(increment, value, &marks)
}

/// Fills a document timestamp's hole with the authority's token.
///
/// # Errors
/// [`Error::Crypto`] for a token over something else; [`Error::HoleTooSmall`].
pub fn finish_document_timestamp(prepared: PreparedSignature, token_der: &[u8]) -> Result<Vec<u8>, Error> {
    let [_, hole_start, hole_end, _] = prepared.byte_range;
    let crypto = |what: &str| Error::Crypto { what: what.to_owned() };
    let info = timestamp::parse(token_der).ok_or_else(|| crypto("the timestamp token cannot be read"))?;
    let pieces = (prepared.bytes.get(..hole_start), prepared.bytes.get(hole_end..));
    let (Some(before), Some(after)) = pieces else { return Err(crypto("the hole is outside the file")) };
    if !info.is_over(&[before, after]) {
        return Err(crypto("the timestamp token is for something else"));
    }
    fill_hole(prepared.bytes, prepared.byte_range, token_der)
}
