//! The same program as `sealflow`, with its fail points compiled in, for the crash tests to start and kill.

use std::process::ExitCode;

fn main() -> ExitCode {
    sealflow::main()
}
