//! Why: most forgeries of PDF signatures are lies about which bytes are signed. The range must begin at the first byte, leave out
//! exactly the signature's own `/Contents`, and nothing else.

use super::verdict::Fault;
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
    Err(Fault::failed("FORMAT_FAILURE", why))
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
        return wrong("the signature is within an object stream");
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
    if !own || !label || hex::decode(digits).ok().as_deref() != contents {
        return wrong("/ByteRange leaves out something else than the signature");
    }
    Ok(Signed { before, after, end: hole_end + rest })
}
