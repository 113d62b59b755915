//! Why: the hash of a file's bytes is gone on with for the next revision, and for the name of what the file becomes.

use openssl::hash::{Hasher, MessageDigest};
use sha2::{Digest as _, Sha256};

use super::crypto;
use crate::sign::{DigestAlgorithm, Error};

/// A hash that is being taken. A copy goes on from the same place. Whoever validates hashes with OpenSSL.
#[derive(Clone)]
pub(crate) enum Hashing {
    Sha256(Sha256),
    Sm3(Hasher),
}

impl Hashing {
    pub(crate) fn new(algorithm: DigestAlgorithm) -> Result<Self, Error> {
        match algorithm {
            DigestAlgorithm::Sha256 => Ok(Self::Sha256(Sha256::new())),
            DigestAlgorithm::Sm3 => {
                Hasher::new(MessageDigest::sm3()).map(Self::Sm3).map_err(|source| not_hashed(&source))
            }
        }
    }

    pub(crate) fn update(&mut self, part: &[u8]) -> Result<(), Error> {
        match self {
            Self::Sha256(hash) => {
                hash.update(part);
                Ok(())
            }
            Self::Sm3(hash) => hash.update(part).map_err(|source| not_hashed(&source)),
        }
    }

    pub(crate) fn finish(self) -> Result<Vec<u8>, Error> {
        match self {
            Self::Sha256(hash) => Ok(hash.finalize().to_vec()),
            Self::Sm3(mut hash) => {
                hash.finish().map(|value| value.to_vec()).map_err(|source| not_hashed(&source))
            }
        }
    }
}

fn not_hashed(source: &openssl::error::ErrorStack) -> Error {
    crypto(format!("the file cannot be hashed: {source}"))
}

/// Past OpenSSL's general interface, which costs more than it does for so few bytes as are signed.
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
    use super::*;

    #[test]
    fn a_hash_is_that_of_all_parts_and_a_copy_goes_on_from_there() {
        for (algorithm, digest) in
            [(DigestAlgorithm::Sha256, MessageDigest::sha256()), (DigestAlgorithm::Sm3, MessageDigest::sm3())]
        {
            let of = |bytes: &[u8]| openssl::hash::hash(digest, bytes).unwrap().to_vec();
            let mut first = Hashing::new(algorithm).unwrap();
            first.update(b"one, ").unwrap();
            let mut second = first.clone();
            first.update(b"two").unwrap();
            second.update(b"three").unwrap();
            assert_eq!(first.finish().unwrap(), of(b"one, two"));
            assert_eq!(second.finish().unwrap(), of(b"one, three"));
        }
        assert_eq!(
            sha256(b"one").as_slice(),
            &*openssl::hash::hash(MessageDigest::sha256(), b"one").unwrap()
        );
    }
}
