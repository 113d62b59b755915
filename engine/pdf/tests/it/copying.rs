//! Why: a file that is hashed and written while it is read must be the file that was meant, whole.

use std::io::{self, Read, Write};

use lopdf::{Dictionary, Stream};
use sealflow_pdf::{
    SignRequest, begin, finish, prepare,
    sign::{CopyError, DigestAlgorithm, Error, GrowingFile, hole_bytes},
    sign_with_openssl_key, signed_attributes, timestamp_imprint, validate,
};

use crate::support::{
    contract_fields,
    pdf::{self, BOTH, Xref},
    person_request,
    pki::{pki, trust},
    tools::timestamp_token,
};

/// More than is read at a time.
const LARGE_BYTES: usize = 1_000_000;

fn contract(xref: Xref, padding: usize) -> Vec<u8> {
    let mut document = pdf::document(2, 0);
    document.add_object(Stream::new(Dictionary::new(), vec![b' '; padding]));
    prepare(&pdf::save(document, xref), &contract_fields(1)).unwrap()
}

fn copy(from: impl Read, length: usize, to: impl Write) -> Result<(GrowingFile, usize), CopyError> {
    GrowingFile::copy(from, length, to, DigestAlgorithm::Sha256)
        .map(|copied| (copied.file, copied.written_bytes))
}

#[test]
fn a_copy_is_signed_as_the_file() {
    for xref in BOTH {
        for padding in [0, LARGE_BYTES] {
            let original = contract(xref, padding);
            let mut written = Vec::new();
            let (file, written_bytes) = copy(original.as_slice(), original.len(), &mut written).unwrap();
            assert_eq!(file.bytes(), original);
            assert_eq!(written_bytes, if padding == 0 { 0 } else { original.len() });
            let begun = file.begin_last(&person_request()).unwrap();
            assert_eq!(begun, begin(&original, &person_request()).unwrap());

            let chain = pki().person.chain();
            let attributes = signed_attributes(&begun.digest, &chain[0]).unwrap();
            let signature = sign_with_openssl_key(&pki().person.key, &attributes).unwrap();
            let signed = finish(begun, &signature, &chain, None).unwrap();
            written.extend_from_slice(&signed[written_bytes..]);
            assert_eq!(written, signed);
            assert!(validate(&written, &trust()).unwrap().passed());
        }
    }
}

/// Counts how often it is asked.
struct Counting<'a>(&'a [u8], usize);

impl Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 += 1;
        self.0.read(buffer)
    }
}

#[test]
fn a_small_file_is_read_at_once() {
    let original = contract(Xref::Table, 60_000);
    let mut from = Counting(&original, 0);
    let (file, written_bytes) = copy(&mut from, original.len(), io::sink()).unwrap();
    assert_eq!((file.bytes(), written_bytes), (original.as_slice(), 0));
    // The second time it says that there is no more.
    assert_eq!(from.1, 2);
}

/// Reads that many bytes, then fails.
struct Broken(usize);

impl Read for Broken {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.min(buffer.len());
        self.0 -= count;
        if count > 0 { Ok(count) } else { Err(io::Error::other("the disk is broken")) }
    }
}

/// Takes that many bytes, then fails.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.0.min(bytes.len());
        self.0 -= count;
        if count > 0 { Ok(count) } else { Err(io::ErrorKind::StorageFull.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_file_that_changes_or_breaks_is_not_copied() {
    for length in [1_000, LARGE_BYTES] {
        let bytes = vec![b' '; length];
        assert!(copy(bytes.as_slice(), length, io::sink()).is_ok());
        for wrong in [length - 1, length + 1] {
            let error = copy(bytes.as_slice(), wrong, io::sink()).map(|_| ()).unwrap_err();
            assert!(matches!(error, CopyError::Changes), "{length} bytes said to be {wrong}: {error:?}");
        }
        let error = copy(Broken(length / 2), length, io::sink()).map(|_| ()).unwrap_err();
        assert!(matches!(error, CopyError::Read(_)), "{error:?}");
    }
    let bytes = vec![b' '; LARGE_BYTES];
    let error = copy(bytes.as_slice(), LARGE_BYTES, Full(LARGE_BYTES / 2)).map(|_| ()).unwrap_err();
    assert!(matches!(error, CopyError::Write(_)), "{error:?}");
}

#[test]
fn a_hole_is_as_large_as_its_signature_needs() {
    let original = contract(Xref::Table, 0);
    for signer in [&pki().person, &pki().company] {
        let chain = signer.chain();
        let [plain, timestamped] = [false, true].map(|timestamped| hole_bytes(&chain, timestamped));
        assert!(plain < timestamped);
        let signed = |hole_bytes: usize, with_timestamp: bool| {
            let begun = begin(&original, &SignRequest { hole_bytes, ..person_request() }).unwrap();
            let attributes = signed_attributes(&begun.digest, &chain[0]).unwrap();
            let signature = sign_with_openssl_key(&signer.key, &attributes).unwrap();
            let token = with_timestamp.then(|| timestamp_token(&timestamp_imprint(&signature)));
            finish(begun, &signature, &chain, token.as_deref())
        };
        for (hole_bytes, with_timestamp) in [(plain, false), (timestamped, true)] {
            let file = signed(hole_bytes, with_timestamp).unwrap();
            assert!(validate(&file, &trust()).unwrap().passed());
        }
        // Twenty certificates do not fit where there was room for two.
        let long = [chain.clone(), vec![chain[1].clone(); 18]].concat();
        assert!(hole_bytes(&long, false) > plain);
        assert!(matches!(signed(2048, true), Err(Error::HoleTooSmall { .. })));
    }
}
