//! Why: a parser of our own that cannot be made to recurse without end, unlike the libraries at hand: nesting is limited, and
//! nothing is looked up while parsing.

mod numbers;
mod strings;
#[cfg(test)]
mod tests;

use super::{
    Error,
    object::{Dictionary, Object, Reference},
};
use crate::limits::{DEPTH_MAX, VALUES_MAX};

/// Reads objects from bytes, from a position onwards.
#[derive(Debug)]
pub(crate) struct Parser<'a> {
    bytes: &'a [u8],
    position: usize,
    /// Values read so far: a few bytes of file make a value of many bytes in memory.
    values: usize,
    /// A dictionary that was read names a key twice.
    has_doubles: bool,
}

/// What stands at an object's offset.
#[derive(Debug)]
pub(crate) struct IndirectObject {
    pub(crate) reference: Reference,
    pub(crate) object: Object,
    /// Where the stream's bytes begin, when the object is a stream.
    pub(crate) stream_start: Option<usize>,
    /// Just after the object, before `endobj` or `stream`.
    pub(crate) end: usize,
}

pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

const fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !is_delimiter(byte)
}

impl<'a> Parser<'a> {
    pub(crate) const fn new(bytes: &'a [u8], position: usize) -> Self {
        Self { bytes, position, values: 0, has_doubles: false }
    }

    /// Values read so far.
    pub(super) const fn values(&self) -> usize {
        self.values
    }

    /// Whether a dictionary that was read names a key twice, of which readers take one or the other.
    pub(super) const fn has_doubles(&self) -> bool {
        self.has_doubles
    }

    pub(crate) const fn position(&self) -> usize {
        self.position
    }

    pub(crate) fn damaged<T>(&self, what: &str) -> Result<T, Error> {
        Err(Error::Damaged { what: format!("{what} at byte {}", self.position) })
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    /// Skips white space and comments.
    pub(crate) fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            if is_space(byte) {
                self.position += 1;
            } else if byte == b'%' {
                while self.peek().is_some_and(|byte| byte != b'\n' && byte != b'\r') {
                    self.position += 1;
                }
            } else {
                return;
            }
        }
    }

    /// Takes the keyword if it is next.
    pub(crate) fn take_keyword(&mut self, keyword: &str) -> bool {
        self.skip_space();
        let rest = self.rest();
        let found = rest.starts_with(keyword.as_bytes())
            && !rest.get(keyword.len()).is_some_and(|byte| is_regular(*byte));
        if found {
            self.position += keyword.len();
        }
        found
    }

    /// Takes a whole number that is not negative.
    pub(crate) fn take_unsigned(&mut self) -> Option<u64> {
        self.skip_space();
        let mut value = 0_u64;
        let mut digits = 0;
        for digit in self.rest().iter().map(|byte| byte.wrapping_sub(b'0')).take_while(|digit| *digit < 10) {
            value = value.checked_mul(10)?.checked_add(digit.into())?;
            digits += 1;
        }
        if digits == 0 {
            return None;
        }
        if self.bytes.get(self.position + digits).is_some_and(|byte| is_regular(*byte)) {
            return None;
        }
        self.position += digits;
        Some(value)
    }

    /// Reads `n g obj` and the object after it.
    pub(crate) fn indirect_object(&mut self) -> Result<IndirectObject, Error> {
        let number = self.take_unsigned().and_then(|n| u32::try_from(n).ok());
        let generation = self.take_unsigned().and_then(|n| u16::try_from(n).ok());
        let (Some(number), Some(generation), true) = (number, generation, self.take_keyword("obj")) else {
            return self.damaged("no object");
        };
        let reference = Reference { number, generation };
        let object = self.object()?;
        let end = self.position;
        let stream_start = match object {
            Object::Dictionary(_) => self.stream_start(),
            _ => None,
        };
        Ok(IndirectObject { reference, object, stream_start, end })
    }

    fn stream_start(&mut self) -> Option<usize> {
        self.skip_space();
        let after = self.rest().strip_prefix(b"stream")?;
        let line_end = match after {
            [b'\r', b'\n', ..] => 2,
            [b'\n' | b'\r', ..] => 1,
            _ => 0,
        };
        Some(self.position + b"stream".len() + line_end)
    }

    /// Reads one object.
    pub(crate) fn object(&mut self) -> Result<Object, Error> {
        self.nested(0)
    }

    fn nested(&mut self, depth: usize) -> Result<Object, Error> {
        if depth > DEPTH_MAX {
            return Err(Error::TooLarge { what: format!("objects are nested deeper than {DEPTH_MAX}") });
        }
        self.values += 1;
        if self.values > VALUES_MAX {
            return Err(Error::TooLarge { what: format!("an object of more than {VALUES_MAX} values") });
        }
        self.skip_space();
        match self.rest() {
            [b'<', b'<', ..] => self.dictionary(depth),
            [b'<', ..] => self.hex_string(),
            [b'(', ..] => self.literal_string(),
            [b'[', ..] => self.array(depth),
            [b'/', ..] => Ok(Object::Name(self.take_name())),
            [b'0'..=b'9', ..] => self.number_or_reference(),
            [b'+' | b'-' | b'.', ..] => self.number(),
            [_, ..] => self.keyword(),
            [] => self.damaged("the file ends within an object"),
        }
    }

    fn keyword(&mut self) -> Result<Object, Error> {
        for (keyword, object) in
            [("null", Object::Null), ("true", Object::Boolean(true)), ("false", Object::Boolean(false))]
        {
            if self.take_keyword(keyword) {
                return Ok(object);
            }
        }
        self.damaged("no object")
    }

    fn array(&mut self, depth: usize) -> Result<Object, Error> {
        self.position += 1;
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.peek() == Some(b']') {
                self.position += 1;
                return Ok(Object::Array(items));
            }
            items.push(self.nested(depth + 1)?);
        }
    }

    fn dictionary(&mut self, depth: usize) -> Result<Object, Error> {
        self.position += 2;
        let mut entries = Vec::new();
        loop {
            self.skip_space();
            match self.rest() {
                [b'>', b'>', ..] => {
                    self.position += 2;
                    let (dictionary, has_doubles) = Dictionary::written(entries);
                    self.has_doubles |= has_doubles;
                    return Ok(Object::Dictionary(dictionary));
                }
                [b'/', ..] => {
                    let key = self.take_name();
                    let value = self.nested(depth + 1)?;
                    entries.push((key, value));
                }
                _ => return self.damaged("a dictionary is broken"),
            }
        }
    }
}
