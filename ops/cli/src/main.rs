//! The binary `sealflow`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sealflow::main()
}
