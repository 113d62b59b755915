//! The program is killed at every fail point of a whole contract and started again: the end is the same each time. No
//! step is lost, no message is sent twice, nobody signs twice.

mod at_each_point;
mod gateway;
pub(crate) mod verdict;
