//! Why: a timestamp proves that the signature was there at a time, so that it outlives the signer's certificate (RFC 3161).

use openssl::hash::{Hasher, MessageDigest};

use super::signed_data::SignedData;
use crate::{asn1, read::text::parse_date};

const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
const SHA_256: &str = "2.16.840.1.101.3.4.2.1";

/// What a token says.
#[derive(Debug)]
pub(crate) struct Timestamp<'a> {
    pub(crate) signed: SignedData<'a>,
    imprint_algorithm: String,
    imprint: &'a [u8],
    /// The content of an INTEGER.
    pub(crate) serial: &'a [u8],
    /// What the request said, so that an answer is known as its own; the content of an INTEGER.
    pub(crate) nonce: Option<&'a [u8]>,
    /// Milliseconds since 1970 UTC.
    pub(crate) time_ms: i64,
}

/// Reads a token (a ContentInfo with SignedData over a TSTInfo).
pub(crate) fn parse(token: &[u8]) -> Option<Timestamp<'_>> {
    let signed = SignedData::parse(token)?;
    if signed.content_type != TST_INFO {
        return None;
    }
    let mut info = asn1::single(signed.content?, asn1::SEQUENCE)?.elements();
    info.take(asn1::INTEGER)?;
    info.take(asn1::OBJECT_IDENTIFIER)?;
    let mut message = info.take(asn1::SEQUENCE)?.elements();
    let imprint_algorithm = asn1::dotted(&message.take(asn1::SEQUENCE)?.elements().next()?)?;
    let imprint = message.take(asn1::OCTET_STRING)?.content;
    let serial = info.take(asn1::INTEGER)?.content;
    let time = std::str::from_utf8(info.take(asn1::GENERALIZED_TIME)?.content).ok()?;
    if !time.ends_with('Z') {
        return None;
    }
    let time_ms = parse_date(time)?;
    // Accuracy and ordering may be missing.
    info.optional(asn1::SEQUENCE);
    info.optional(asn1::BOOLEAN);
    let nonce = info.optional(asn1::INTEGER).map(|nonce| nonce.content);
    Some(Timestamp { signed, imprint_algorithm, imprint, serial, nonce, time_ms })
}

impl Timestamp<'_> {
    /// The token is over what has this SHA-256.
    pub(crate) fn is_over_sha256(&self, sha256: &[u8; 32]) -> bool {
        self.imprint_algorithm == SHA_256 && self.imprint == sha256
    }

    /// The token is over these parts, one after another.
    pub(crate) fn is_over(&self, parts: &[&[u8]]) -> bool {
        let digest = match self.imprint_algorithm.as_str() {
            SHA_256 => MessageDigest::sha256(),
            "2.16.840.1.101.3.4.2.2" => MessageDigest::sha384(),
            "2.16.840.1.101.3.4.2.3" => MessageDigest::sha512(),
            "1.2.156.10197.1.401" => MessageDigest::sm3(),
            _ => return false,
        };
        let hash = Hasher::new(digest).and_then(|mut hasher| {
            parts.iter().try_for_each(|part| hasher.update(part))?;
            hasher.finish()
        });
        hash.is_ok_and(|hash| *hash == *self.imprint)
    }
}
