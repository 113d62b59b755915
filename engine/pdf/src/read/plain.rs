//! Why: readers agree on what is written as the standard says. Of anything else one reader makes the best, and another takes it for
//! damage and shows the last object of each number that it finds in the file, whatever the cross-reference says. So who adds to
//! a signed file must do it plainly, or he could choose which of them show something else.

use super::{
    file::File,
    filter,
    object::{Dictionary, Object},
    parser::Parser,
    xref::{Section, XrefKind},
};
use crate::limits::STREAM_BYTES_MAX;

/// Readers look for the end in so many of the last bytes.
const END_BYTES: usize = 1024;
/// Of an offset, or of a number.
const DIGITS_MAX: usize = 10;

/// Whether every reader finds the newest cross-reference.
pub(crate) fn has_plain_end(bytes: &[u8]) -> bool {
    const KEYWORD: &[u8] = b"startxref";
    let tail = bytes.get(bytes.len().saturating_sub(END_BYTES)..).unwrap_or_default();
    let Some(at) = tail.windows(KEYWORD.len()).rposition(|window| window == KEYWORD) else { return false };
    let (before, from) = tail.split_at(at);
    let mut rest = Bytes(from);
    before.last().is_some_and(u8::is_ascii_whitespace)
        && rest.take(KEYWORD)
        && rest.spaces()
        && rest.number().is_some()
        && rest.spaces()
        && rest.take(b"%%EOF")
        && rest.0.iter().all(u8::is_ascii_whitespace)
}

/// Whether the file says that it is linearized as it is now, and has been changed since. Some readers then take the
/// cross-reference near its start, and others that at its end.
pub(crate) fn is_linearized_falsely(file: &File<'_>) -> bool {
    let mut parser = Parser::new(file.bytes, 0);
    let Ok(first) = parser.indirect_object() else { return false };
    let Some(dictionary) = first.object.as_dictionary() else { return false };
    let length = dictionary.get("L").and_then(Object::as_f64).unwrap_or(0.0);
    if dictionary.get("Linearized").is_none() || length as usize != file.bytes.len() {
        return false;
    }
    parser.take_keyword("endobj");
    parser.skip_space();
    file.xref.sections.first().is_none_or(|newest| newest.offset != parser.position())
}

/// Whether every reader reads the same in a section of the cross-reference.
pub(super) fn is_plain(bytes: &[u8], section: &Section) -> bool {
    match section.kind {
        XrefKind::Table => table(bytes, section.offset),
        XrefKind::Stream => stream(bytes, section.offset).unwrap_or(false),
    }
}

fn table(bytes: &[u8], offset: usize) -> bool {
    let mut rest = Bytes(bytes.get(offset..).unwrap_or_default());
    if !rest.take(b"xref") || !rest.spaces() {
        return false;
    }
    while !rest.take(b"trailer") {
        let Some((first, count)) = rest.head() else { return false };
        for index in 0..count {
            let Some(entry) = rest.entry() else { return false };
            // Some take this one for the head of the free list.
            if (first, index) == (1, 0) && entry == (65_535, false) {
                return false;
            }
        }
        rest.spaces();
    }
    rest.spaces();
    let mut parser = Parser::new(bytes, bytes.len() - rest.0.len());
    let Ok(Object::Dictionary(trailer)) = parser.object() else { return false };
    rest.0.starts_with(b"<<") && !parser.has_doubles() && trailer.get("XRefStm").is_none()
}

fn stream(bytes: &[u8], offset: usize) -> Option<bool> {
    let mut rest = Bytes(bytes.get(offset..)?);
    if rest.head().is_none() || !rest.take(b"obj") {
        return None;
    }
    let mut parser = Parser::new(bytes, offset);
    let found = parser.indirect_object().ok()?;
    let (dictionary, start) = (found.object.as_dictionary()?, found.stream_start?);
    let end = start.checked_add(dictionary.get("Length")?.as_usize()?)?;
    let data = bytes.get(start..end)?;
    let is_closed = Parser::new(bytes, end).take_keyword("endstream");
    let plain = filter::unpack(dictionary, data, STREAM_BYTES_MAX).ok()?;
    let well_written = bytes.get(..start)?.ends_with(b"\n") && is_closed && !parser.has_doubles();
    Some(well_written && rows(dictionary, &plain)?)
}

/// Whether the rows of a cross-reference stream are as many as it says, and of known kinds.
fn rows(dictionary: &Dictionary, plain: &[u8]) -> Option<bool> {
    let widths: Vec<usize> = numbers(dictionary.get("W")?)?;
    let &[kind_width, second, third] = widths.as_slice() else { return None };
    let index = match dictionary.get("Index") {
        Some(index) => numbers(index)?,
        None => vec![0, dictionary.get("Size")?.as_usize()?],
    };
    let counts = index.iter().skip(1).step_by(2).try_fold(0_usize, |sum, count| sum.checked_add(*count))?;
    let width = kind_width.checked_add(second)?.checked_add(third)?;
    let is_known = |row: &[u8]| match row.get(..kind_width) {
        Some([]) => true,
        Some([high @ .., kind]) => *kind <= 2 && high.iter().all(|byte| *byte == 0),
        None => false,
    };
    Some(
        index.len() % 2 == 0
            && second > 0
            && counts.checked_mul(width)? <= plain.len()
            && plain.chunks_exact(width).take(counts).all(is_known),
    )
}

fn numbers(array: &Object) -> Option<Vec<usize>> {
    array.as_array()?.iter().map(Object::as_usize).collect()
}

/// Bytes that are looked at from the front.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take(&mut self, word: &[u8]) -> bool {
        let rest = self.0.strip_prefix(word);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// Whether there was white space, which is skipped.
    fn spaces(&mut self) -> bool {
        let rest = self.0.trim_ascii_start();
        let some = rest.len() < self.0.len();
        self.0 = rest;
        some
    }

    fn number(&mut self) -> Option<usize> {
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = self.0.split_at_checked(digits).filter(|_| digits <= DIGITS_MAX)?;
        self.0 = rest;
        std::str::from_utf8(number).ok()?.parse().ok()
    }

    /// Two numbers, each with white space behind it.
    fn head(&mut self) -> Option<(usize, usize)> {
        let first = self.number().filter(|_| self.spaces())?;
        let second = self.number().filter(|_| self.spaces())?;
        Some((first, second))
    }

    /// The generation of an entry of 20 bytes, and whether it is in use.
    fn entry(&mut self) -> Option<(usize, bool)> {
        let (entry, rest) = self.0.split_first_chunk::<20>()?;
        self.0 = rest;
        let mut entry = Bytes(entry);
        let offset = entry.number().filter(|_| entry.0.len() == 10 && entry.take(b" "))?;
        let generation = entry.number().filter(|_| entry.0.len() == 4 && entry.take(b" "))?;
        let in_use = entry.take(b"n");
        let is_well_written = (in_use && offset > 0 || entry.take(b"f"))
            && generation <= usize::from(u16::MAX)
            && [b" \r".as_slice(), b" \n", b"\r\n"].contains(&entry.0);
        is_well_written.then_some((generation, in_use))
    }
}
