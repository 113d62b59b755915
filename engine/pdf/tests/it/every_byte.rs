//! Why: "any later change can be seen" (电子签名法, art. 13) is a promise about every byte, so every byte is tried.

use std::thread;

use sealflow_pdf::{SignRequest, begin, limits::HOLE_BYTES_MIN, sign::NewField, validate};

use crate::support::{
    pdf::{self, BOTH, Xref},
    person_request,
    pki::{Identity, pki, trust},
};

/// A signature that shows nothing, in a small hole.
fn sign(file: &[u8], field: &str, who: &Identity) -> Vec<u8> {
    let rect = sealflow_pdf::Rect { x: 0.0, y: 0.0, width: 0.0, height: 0.0 };
    let request = SignRequest {
        field: field.into(),
        new_field: Some(NewField { page: 1, rect }),
        appearances: Vec::new(),
        hole_bytes: HOLE_BYTES_MIN,
        ..person_request()
    };
    who.finish(begin(file, &request).unwrap(), false)
}

/// Where the last hole is, without its brackets.
fn last_hole(file: &[u8]) -> std::ops::Range<usize> {
    let at = file.windows(11).rposition(|window| window == b"/Contents <").unwrap() + 11;
    at..at + file[at..].iter().position(|byte| *byte == b'>').unwrap()
}

fn unnoticed(file: &[u8], bytes: impl Iterator<Item = usize>) -> Vec<usize> {
    let (trust, mut broken) = (trust(), file.to_vec());
    let mut passes = |at: usize| {
        broken[at] ^= 1;
        let passed = validate(&broken, &trust).is_ok_and(|report| report.passed());
        broken[at] ^= 1;
        passed
    };
    bytes.filter(|at| passes(*at)).collect()
}

/// Tries these bytes of a file with two threads.
fn every_byte_is_guarded(file: &[u8], bytes: &[usize]) {
    assert!(validate(file, &trust()).unwrap().passed());
    let missed: Vec<usize> = thread::scope(|scope| {
        let tries: Vec<_> = bytes
            .chunks(bytes.len().div_ceil(2))
            .map(|half| scope.spawn(move || unnoticed(file, half.iter().copied())))
            .collect();
        tries.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(missed, Vec::<usize>::new(), "changed unnoticed, of {} bytes", file.len());
}

#[test]
fn every_byte_outside_the_hole_is_noticed() {
    for xref in BOTH {
        let once = sign(&pdf::file(xref, 1, 0), "first", &pki().person);
        let hole = last_hole(&once);
        let bytes: Vec<usize> = (0..once.len()).filter(|at| !hole.contains(at)).collect();
        every_byte_is_guarded(&once, &bytes);
    }
}

#[test]
fn every_byte_under_a_later_signature_is_noticed() {
    let once = sign(&pdf::file(Xref::Table, 1, 0), "first", &pki().person);
    let twice = sign(&once, "second", &pki().person);
    // The earlier signature's own hole is among them, since the later one covers it; but of the zeros that fill it only some,
    // as they are many and all the same.
    let (own, earlier) = (last_hole(&twice), last_hole(&once));
    let filled = twice[earlier.clone()].iter().rposition(|byte| *byte != b'0').unwrap();
    let zeros = earlier.start + filled + 2..earlier.end;
    let tried = |at: &usize| !own.contains(at) && (!zeros.contains(at) || at.is_multiple_of(31));
    let bytes: Vec<usize> = (0..twice.len()).filter(tried).collect();
    every_byte_is_guarded(&twice, &bytes);
}
