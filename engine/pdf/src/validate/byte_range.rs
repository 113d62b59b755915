//! Why: most forgeries of PDF signatures are lies about which bytes are signed. The range must begin at the first byte, leave out
//! exactly the signature's own `/Contents`, and nothing else.

use super::verdict::{Fault, SubIndication};
use crate::read::{
    file::Loaded,
    object::{Dictionary, Object},
};

/// The signed bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signed<'a> {
    pub(super) before: &'a [u8],
    pub(super) after: &'a [u8],
    /// Where the signed bytes end in the file.
    pub(super) end: usize,
}

fn wrong<T>(why: &str) -> Result<T, Fault> {
    Err(Fault::failed(SubIndication::FormatFailure, why))
}

/// Whether these digits, two a byte and nothing else, are the bytes. Most of both are zeros.
fn is_written(digits: &[u8], bytes: &[u8]) -> bool {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let (pairs, []) = digits.as_chunks::<2>() else { return false };
    pairs.len() == bytes.len()
        && pairs.iter().zip(bytes).all(|(pair, byte)| match (pair, byte) {
            (b"00", 0) => true,
            ([high, low], byte) => {
                digit(*high).zip(digit(*low)).is_some_and(|(high, low)| high << 4 | low == u32::from(*byte))
            }
        })
}

/// Checks `/ByteRange` and `/Contents` of a signature dictionary against the bytes around them.
pub(super) fn check<'a>(
    bytes: &'a [u8],
    value: &Loaded<'_>,
    dictionary: &Dictionary,
) -> Result<Signed<'a>, Fault> {
    let range: Option<Vec<usize>> = dictionary
        .get("ByteRange")
        .and_then(Object::as_array)
        .map(|r| r.iter().filter_map(Object::as_usize).collect());
    let Some(&[start, hole_start, hole_end, rest]) = range.as_deref() else {
        return wrong("/ByteRange is not four numbers");
    };
    let Some((object_start, object_end)) = value.span else {
        return wrong("the signature is no object of its own");
    };
    // Readers would not agree on what it says, or could draw it.
    if value.stream.is_some() || !value.is_plain {
        return wrong("the signature is no plain dictionary");
    }
    let end = hole_end.checked_add(rest);
    let parts = (
        bytes.get(..hole_start),
        bytes.get(hole_start..hole_end),
        end.and_then(|end| bytes.get(hole_end..end)),
    );
    let (Some(before), Some(hole), Some(after)) = parts else {
        return wrong("/ByteRange is outside the file");
    };
    if start != 0 {
        return wrong("/ByteRange does not begin with the file");
    }
    let [b'<', digits @ .., b'>'] = hole else {
        return wrong("/ByteRange leaves out something else than the signature");
    };
    let own = object_start < hole_start && hole_end <= object_end;
    let label = before.trim_ascii_end().ends_with(b"/Contents");
    let contents = dictionary.get("Contents").and_then(Object::as_string);
    if !own || !label || !contents.is_some_and(|contents| is_written(digits, contents)) {
        return wrong("/ByteRange leaves out something else than the signature");
    }
    Ok(Signed { before, after, end: hole_end + rest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_the_bytes_or_not() {
        let bytes = [0, 0x0a, 0xB0, 0, 0xff];
        for written in [b"000aB000ff", b"000Ab000FF"] {
            assert!(is_written(written, &bytes));
        }
        for other in [
            "000aB000f",
            "000aB000ff0",
            "000aB000ff00",
            "000aB000",
            "000aB000fe",
            "0x0aB000ff",
            "+00aB000ff",
            "010aB000ff",
            "",
        ] {
            assert!(!is_written(other.as_bytes(), &bytes), "{other}");
        }
        assert!(is_written(b"", &[]));
    }
}
