//! Why: a parser of our own that cannot be made to recurse without end, unlike the libraries at hand: nesting is limited, and
//! nothing is looked up while parsing.

use super::{
    Error,
    object::{Dictionary, Object, Reference},
};
use crate::limits::{DEPTH_MAX, VALUES_MAX};

/// Reads objects from bytes, from a position onwards.
#[derive(Debug, Clone)]
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

/// What each byte is worth as a hexadecimal digit; more than 15 is none.
const HEX_DIGITS: [u8; 256] = {
    let mut digits = [u8::MAX; 256];
    let mut digit = 0;
    while digit < 16 {
        let byte = b"0123456789abcdef"[digit as usize];
        digits[byte as usize] = digit;
        digits[byte.to_ascii_uppercase() as usize] = digit;
        digit += 1;
    }
    digits
};

fn hex_digit(byte: u8) -> Option<u8> {
    Some(HEX_DIGITS[usize::from(byte)]).filter(|digit| *digit < 16)
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

    fn take_name(&mut self) -> Vec<u8> {
        self.position += 1;
        let length = self.rest().iter().take_while(|byte| is_regular(**byte)).count();
        let written = self.rest().get(..length).unwrap_or_default();
        self.position += length;
        if !written.contains(&b'#') {
            return written.to_vec();
        }
        let mut name = Vec::with_capacity(length);
        let mut at = 0;
        while let Some(&byte) = written.get(at) {
            let digits = (
                written.get(at + 1).copied().and_then(hex_digit),
                written.get(at + 2).copied().and_then(hex_digit),
            );
            if let (b'#', (Some(high), Some(low))) = (byte, digits) {
                name.push(high << 4 | low);
                at += 3;
            } else {
                name.push(byte);
                at += 1;
            }
        }
        name
    }

    fn number_or_reference(&mut self) -> Result<Object, Error> {
        let mut ahead = self.clone();
        if let Some(number) = ahead.take_unsigned().and_then(|n| u32::try_from(n).ok()) {
            let generation = ahead.take_unsigned().and_then(|n| u16::try_from(n).ok());
            if let (Some(generation), true) = (generation, ahead.take_keyword("R")) {
                self.position = ahead.position;
                return Ok(Object::Reference(Reference { number, generation }));
            }
        }
        self.number()
    }

    fn number(&mut self) -> Result<Object, Error> {
        let length = self.rest().iter().take_while(|byte| is_regular(**byte)).count();
        let text =
            self.rest().get(..length).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
        let object = match text.strip_prefix('+').unwrap_or(text) {
            text if text.bytes().all(|b| b.is_ascii_digit() || b == b'-') => {
                text.parse().ok().map(Object::Integer)
            }
            text if text.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b'.') => {
                text.parse::<f64>().ok().map(|_| Object::Real(text.into()))
            }
            _ => None,
        };
        match object {
            Some(object) => {
                self.position += length;
                Ok(object)
            }
            None => self.damaged("a number is broken"),
        }
    }

    fn hex_string(&mut self) -> Result<Object, Error> {
        /// Most of a signature's hole: two digits make a byte.
        const PADDING: [u8; 32] = [b'0'; 32];
        self.position += 1;
        let mut bytes = Vec::new();
        let mut high = None;
        loop {
            while high.is_none() && self.rest().starts_with(&PADDING) {
                bytes.resize(bytes.len() + PADDING.len() / 2, 0);
                self.position += PADDING.len();
            }
            let Some(byte) = self.peek() else { return self.damaged("a string does not end") };
            let digit = HEX_DIGITS[usize::from(byte)];
            if digit < 16 {
                high = match high {
                    None => Some(digit << 4),
                    Some(high) => {
                        bytes.push(high | digit);
                        None
                    }
                };
            } else if byte == b'>' {
                bytes.extend(high);
                self.position += 1;
                return Ok(Object::String(bytes));
            } else if !is_space(byte) {
                return self.damaged("a string is broken");
            }
            self.position += 1;
        }
    }

    fn literal_string(&mut self) -> Result<Object, Error> {
        self.position += 1;
        let mut bytes = Vec::new();
        let mut open = 1_usize;
        while let Some(byte) = self.peek() {
            self.position += 1;
            match byte {
                b'\\' => self.escape(&mut bytes),
                b'\r' => {
                    if self.peek() == Some(b'\n') {
                        self.position += 1;
                    }
                    bytes.push(b'\n');
                }
                b')' if open == 1 => return Ok(Object::String(bytes)),
                _ => {
                    match byte {
                        b'(' => open += 1,
                        b')' => open -= 1,
                        _ => {}
                    }
                    bytes.push(byte);
                }
            }
        }
        self.damaged("a string does not end")
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) {
        let Some(byte) = self.peek() else { return };
        self.position += 1;
        match byte {
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            b't' => bytes.push(b'\t'),
            b'b' => bytes.push(8),
            b'f' => bytes.push(12),
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.position += 1;
                }
            }
            b'\n' => {}
            b'0'..=b'7' => {
                let mut value = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else { break };
                    self.position += 1;
                    value = value * 8 + u32::from(digit - b'0');
                }
                bytes.push(value.to_le_bytes()[0]);
            }
            other => bytes.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
    use super::*;

    fn parse(text: &str) -> Result<Object, Error> {
        Parser::new(text.as_bytes(), 0).object()
    }

    #[test]
    fn objects_are_read_as_written() {
        let object =
            parse("<</A 1/B -2.50/C(a\\)\\101\\(b)/D<48 4>/E[1 0 R 2 null true]/F#20G/H % note\n>>").unwrap();
        let dictionary = object.as_dictionary().unwrap();
        assert_eq!(dictionary.get("A"), Some(&Object::Integer(1)));
        assert_eq!(dictionary.get("B"), Some(&Object::Real("-2.50".into())));
        assert_eq!(dictionary.get("C"), Some(&Object::String(b"a)A(b".to_vec())));
        assert_eq!(dictionary.get("D"), Some(&Object::String(b"H@".to_vec())));
        let reference = Object::Reference(Reference { number: 1, generation: 0 });
        let items = vec![reference, Object::Integer(2), Object::Null, Object::Boolean(true)];
        assert_eq!(dictionary.get("E"), Some(&Object::Array(items)));
        assert_eq!(dictionary.get("F G"), Some(&Object::name("H")));
    }

    #[test]
    fn holes_are_read_as_other_strings() {
        let zeros = "0".repeat(70);
        for (text, bytes) in [
            (format!("<{zeros}>"), vec![0; 35]),
            (format!("<3{zeros}>"), [vec![0x30], vec![0; 35]].concat()),
            (format!("<aB {zeros}\n0 0C>"), [vec![0xab], vec![0; 35], vec![0, 0xc0]].concat()),
        ] {
            assert_eq!(parse(&text).unwrap(), Object::String(bytes), "{text}");
        }
        assert!(parse(&format!("<{zeros}")).is_err());
        assert!(parse(&format!("<{zeros}g>")).is_err());
    }

    #[test]
    fn broken_objects_are_errors() {
        for text in
            ["", "<<", "<</A", "<</A 1", "[1", "(a", "<4", "<4g>", "1.2.3", "--", "nul", ">>", "<</A>>", "R"]
        {
            assert!(parse(text).is_err(), "{text:?} was read");
        }
    }

    #[test]
    fn values_are_limited() {
        let text = "1 ".repeat(VALUES_MAX / 2);
        assert!(parse(&format!("[{text}]")).is_ok());
        for many in [format!("[{text}{text}]"), format!("[[{text}][{text}]]")] {
            let error = parse(&many).unwrap_err();
            assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
        }
    }

    #[test]
    fn nesting_is_limited() {
        assert!(parse(&format!("{}{}", "[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX))).is_ok());
        for opening in ["[", "<</A"] {
            let error = parse(&opening.repeat(1_000_000)).unwrap_err();
            assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
        }
    }
}
