//! The engine under faults: killed anywhere, told everything twice and late, with a clock that jumps, with too much at
//! once. Every test ends with the same question: does the database hold what it must?

mod acks;
mod clock;
mod deliveries;
mod overload;
mod poison;
mod seeds;
