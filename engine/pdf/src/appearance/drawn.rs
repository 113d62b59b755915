//! Why: a seal is put on contract after contract, and to draw it takes several times as long as to sign. So what an SVG
//! becomes is kept by the SVG's hash, as long as there is room: the same picture gives the same bytes, drawn or kept.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Error, svg};
use crate::read::object::{Dictionary, Object};

/// Most pictures that are kept.
const PICTURES_MAX: usize = 64;
/// Most bytes of all that are kept: a child process is replaced when it holds too much memory.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// A larger picture is not kept; it would drive out many.
const PICTURE_BYTES_MAX: usize = BYTES_MAX / 8;

static KEPT: Mutex<Kept> = Mutex::new(Kept::new());

/// A picture's objects, with numbers that mean nothing outside.
#[derive(Debug, PartialEq)]
pub(super) struct Drawn {
    pub(super) objects: Vec<(u32, Body)>,
    /// The form that is one unit wide and one high.
    pub(super) form: u32,
    pub(super) width: f64,
    pub(super) height: f64,
    /// About so many bytes in the file, and in memory.
    pub(super) bytes: usize,
}

/// An object of a picture.
#[derive(Debug, PartialEq)]
pub(super) enum Body {
    Object(Object),
    Stream(Dictionary, Vec<u8>),
}

/// SHA-256 of the SVG.
pub(super) type Key = [u8; 32];

/// What the SVG becomes, drawn now or kept from before.
pub(super) fn drawn(key: Key, source: &str) -> Result<Arc<Drawn>, Error> {
    let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept().get(key) {
        return Ok(known);
    }
    // Others need not wait meanwhile; at worst two draw the same.
    let drawn = Arc::new(svg::draw(source)?);
    kept().keep(key, Arc::clone(&drawn));
    Ok(drawn)
}

/// The pictures that were used last, newest first.
#[derive(Debug)]
struct Kept {
    pictures: VecDeque<(Key, Arc<Drawn>)>,
    bytes: usize,
}

impl Kept {
    const fn new() -> Self {
        Self { pictures: VecDeque::new(), bytes: 0 }
    }

    fn get(&mut self, key: Key) -> Option<Arc<Drawn>> {
        let at = self.pictures.iter().position(|(own, _)| *own == key)?;
        let found = self.pictures.remove(at)?;
        let drawn = Arc::clone(&found.1);
        self.pictures.push_front(found);
        Some(drawn)
    }

    fn keep(&mut self, key: Key, drawn: Arc<Drawn>) {
        if drawn.bytes > PICTURE_BYTES_MAX || self.pictures.iter().any(|(own, _)| *own == key) {
            return;
        }
        self.bytes += drawn.bytes;
        self.pictures.push_front((key, drawn));
        while self.pictures.len() > PICTURES_MAX || self.bytes > BYTES_MAX {
            let Some((_, oldest)) = self.pictures.pop_back() else { return };
            self.bytes = self.bytes.saturating_sub(oldest.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
    use super::*;

    fn picture(bytes: usize) -> Arc<Drawn> {
        Arc::new(Drawn { objects: Vec::new(), form: 1, width: 1.0, height: 1.0, bytes })
    }

    #[test]
    fn a_picture_is_drawn_once() {
        let key = |text: &str| openssl::sha::sha256(text.as_bytes());
        let square = |side: u32| {
            format!(
                "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><path d='M0 0H{side}V{side}Z'/></svg>"
            )
        };
        let (one, other) = (square(4), square(5));
        let first = drawn(key(&one), &one).unwrap();
        assert!(Arc::ptr_eq(&first, &drawn(key(&one), &one).unwrap()));
        assert_eq!(*first, svg::draw(&one).unwrap());
        assert_ne!(*first, *drawn(key(&other), &other).unwrap());
        assert!(drawn(key("no picture"), "no picture").is_err());
        assert!(drawn(key("no picture"), "no picture").is_err());
    }

    #[test]
    fn what_was_used_last_stays_within_the_room() {
        let mut kept = Kept::new();
        let key = |number: usize| openssl::sha::sha256(&number.to_le_bytes());
        for number in 0..PICTURES_MAX {
            kept.keep(key(number), picture(10));
        }
        // The oldest is used again, so the one after it goes.
        assert!(kept.get(key(0)).is_some());
        kept.keep(key(PICTURES_MAX), picture(10));
        assert_eq!((kept.pictures.len(), kept.bytes), (PICTURES_MAX, 10 * PICTURES_MAX));
        assert!(kept.get(key(0)).is_some() && kept.get(key(1)).is_none());

        kept.keep(key(1_000), picture(PICTURE_BYTES_MAX + 1));
        assert!(kept.get(key(1_000)).is_none());
        for number in 2_000..2_100 {
            kept.keep(key(number), picture(PICTURE_BYTES_MAX));
            assert!(kept.bytes <= BYTES_MAX);
        }
        assert_eq!(kept.bytes, kept.pictures.iter().map(|(_, drawn)| drawn.bytes).sum::<usize>());
        assert_eq!(kept.pictures.len(), BYTES_MAX / PICTURE_BYTES_MAX);
        // Two that drew the same count once.
        kept.keep(key(2_099), picture(PICTURE_BYTES_MAX));
        assert_eq!(kept.pictures.len(), BYTES_MAX / PICTURE_BYTES_MAX);
    }
}
