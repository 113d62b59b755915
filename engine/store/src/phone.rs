//! Mobile numbers of mainland China, in one form, so that one person has one account.

use std::{fmt, str::FromStr};

/// Eleven digits without country code.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(String);

/// The text is no mobile number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a mobile number")]
pub struct NotAPhone;

impl Phone {
    /// The eleven digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// First three and last four digits: `159****6326`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (head, tail) = (self.0.get(..3).unwrap_or_default(), self.0.get(7..).unwrap_or_default());
        format!("{head}****{tail}")
    }
}

impl FromStr for Phone {
    type Err = NotAPhone;

    /// Takes `+86`, `0086` or `86` off, with the spaces and hyphens that people type.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > 40 {
            return Err(NotAPhone);
        }
        let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let digits = ["+86", "0086", "86"].iter().find_map(|code| bare.strip_prefix(code)).unwrap_or(&bare);
        let bytes = digits.as_bytes();
        let valid = bytes.len() == 11
            && bytes.iter().all(u8::is_ascii_digit)
            && bytes.first() == Some(&b'1')
            && matches!(bytes.get(1), Some(b'3'..=b'9'));
        if valid { Ok(Self(digits.to_owned())) } else { Err(NotAPhone) }
    }
}

/// Masked: a number in a log is a leak.
impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

    use super::*;

    #[test]
    fn every_spelling_of_a_number_is_the_same_number() {
        for text in ["13800000001", "+8613800000001", "008613800000001", "8613800000001", "138 0000-0001"] {
            assert_eq!(text.parse::<Phone>().unwrap().as_str(), "13800000001", "{text}");
        }
        assert_eq!("8613800000001".parse::<Phone>().unwrap().masked(), "138****0001");
    }

    #[test]
    fn what_is_no_mobile_number_is_refused() {
        for text in [
            "",
            "1380000000",
            "138000000011",
            "12800000001",
            "23800000001",
            "1380000000a",
            "+1 3800000001",
            "١٣٨٠٠٠٠٠٠٠١",
        ] {
            assert_eq!(text.parse::<Phone>(), Err(NotAPhone), "{text}");
        }
    }

    #[test]
    fn a_number_is_not_told_by_debug() {
        assert_eq!(format!("{:?}", "13800000001".parse::<Phone>().unwrap()), "Phone(138****0001)");
    }
}
