//! Why: a file has names by the hundred thousand, nearly all of them short; these take no room of their own.

use std::{fmt, ops::Deref};

/// So many bytes make the longest name that stands in its own place.
const SHORT: usize = 22;

/// A name, of any bytes.
#[derive(Clone)]
pub(crate) struct Name(Bytes);

#[derive(Clone)]
enum Bytes {
    /// How many of the bytes count, and the bytes.
    Short(u8, [u8; SHORT]),
    Long(Box<[u8]>),
}

impl Deref for Name {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Bytes::Short(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Bytes::Long(bytes) => bytes,
        }
    }
}

impl From<&[u8]> for Name {
    fn from(name: &[u8]) -> Self {
        let mut bytes = [0; SHORT];
        match (bytes.get_mut(..name.len()), u8::try_from(name.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(name);
                Self(Bytes::Short(length, bytes))
            }
            _ => Self(Bytes::Long(name.into())),
        }
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_short_names_are_the_bytes_that_they_were_made_of() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in [0, 1, SHORT - 1, SHORT, SHORT + 1, 256] {
            let (own, longer) = (&bytes[..length], [&bytes[..length], &[0]].concat());
            assert_eq!(*Name::from(own), *own);
            assert_eq!(Name::from(own), Name::from(own).clone());
            // The bytes that do not count are zeros.
            assert_ne!(Name::from(own), Name::from(longer.as_slice()));
        }
        assert_eq!(size_of::<Name>(), size_of::<Vec<u8>>());
        assert_eq!(format!("{:?}", Name::from(b"A\n".as_slice())), "/A\\n");
    }
}
