//! Why: signatures of others are judged over the very bytes that they have, which a decoder that normalizes would lose; so DER
//! is walked in place. Lengths are definite in what is walked; what has others is made so first.

use std::borrow::Cow;

/// One element: tag, content, and all of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// Tag, length and content.
    pub(crate) whole: &'a [u8],
}

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// `[0]`, constructed.
pub(crate) const CONTEXT_0: u8 = 0xa0;
/// `[0]`, primitive.
pub(crate) const CONTEXT_0_PRIMITIVE: u8 = 0x80;
/// `[1]`, constructed.
pub(crate) const CONTEXT_1: u8 = 0xa1;
/// `[2]`, constructed.
pub(crate) const CONTEXT_2: u8 = 0xa2;
/// `[3]`, constructed.
pub(crate) const CONTEXT_3: u8 = 0xa3;

/// Of a tag: it holds other elements.
const CONSTRUCTED: u8 = 0x20;
/// In the place of a length: the content ends with two zeros.
const INDEFINITE: u8 = 0x80;
/// Deepest nesting of elements of indefinite length.
const INDEFINITE_DEPTH_MAX: usize = 16;

/// Elements one after another.
#[derive(Debug, Clone)]
pub(crate) struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next element, whatever it is.
    pub(crate) fn next(&mut self) -> Option<Element<'a>> {
        let (&tag, rest) = self.rest.split_first()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (length.iter().fold(0, |value, byte| value << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let content = rest.get(..length)?;
        let header = self.rest.len() - rest.len();
        let (whole, rest) = self.rest.split_at_checked(header + length)?;
        self.rest = rest;
        Some(Element { tag, content, whole })
    }

    /// The next element, which must have this tag.
    pub(crate) fn take(&mut self, tag: u8) -> Option<Element<'a>> {
        self.next().filter(|element| element.tag == tag)
    }

    /// The next element if it has this tag; else nothing is taken.
    pub(crate) fn optional(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.rest.first() == Some(&tag) { self.next() } else { None }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

impl<'a> Element<'a> {
    /// What a constructed element holds.
    pub(crate) const fn elements(&self) -> Elements<'a> {
        Elements::new(self.content)
    }
}

/// The single element that the bytes are, possibly followed by zeros, as in a signature's hole.
pub(crate) fn single(bytes: &[u8], tag: u8) -> Option<Element<'_>> {
    let mut elements = Elements::new(bytes);
    let element = elements.take(tag)?;
    elements.rest.iter().all(|byte| *byte == 0).then_some(element)
}

/// The single element that the bytes are, possibly followed by zeros, with definite lengths. Some programs (those that are made
/// with Bouncy Castle, such as PDFBox) write signatures in BER, where the outer elements end with a mark. What has a definite
/// length stays byte by byte what it is, with all that is in it.
pub(crate) fn definite(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !matches!(bytes, [_, INDEFINITE, ..]) {
        return Some(Cow::Borrowed(bytes));
    }
    let (mut rest, mut whole) = (Elements::new(bytes), Vec::new());
    take_definite(&mut rest, &mut whole, 0)?;
    rest.rest.iter().all(|byte| *byte == 0).then_some(Cow::Owned(whole))
}

/// Appends the next element.
fn take_definite(elements: &mut Elements<'_>, whole: &mut Vec<u8>, depth: usize) -> Option<()> {
    let [tag, INDEFINITE, rest @ ..] = elements.rest else {
        whole.extend(elements.next()?.whole);
        return Some(());
    };
    if tag & CONSTRUCTED == 0 || tag & 0x1f == 0x1f || depth >= INDEFINITE_DEPTH_MAX {
        return None;
    }
    elements.rest = rest;
    let mut content = Vec::new();
    while !elements.rest.starts_with(&[0, 0]) {
        take_definite(elements, &mut content, depth + 1)?;
    }
    elements.rest = elements.rest.get(2..)?;
    let (tag, content) = match *tag {
        tag if tag == OCTET_STRING | CONSTRUCTED => (OCTET_STRING, joined(&content)?),
        tag => (tag, content),
    };
    whole.push(tag);
    let length = u32::try_from(content.len()).ok()?.to_be_bytes();
    // As short as it can be, as DER wants it: signed attributes are signed in that form.
    let length = length.get(length.iter().take_while(|byte| **byte == 0).count()..)?;
    match length {
        [] => whole.push(0),
        [byte] if *byte < INDEFINITE => whole.push(*byte),
        _ => {
            whole.push(INDEFINITE | u8::try_from(length.len()).ok()?);
            whole.extend(length);
        }
    }
    whole.extend(content);
    Some(())
}

/// The content of octet strings, one after another.
fn joined(parts: &[u8]) -> Option<Vec<u8>> {
    let (mut parts, mut joined) = (Elements::new(parts), Vec::new());
    while !parts.is_empty() {
        joined.extend(parts.take(OCTET_STRING)?.content);
    }
    Some(joined)
}

/// An object identifier in its dotted form.
pub(crate) fn dotted(element: &Element<'_>) -> Option<String> {
    let content = (element.tag == OBJECT_IDENTIFIER).then_some(element.content)?;
    const_oid::ObjectIdentifier::from_bytes(content).ok().map(|oid| oid.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_walked() {
        let mut elements = Elements::new(&[0x30, 3, 2, 1, 5, 4, 0]);
        let sequence = elements.take(SEQUENCE);
        assert_eq!(
            sequence.and_then(|s| s.elements().take(INTEGER)).map(|i| i.content),
            Some([5_u8].as_slice())
        );
        assert_eq!(elements.take(OCTET_STRING).map(|s| s.content), Some([].as_slice()));
        assert!(elements.is_empty());
    }

    #[test]
    fn broken_lengths_are_refused() {
        for bytes in [
            [].as_slice(),
            &[0x30],
            &[0x30, 1],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x81],
            &[0x30, 0x85, 0, 0, 0, 0, 1, 0],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x3f, 1, 0],
        ] {
            assert_eq!(Elements::new(bytes).next(), None, "{bytes:?}");
        }
        assert!(single(&[4, 1, 7, 0, 0], OCTET_STRING).is_some());
        assert!(single(&[4, 1, 7, 0, 1], OCTET_STRING).is_none());
    }

    #[test]
    fn indefinite_lengths_are_made_definite() {
        let written =
            [0x30, 0x80, 2, 1, 5, 0x24, 0x80, 4, 1, 7, 4, 2, 8, 9, 0, 0, 0xa0, 0x80, 0x30, 0, 0, 0, 0, 0];
        let definite_form = [0x30, 12, 2, 1, 5, 4, 3, 7, 8, 9, 0xa0, 2, 0x30, 0];
        assert_eq!(definite(&written).as_deref(), Some(definite_form.as_slice()));
        // In a hole, zeros follow, and nothing else.
        assert_eq!(definite(&[&written[..], &[0; 5]].concat()).as_deref(), Some(definite_form.as_slice()));
        assert_eq!(definite(&[&written[..], &[0, 1]].concat()), None);
        // What has a definite length is not written anew, even where its own length could be shorter.
        let long = [0x30, 0x80, 0x30, 0x81, 1, 0, 0, 0];
        assert_eq!(definite(&long).as_deref(), Some([0x30, 4, 0x30, 0x81, 1, 0].as_slice()));
        assert_eq!(definite(&definite_form).as_deref(), Some(definite_form.as_slice()));
        let content = [0x04, 0x82, 1, 0].into_iter().chain([6; 256]);
        let longer: Vec<u8> = [0x30, 0x80].into_iter().chain(content).chain([0, 0]).collect();
        let made = definite(&longer).unwrap_or_default();
        assert_eq!(single(&made, SEQUENCE).map(|whole| whole.content.len()), Some(260));
    }

    #[test]
    fn broken_indefinite_lengths_are_refused() {
        let deep = |depth: usize| [[0x30, 0x80].repeat(depth), [0, 0].repeat(depth)].concat();
        assert!(definite(&deep(INDEFINITE_DEPTH_MAX)).is_some());
        for bytes in [
            deep(INDEFINITE_DEPTH_MAX + 1).as_slice(),
            &[0x30, 0x80],
            &[0x30, 0x80, 0],
            &[0x30, 0x80, 2, 1, 5, 0],
            &[0x04, 0x80, 0, 0],
            &[0x30, 0x80, 2, 0x80, 0, 0, 0, 0],
            // An octet string of something else.
            &[0x24, 0x80, 2, 1, 5, 0, 0],
        ] {
            assert_eq!(definite(bytes), None, "{bytes:?}");
        }
    }
}
