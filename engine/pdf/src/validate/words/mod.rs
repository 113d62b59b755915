//! Why: people who are no cryptographers read the report, so each verdict is also told in plain words.

mod chinese;
mod english;

pub use self::{chinese::chinese, english::english};
