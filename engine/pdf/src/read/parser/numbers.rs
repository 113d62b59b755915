//! Why: a number may be the first of a reference, which shows only behind it.

use super::{Parser, is_regular};
use crate::read::{
    Error,
    object::{Object, Reference},
};

impl Parser<'_> {
    pub(super) fn number_or_reference(&mut self) -> Result<Object, Error> {
        let start = self.position;
        let Some(first) = self.take_unsigned() else { return self.number() };
        let after_first = self.position;
        if let Ok(number) = u32::try_from(first) {
            let generation = self.take_unsigned().and_then(|n| u16::try_from(n).ok());
            if let (Some(generation), true) = (generation, self.take_keyword("R")) {
                return Ok(Object::Reference(Reference { number, generation }));
            }
        }
        if let Ok(integer) = i64::try_from(first) {
            self.position = after_first;
            return Ok(Object::Integer(integer));
        }
        self.position = start;
        self.number()
    }

    pub(super) fn number(&mut self) -> Result<Object, Error> {
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
}
