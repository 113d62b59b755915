//! Why: when many sign one file, its earlier bytes never change again; what was hashed for one signature need not be read,
//! copied or hashed for the next, so that it costs its own revision only.

use std::sync::OnceLock;

use sha2::Sha256;

use super::{
    Digest, DigestAlgorithm, Error, Layout, LocalSignature, PreparedSignature, SignRequest,
    begin::further_layout, finish::fill_hole,
};
use crate::cms::{self, Hashing};

/// A file in memory that signatures are appended to, with the hash of all its bytes so far.
#[derive(Clone)]
pub struct GrowingFile {
    bytes: Vec<u8>,
    algorithm: DigestAlgorithm,
    hashing: Hashing,
    /// Set once the whole file was looked at for whether signatures last in it; what is appended changes nothing of that.
    lasts: OnceLock<()>,
}

/// A begun signature: what is to be appended, with a hole of zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedRevision {
    /// Length of the file that it goes behind.
    base_bytes: usize,
    revision: Vec<u8>,
    /// Offsets of the hole in the revision, its brackets included.
    hole: [usize; 2],
    /// Hash of the signed pieces of the whole file.
    pub digest: Digest,
}

impl GrowingFile {
    /// Hashes the file, once. `algorithm` must go with the keys, see [`super::digest_for`].
    ///
    /// # Errors
    /// [`Error::Crypto`] when it cannot be hashed.
    pub fn new(bytes: Vec<u8>, algorithm: DigestAlgorithm) -> Result<Self, Error> {
        let mut hashing = Hashing::new(algorithm)?;
        hashing.update(&bytes)?;
        Ok(Self::hashed(bytes, algorithm, hashing))
    }

    /// The file of which `sha256` is the hash so far: whoever found it whole by that need not hash it again. For another
    /// algorithm it is hashed, once.
    ///
    /// # Errors
    /// [`Error::Crypto`] when it cannot be hashed.
    pub fn known(bytes: Vec<u8>, sha256: &Sha256, algorithm: DigestAlgorithm) -> Result<Self, Error> {
        match algorithm {
            DigestAlgorithm::Sha256 => Ok(Self::hashed(bytes, algorithm, Hashing::Sha256(sha256.clone()))),
            DigestAlgorithm::Sm3 => Self::new(bytes, algorithm),
        }
    }

    /// The file whose bytes were hashed so.
    pub(super) const fn hashed(bytes: Vec<u8>, algorithm: DigestAlgorithm, hashing: Hashing) -> Self {
        Self { bytes, algorithm, hashing, lasts: OnceLock::new() }
    }

    /// The file as it is now.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// As [`super::begin`].
    ///
    /// # Errors
    /// [`Error`]; a request with another hash than the file's is refused.
    pub fn begin(&self, request: &SignRequest) -> Result<PreparedRevision, Error> {
        let (revision, layout, lasts) = further_layout(&self.bytes, request, self.lasts.get().is_some())?;
        if lasts {
            self.lasts.get_or_init(|| ());
        }
        self.prepared(revision, &layout, request.digest)
    }

    /// The revision that was laid out on this file, with its digest: only the revision is hashed.
    pub(crate) fn prepared(
        &self,
        revision: Vec<u8>,
        layout: &Layout,
        digest: DigestAlgorithm,
    ) -> Result<PreparedRevision, Error> {
        if digest != self.algorithm {
            return Err(Error::Request { what: "the file was hashed in another way".to_owned() });
        }
        let base_bytes = self.bytes.len();
        let hole = [layout.hole_start, layout.hole_end].map(|offset| offset.checked_sub(base_bytes));
        let [Some(hole_start), Some(hole_end)] = hole else { return Err(outside()) };
        let (Some(before), Some(after)) = (revision.get(..hole_start), revision.get(hole_end..)) else {
            return Err(outside());
        };
        let mut hashing = self.hashing.clone();
        hashing.update(before)?;
        hashing.update(after)?;
        let digest = Digest { algorithm: self.algorithm, value: hashing.finish()? };
        Ok(PreparedRevision { base_bytes, revision, hole: [hole_start, hole_end], digest })
    }

    /// As [`super::begin`], when it is the last signature, or whoever signs next reads the file anew.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub fn begin_last(self, request: &SignRequest) -> Result<PreparedSignature, Error> {
        let prepared = self.begin(request)?;
        Ok(self.joined(prepared))
    }

    /// The file with the revision that was begun on it; its own bytes stay where they are.
    pub(crate) fn joined(mut self, prepared: PreparedRevision) -> PreparedSignature {
        let PreparedRevision { base_bytes, revision, hole, digest } = prepared;
        self.bytes.reserve_exact(revision.len());
        self.bytes.extend_from_slice(&revision);
        let [hole_start, hole_end] = hole.map(|offset| base_bytes + offset);
        let byte_range = [0, hole_start, hole_end, self.bytes.len() - hole_end];
        PreparedSignature { bytes: self.bytes, byte_range, digest }
    }

    /// As [`super::finish`]; appends the revision and answers it.
    ///
    /// # Errors
    /// As there; and [`Error::Request`] when something was appended meanwhile: the signature is to be begun anew.
    pub fn finish(
        &mut self,
        prepared: PreparedRevision,
        raw_signature: &[u8],
        chain_der: &[Vec<u8>],
        timestamp_token_der: Option<&[u8]>,
    ) -> Result<&[u8], Error> {
        let signed_data = cms::signed_data(&prepared.digest, raw_signature, chain_der, timestamp_token_der)?;
        self.append(prepared, &signed_data)
    }

    /// As [`Self::finish`], with a signature that was made in this process.
    ///
    /// # Errors
    /// As there.
    pub fn finish_local(
        &mut self,
        prepared: PreparedRevision,
        signature: &LocalSignature<'_>,
        timestamp_token_der: Option<&[u8]>,
    ) -> Result<&[u8], Error> {
        let signed_data = signature.signed_data(&prepared.digest, timestamp_token_der)?;
        self.append(prepared, &signed_data)
    }

    fn append(&mut self, prepared: PreparedRevision, signed_data: &[u8]) -> Result<&[u8], Error> {
        let PreparedRevision { base_bytes, revision, hole: [hole_start, hole_end], .. } = prepared;
        if base_bytes != self.bytes.len() {
            return Err(Error::Request {
                what: "the file has grown since the signature was begun".to_owned(),
            });
        }
        let rest = revision.len().saturating_sub(hole_end);
        let revision = fill_hole(revision, [0, hole_start, hole_end, rest], signed_data)?;
        self.hashing.update(&revision)?;
        self.bytes.extend_from_slice(&revision);
        Ok(self.bytes.get(base_bytes..).unwrap_or_default())
    }
}

fn outside() -> Error {
    Error::Request { what: "the hole is outside the file".to_owned() }
}
