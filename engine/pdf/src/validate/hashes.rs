//! Why: each signature is over all bytes before it, and those of the tenth begin with those of the first. They are hashed once.

use std::{cell::RefCell, collections::HashMap, fmt};

use openssl::{
    error::ErrorStack,
    hash::{DigestBytes, Hasher, MessageDigest},
};

/// Hashes of a file's beginnings.
#[derive(Default)]
pub(super) struct Hashes {
    /// By algorithm: the longest beginning so far, in bytes, and its hash.
    longest: RefCell<HashMap<i32, (usize, Hasher)>>,
}

impl fmt::Debug for Hashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hashes")
    }
}

impl Hashes {
    /// The hash of the file's beginning and of another part. The beginnings must be of one file.
    pub(super) fn of(
        &self,
        digest: MessageDigest,
        beginning: &[u8],
        rest: &[u8],
    ) -> Result<DigestBytes, ErrorStack> {
        let mut longest = self.longest.borrow_mut();
        let algorithm = digest.type_().as_raw();
        let (hashed, mut hasher) = match longest.get(&algorithm) {
            Some((hashed, hasher)) if *hashed <= beginning.len() => (*hashed, hasher.clone()),
            _ => (0, Hasher::new(digest)?),
        };
        hasher.update(beginning.get(hashed..).unwrap_or_default())?;
        longest.insert(algorithm, (beginning.len(), hasher.clone()));
        hasher.update(rest)?;
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
    use openssl::hash::hash;

    use super::*;

    #[test]
    fn beginnings_are_hashed_as_if_each_were_alone() {
        let (file, rest) = (b"0123456789".as_slice(), b"rest".as_slice());
        let hashes = Hashes::default();
        for digest in [MessageDigest::sha256(), MessageDigest::sm3()] {
            for length in [3, 7, 7, 10, 2, 0, 10] {
                let alone = hash(digest, &[&file[..length], rest].concat()).unwrap();
                assert_eq!(*hashes.of(digest, &file[..length], rest).unwrap(), *alone, "{length}");
            }
        }
    }
}
