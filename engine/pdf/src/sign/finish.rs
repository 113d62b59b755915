//! Why: the key's answer may come much later and from elsewhere; it is checked and put into the hole, and nothing else is touched.

use super::{Error, PreparedSignature};
use crate::cms;

/// Fills the hole. `chain_der` holds the signer's certificate first, then its issuers. The file is not parsed again; the raw
/// signature and the token's imprint are checked against certificate and signature before they go in.
///
/// # Errors
/// [`Error::Crypto`] for a signature that is not the certificate's, or a token for another signature;
/// [`Error::HoleTooSmall`].
pub fn finish(
    prepared: PreparedSignature,
    raw_signature: &[u8],
    chain_der: &[Vec<u8>],
    timestamp_token_der: Option<&[u8]>,
) -> Result<Vec<u8>, Error> {
    let PreparedSignature { bytes, byte_range, digest } = prepared;
    let signed_data = cms::signed_data(&digest, raw_signature, chain_der, timestamp_token_der)?;
    fill_hole(bytes, byte_range, &signed_data)
}

/// Puts DER into the hole.
pub(super) fn fill_hole(mut bytes: Vec<u8>, byte_range: [usize; 4], der: &[u8]) -> Result<Vec<u8>, Error> {
    let [_, hole_start, hole_end, _] = byte_range;
    let hole = bytes
        .get_mut(hole_start + 1..hole_end.saturating_sub(1))
        .ok_or_else(|| Error::Request { what: "the hole is outside the file".to_owned() })?;
    let room = hole.len() / 2;
    match hole.get_mut(..2 * der.len()).map(|place| write_digits(der, place)) {
        Some(()) => Ok(bytes),
        None => Err(Error::HoleTooSmall { needed: der.len(), hole: room }),
    }
}

/// Writes two hexadecimal digits a byte.
fn write_digits(bytes: &[u8], place: &mut [u8]) {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    for (byte, pair) in bytes.iter().zip(place.as_chunks_mut::<2>().0) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0xf)]];
    }
}
