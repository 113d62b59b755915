//! Deriving codes and links from the platform's secret, so that they stand in no table.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// HMAC-SHA256 of the parts, one after the other.
pub(crate) fn mac(secret: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // A key shorter than SHA-256's block of 64 bytes is filled with zeros (RFC 2104); doing it here leaves no length
    // that could be wrong.
    let mut block = [0; 64];
    for (place, byte) in block.iter_mut().zip(secret) {
        *place = *byte;
    }
    let mut mac = Hmac::<Sha256>::new(&block.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::mac;

    /// Worked out with OpenSSL: `printf 'ab' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0707…07`.
    #[test]
    fn it_is_hmac_sha256() {
        assert_eq!(
            hex::encode(mac(&[7; 32], &[b"a", b"b"])),
            "d28d6fc996ce8660b56f4a2c3f029482bcda48dce1b12233d4e0df6c24525452"
        );
    }
}
