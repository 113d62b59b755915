//! Why: names and strings are written with escapes, each in its own way.

use super::{Parser, is_regular, is_space};
use crate::read::{Error, name::Name, object::Object};

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

impl Parser<'_> {
    pub(super) fn take_name(&mut self) -> Name {
        self.position += 1;
        let length = self.rest().iter().take_while(|byte| is_regular(**byte)).count();
        let written = self.rest().get(..length).unwrap_or_default();
        self.position += length;
        if !written.contains(&b'#') {
            return written.into();
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
        name.as_slice().into()
    }

    pub(super) fn hex_string(&mut self) -> Result<Object, Error> {
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

    pub(super) fn literal_string(&mut self) -> Result<Object, Error> {
        self.position += 1;
        let mut bytes = Vec::new();
        let mut open = 1_usize;
        loop {
            // Most strings are nothing but such bytes.
            let rest = self.rest();
            let length = rest.iter().take_while(|byte| !matches!(byte, b'\\' | b'\r' | b'(' | b')')).count();
            bytes.extend_from_slice(rest.get(..length).unwrap_or_default());
            self.position += length;
            let Some(byte) = self.peek() else { return self.damaged("a string does not end") };
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
                    open = if byte == b'(' { open + 1 } else { open - 1 };
                    bytes.push(byte);
                }
            }
        }
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
