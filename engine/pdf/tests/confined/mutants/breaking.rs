//! Why: bytes that are turned by chance mostly break the same few things; these changes know where a PDF hurts.

use std::io::{Read as _, Write as _};

/// Numbers by chance, the same for the same seed (SplitMix64).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `end`; 0 for 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// What is done to a file.
type Change = fn(&mut Chance, &mut Vec<u8>, &[u8]);

/// The last ones are seldom, since they make large files.
const CHANGES: [(&str, Change); 12] = [
    ("bits", |chance, file, _| bits(chance, file)),
    ("bytes", |chance, file, _| bytes(chance, file)),
    ("cut", cut),
    ("piece taken out", taken_out),
    ("piece doubled", doubled),
    ("number", number),
    ("length", length),
    ("reference", reference),
    ("word", word),
    ("packed bytes", packed),
    ("other file's end", spliced),
    ("nesting", nesting),
];

/// One to four changes of a file; `other` lends pieces. Also in words.
pub(crate) fn broken(chance: &mut Chance, file: &[u8], other: &[u8]) -> (String, Vec<u8>) {
    let mut file = file.to_vec();
    let mut names = Vec::new();
    if chance.below(200) == 0 {
        bomb(chance, &mut file);
        names.push("bomb");
    }
    for _ in 0..=chance.below(4) {
        let (name, change) = chance.pick(&CHANGES);
        change(chance, &mut file, other);
        names.push(name);
    }
    (names.join(", "), file)
}

fn bits(chance: &mut Chance, file: &mut [u8]) {
    for _ in 0..=chance.below(8) {
        let at = chance.below(file.len());
        if let Some(byte) = file.get_mut(at) {
            *byte ^= 1 << chance.below(8);
        }
    }
}

fn bytes(chance: &mut Chance, file: &mut [u8]) {
    let (at, count) = (chance.below(file.len()), chance.below(16));
    for byte in file.iter_mut().skip(at).take(count) {
        *byte = chance.next().to_le_bytes()[0];
    }
}

fn cut(chance: &mut Chance, file: &mut Vec<u8>, _: &[u8]) {
    let at = chance.below(file.len());
    if chance.below(3) == 0 { drop(file.drain(..at)) } else { file.truncate(at) }
}

fn piece(chance: &mut Chance, file: &[u8]) -> std::ops::Range<usize> {
    let at = chance.below(file.len());
    at..(at + chance.below(2_000)).min(file.len())
}

fn taken_out(chance: &mut Chance, file: &mut Vec<u8>, _: &[u8]) {
    let piece = piece(chance, file);
    drop(file.drain(piece));
}

fn doubled(chance: &mut Chance, file: &mut Vec<u8>, _: &[u8]) {
    let copy = file[piece(chance, file)].to_vec();
    let at = chance.below(file.len());
    drop(file.splice(at..at, copy));
}

/// Where numbers stand.
fn numbers(file: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < file.len() {
        let digits = file[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits > 0 {
            found.push(at..at + digits);
        }
        at += digits.max(1);
    }
    found
}

const NUMBERS: [&str; 14] = [
    "0",
    "1",
    "-1",
    "7",
    "255",
    "65535",
    "65536",
    "2147483647",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "99999999999999999999999999",
    "0.0000001",
];

/// Numbers by others of the file, or by those at the edges of their kinds.
fn number(chance: &mut Chance, file: &mut Vec<u8>, _: &[u8]) {
    for _ in 0..=chance.below(3) {
        let all = numbers(file);
        if all.is_empty() {
            return;
        }
        let new = match chance.below(2) {
            0 => file[chance.pick(&all).clone()].to_vec(),
            _ => chance.pick(&NUMBERS).as_bytes().to_vec(),
        };
        drop(file.splice(chance.pick(&all).clone(), new));
    }
}

fn find(file: &[u8], word: &[u8]) -> Vec<usize> {
    (0..file.len().saturating_sub(word.len())).filter(|at| file[*at..].starts_with(word)).collect()
}

/// What says how long or how many.
fn length(chance: &mut Chance, file: &mut Vec<u8>, _: &[u8]) {
    const KEYS: [&str; 16] = [
        "/Length",
        "/Size",
        "/Count",
        "/N",
        "/First",
        "/W[",
        "/W [",
        "/Index[",
        "/Index [",
        "/Columns",
        "/Prev",
        "/XRefStm",
        "/Predictor",
        "xref\n0",
        "startxref\n",
        "/ByteRange",
    ];
    let places = find(file, chance.pick(&KEYS).as_bytes());
    if places.is_empty() {
        return number(chance, file, &[]);
    }
    let at = *chance.pick(&places);
    let Some(first) = numbers(&file[at..file.len().min(at + 60)]).first().cloned() else { return };
    drop(file.splice(at + first.start..at + first.end, chance.pick(&NUMBERS).bytes()));
}

/// References that lead elsewhere, rings among them.
fn reference(chance: &mut Chance, file: &mut Vec<u8>, _: &[u8]) {
    for _ in 0..=chance.below(3) {
        let places = find(file, b" 0 R");
        if places.is_empty() {
            return;
        }
        let end = *chance.pick(&places);
        let digits = file[..end].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let target = (chance.below(24) + 1).to_string();
        drop(file.splice(end - digits..end, target.into_bytes()));
    }
}

const WORDS: [&[u8]; 24] = [
    b"endobj",
    b"obj",
    b"endstream",
    b"stream",
    b"xref",
    b"trailer",
    b"startxref",
    b"%%EOF",
    b"/Type",
    b"/Kids",
    b"/Parent",
    b"/Pages",
    b"/Page",
    b"/Root",
    b"/Encrypt",
    b"/AcroForm",
    b"/Fields",
    b"/Contents",
    b"/ObjStm",
    b"/XRef",
    b"null",
    b"<<",
    b">>",
    b"[",
];

fn word(chance: &mut Chance, file: &mut Vec<u8>, _: &[u8]) {
    let (old, new) = (chance.pick(&WORDS), chance.pick(&WORDS));
    let places = find(file, old);
    if !places.is_empty() {
        let at = *chance.pick(&places);
        drop(file.splice(at..at + old.len(), new.iter().copied()));
    }
}

/// Where packed streams are, between `stream` and `endstream`.
fn streams(file: &[u8]) -> Vec<std::ops::Range<usize>> {
    let ends = find(file, b"\nendstream");
    let begins = find(file, b"\nstream").into_iter().map(|at| at + 8);
    begins.filter_map(|begin| ends.iter().find(|end| **end > begin).map(|end| begin..*end)).collect()
}

/// Changes what is within a packed stream, and packs it again to the same length.
fn packed(chance: &mut Chance, file: &mut Vec<u8>, _: &[u8]) {
    let all = streams(file);
    if all.is_empty() {
        return;
    }
    let place = chance.pick(&all).clone();
    let mut plain = Vec::new();
    let unpacked = flate2::read::ZlibDecoder::new(&file[place.clone()]).take(1 << 20).read_to_end(&mut plain);
    if unpacked.is_err() || plain.is_empty() {
        return bits(chance, file);
    }
    let (_, change) = chance.pick(&CHANGES[..9]);
    change(chance, &mut plain, &[]);
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&plain).unwrap();
    let mut new = encoder.finish().unwrap();
    // What comes behind is only where it was when the length is the same.
    new.resize(new.len().max(place.len()), b'\n');
    drop(file.splice(place, new));
}

fn spliced(chance: &mut Chance, file: &mut Vec<u8>, other: &[u8]) {
    file.truncate(chance.below(file.len()));
    file.extend_from_slice(&other[chance.below(other.len())..]);
}

fn nesting(chance: &mut Chance, file: &mut Vec<u8>, _: &[u8]) {
    let places = find(file, b"/");
    if places.is_empty() {
        return;
    }
    let at = *chance.pick(&places);
    let count = 1 << chance.below(18);
    let deep = chance.pick(&["[", "<</A", "(", "<</Kids[", "1 0 obj<<"]).repeat(count);
    drop(file.splice(at..at, deep.into_bytes()));
}

/// A stream that unpacks to a thousand times its length.
fn bomb(chance: &mut Chance, file: &mut Vec<u8>) {
    let all = streams(file);
    if all.is_empty() {
        return;
    }
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&vec![b'0'; 1 << (16 + chance.below(11))]).unwrap();
    drop(file.splice(chance.pick(&all).clone(), encoder.finish().unwrap()));
}
