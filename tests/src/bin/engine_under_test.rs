//! A light engine with its fail points compiled in, for the fault tests to start and kill.

use std::process::ExitCode;

fn main() -> ExitCode {
    sealflow_tests::faults::engine::main()
}
