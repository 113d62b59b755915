//! Why: smart cards of some countries sign with RSASSA-PSS (RFC 4056) and nothing else. All that it depends on stands in its
//! parameters; what they leave out is SHA-1, which is not accepted.

use openssl::{
    hash::MessageDigest,
    pkey::{PKeyRef, Public},
    rsa::Padding,
    sign::{RsaPssSaltlen, Verifier},
};

use super::signed_data::digest;
use crate::asn1::{self, Element};

pub(super) const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";
const MGF1: &str = "1.2.840.113549.1.1.8";
/// Salt in bytes that is meant when the parameters say nothing.
const SALT_BYTES: u8 = 20;

/// What the parameters say.
pub(super) struct Pss {
    pub(super) digest: MessageDigest,
    mask_digest: MessageDigest,
    /// As long as the hash, or as the key has room for.
    salt_bytes: u16,
}

impl Pss {
    /// None when something else than an accepted hash is used.
    pub(super) fn read(parameters: Option<&Element<'_>>) -> Option<Self> {
        let mut parts = parameters.filter(|parameters| parameters.tag == asn1::SEQUENCE)?.elements();
        let own = algorithm(&parts.take(asn1::CONTEXT_0)?.elements().take(asn1::SEQUENCE)?)?.0;
        let (mask, of_mask) = algorithm(&parts.take(asn1::CONTEXT_1)?.elements().take(asn1::SEQUENCE)?)?;
        let salt = match parts.optional(asn1::CONTEXT_2) {
            Some(salt) => salt.elements().take(asn1::INTEGER)?.content,
            None => &[SALT_BYTES],
        };
        let trailer = match parts.optional(asn1::CONTEXT_3) {
            Some(trailer) => trailer.elements().take(asn1::INTEGER)?.content,
            None => &[1],
        };
        let salt_bytes = match salt {
            [byte @ 0..=0x7f] => u16::from(*byte),
            [high @ 0..=0x7f, low] => u16::from_be_bytes([*high, *low]),
            _ => return None,
        };
        if mask != MGF1 || trailer != [1] || !parts.is_empty() {
            return None;
        }
        let mask_digest = digest(&algorithm(&of_mask?)?.0)?;
        Some(Self { digest: digest(&own)?, mask_digest, salt_bytes })
    }

    pub(super) fn verify(&self, key: &PKeyRef<Public>, bytes: &[u8], signature: &[u8]) -> bool {
        let verify = || {
            let mut verifier = Verifier::new(self.digest, key)?;
            verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
            verifier.set_rsa_mgf1_md(self.mask_digest)?;
            verifier.set_rsa_pss_saltlen(RsaPssSaltlen::custom(self.salt_bytes.into()))?;
            verifier.verify_oneshot(signature, bytes)
        };
        // OpenSSL's word on what is wrong is not kept: it is wrong.
        verify().unwrap_or(false)
    }
}

/// The identifier of an algorithm, and its parameters.
fn algorithm<'a>(element: &Element<'a>) -> Option<(String, Option<Element<'a>>)> {
    let mut parts = element.elements();
    Some((asn1::dotted(&parts.next()?)?, parts.next()))
}
