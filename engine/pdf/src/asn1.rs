//! Why: signatures of others are judged over the very bytes that they have, which a decoder that normalizes would lose; so DER
//! is walked in place, and nothing but definite lengths is taken.

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
/// `[1]`, constructed.
pub(crate) const CONTEXT_1: u8 = 0xa1;

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
}
