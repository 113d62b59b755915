//! Why: the key may be a USB key in another city, and the answer come tomorrow, after a restart; so what lies between `begin` and
//! `finish` can be kept, without the file's earlier bytes, which are kept anyway.

use serde::{Deserialize, Serialize};

use super::{Digest, DigestAlgorithm, Error, Layout, PreparedSignature};
use crate::limits::FILE_BYTES_MAX;

/// A signature that waits for its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingSignature {
    /// SHA-256 of the file before this revision, hex.
    base_sha256: String,
    /// The new revision, hex.
    revision: String,
    hole_start: usize,
    hole_end: usize,
    digest_algorithm: DigestAlgorithm,
    /// Hash of the signed pieces, hex.
    digest: String,
}

impl PreparedSignature {
    /// What must be kept; `base` is the file that `begin` was given.
    ///
    /// # Errors
    /// [`Error::Request`] when the signature was begun on another file.
    pub fn suspend(&self, base: &[u8]) -> Result<PendingSignature, Error> {
        let Some(revision) = self.bytes.strip_prefix(base) else {
            return Err(Error::Request { what: "the signature was begun on another file".to_owned() });
        };
        let [_, hole_start, hole_end, _] = self.byte_range;
        Ok(PendingSignature {
            base_sha256: hex::encode(openssl::sha::sha256(base)),
            revision: hex::encode(revision),
            hole_start,
            hole_end,
            digest_algorithm: self.digest.algorithm,
            digest: hex::encode(&self.digest.value),
        })
    }
}

impl PendingSignature {
    /// The hash of the signed pieces, as it goes into the signed attributes.
    ///
    /// # Errors
    /// [`Error::Request`] when the state was changed.
    pub fn digest(&self) -> Result<Digest, Error> {
        let value = hex::decode(&self.digest).map_err(|_| changed())?;
        Ok(Digest { algorithm: self.digest_algorithm, value })
    }

    /// Goes on with the file that `begin` was given. The digest is taken again.
    ///
    /// # Errors
    /// [`Error::Request`] when it is another file, or the state was changed.
    pub fn resume(&self, base: &[u8]) -> Result<PreparedSignature, Error> {
        if hex::encode(openssl::sha::sha256(base)) != self.base_sha256 {
            return Err(Error::Request { what: "the signature was begun on another file".to_owned() });
        }
        let revision = hex::decode(&self.revision).map_err(|_| changed())?;
        let within = self.hole_start >= base.len()
            && self.hole_start < self.hole_end
            && self.hole_end <= base.len().saturating_add(revision.len())
            && base.len().saturating_add(revision.len()) <= FILE_BYTES_MAX.saturating_mul(2);
        if !within {
            return Err(changed());
        }
        let layout = Layout { hole_start: self.hole_start, hole_end: self.hole_end };
        let prepared = PreparedSignature::assemble(base.to_vec(), revision, &layout, self.digest_algorithm)?;
        if prepared.digest == self.digest()? { Ok(prepared) } else { Err(changed()) }
    }
}

fn changed() -> Error {
    Error::Request { what: "the kept signature was changed".to_owned() }
}
