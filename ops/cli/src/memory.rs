//! Large blocks of memory, such as whole documents, go back to the system when they are free.
//!
//! glibc raises the size from which it does so with every large block that is freed, up to 32 MB; below it each of its arenas, of
//! which there are eight a core, keeps some of them. After fifty signatures on files of 6 MB that was 90 MB. It takes the size from the
//! environment only, and only at the start.

use std::{os::unix::process::CommandExt as _, process::Command};

/// As glibc reads it.
const VARIABLE: &str = "MALLOC_MMAP_THRESHOLD_";
/// Blocks of this size and above, in bytes.
const LARGE_BYTES: &str = "1048576";

/// Begins this process anew with that size, once; what was set already stays. Where that is not possible it goes on as it is.
pub(crate) fn give_large_blocks_back() {
    if std::env::var_os(VARIABLE).is_some() {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_else(|| program.clone().into_os_string());
    // It only returns when it fails.
    let _ = Command::new(program).arg0(name).args(arguments).env(VARIABLE, LARGE_BYTES).exec();
}
