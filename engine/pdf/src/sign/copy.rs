//! Why: to sign a large file is to read, hash and write it; two cores do that at the same time, and nothing is gone through twice.

use std::{
    io::{self, Read, Write},
    sync::mpsc,
    thread,
};

use super::{DigestAlgorithm, Error, GrowingFile};
use crate::cms::Hashing;

/// So much is read, hashed and written at a time; a file that has no more needs no second core.
const CHUNK_BYTES: usize = 256 * 1024;
/// A revision with a signature that shows nothing takes about so much.
const REVISION_BYTES_ABOUT: usize = 48 * 1024;

/// A file that was read for a signed copy of it.
pub struct Copied {
    /// The file, to be signed.
    pub file: GrowingFile,
    /// So many of its bytes stand in the copy already; what is behind them is the caller's to write.
    pub written_bytes: usize,
}

/// Why a file cannot be copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// It cannot be read.
    #[error("the file cannot be read")]
    Read(#[source] io::Error),
    /// It became longer or shorter while it was read.
    #[error("the file changes while it is read")]
    Changes,
    /// The copy cannot be written.
    #[error("the copy cannot be written")]
    Write(#[source] io::Error),
    /// It cannot be hashed.
    #[error("the file cannot be hashed")]
    Hash(#[source] Error),
}

impl GrowingFile {
    /// Reads a file of that length and hashes it; a large one is written to `copy` meanwhile. `algorithm` must go with
    /// the key, see [`super::digest_for`].
    ///
    /// # Errors
    /// [`CopyError`]; what was written then is of no use.
    pub fn copy(
        mut from: impl Read,
        length: usize,
        copy: impl Write,
        algorithm: DigestAlgorithm,
    ) -> Result<Copied, CopyError> {
        let hashing = Hashing::new(algorithm).map_err(CopyError::Hash)?;
        let (bytes, hashing, written_bytes) = if length <= CHUNK_BYTES {
            let (bytes, hashing) = read_and_hash(&mut from, length, hashing)?;
            (bytes, hashing, 0)
        } else {
            let (bytes, hashing) = read_hash_and_write(&mut from, length, copy, hashing)?;
            (bytes, hashing, length)
        };
        if from.read(&mut [0]).map_err(CopyError::Read)? > 0 {
            return Err(CopyError::Changes);
        }
        Ok(Copied { file: Self::hashed(bytes, algorithm, hashing), written_bytes })
    }
}

fn read_exact(from: &mut impl Read, into: &mut [u8]) -> Result<(), CopyError> {
    from.read_exact(into).map_err(|source| match source.kind() {
        io::ErrorKind::UnexpectedEof => CopyError::Changes,
        _ => CopyError::Read(source),
    })
}

fn read_and_hash(
    from: &mut impl Read,
    length: usize,
    mut hashing: Hashing,
) -> Result<(Vec<u8>, Hashing), CopyError> {
    // Room for the revision, so that the bytes need not be moved for it.
    let mut bytes = Vec::with_capacity(length + REVISION_BYTES_ABOUT);
    bytes.resize(length, 0);
    read_exact(from, &mut bytes)?;
    hashing.update(&bytes).map_err(CopyError::Hash)?;
    Ok((bytes, hashing))
}

/// Hashing takes about as long as reading and writing.
fn read_hash_and_write(
    from: &mut impl Read,
    length: usize,
    mut copy: impl Write,
    mut hashing: Hashing,
) -> Result<(Vec<u8>, Hashing), CopyError> {
    // Room for the revision, so that the bytes need not be moved for it.
    let mut bytes = vec![0; length + REVISION_BYTES_ABOUT];
    bytes.truncate(length);
    let hashing = thread::scope(|scope| {
        let (hand_over, chunks) = mpsc::channel::<&[u8]>();
        let hasher = scope.spawn(move || {
            chunks.iter().try_for_each(|chunk| hashing.update(chunk))?;
            Ok(hashing)
        });
        for chunk in bytes.chunks_mut(CHUNK_BYTES) {
            read_exact(from, chunk)?;
            // A hasher that has stopped says why when it is joined.
            let _ = hand_over.send(chunk);
            copy.write_all(chunk).map_err(CopyError::Write)?;
        }
        drop(hand_over);
        let stopped = || Error::Crypto { what: "the hashing stopped".to_owned() };
        hasher.join().unwrap_or_else(|_| Err(stopped())).map_err(CopyError::Hash)
    })?;
    Ok((bytes, hashing))
}
