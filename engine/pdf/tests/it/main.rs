//! The crate from outside: files are made, prepared, signed, judged, broken.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is the test's failure")]

mod attacks;
mod broken_pictures;
mod certificates;
mod command_line;
mod copying;
mod corpus;
mod cross_page;
mod damaged;
mod every_byte;
mod forgeries;
mod fuzzing;
mod jpegs;
mod judges;
mod later_signers;
mod levels;
mod locks;
mod looks;
mod metadata;
mod other_programs;
mod pages_of_pictures;
mod pictures;
mod preparing;
mod readers;
mod reading;
mod signing;
mod sm2;
mod support;
mod ten_signers;
mod validation;
mod word;
