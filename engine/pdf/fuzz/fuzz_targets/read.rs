//! The reader and the writer. What is done stands apart, so that the tests compile and try it too.

#![no_main]

#[path = "../ways/read.rs"]
mod way;

libfuzzer_sys::fuzz_target!(|file: &[u8]| way::go(file));
