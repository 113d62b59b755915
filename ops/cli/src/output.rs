//! Why: what a command prints may go into a pipe whose reader has seen enough (`sealflow pdf validate FILE | head -1`). Then nothing
//! more is printed, and the command ends as it would have ended.

use std::{
    fmt::Arguments,
    io::{self, Write},
    process::ExitCode,
    sync::OnceLock,
};

/// The first line that could not be written though somebody waits for it, as on a full disk.
static FAULT: OnceLock<io::Error> = OnceLock::new();

/// Prints a line, as `println!` does.
macro_rules! say {
    ($($words:tt)*) => {
        $crate::output::line(format_args!($($words)*))
    };
}

/// Prints a line to the standard error, as `eprintln!` does.
macro_rules! complain {
    ($($words:tt)*) => {
        $crate::output::complaint(format_args!($($words)*))
    };
}

pub(crate) fn line(words: Arguments<'_>) {
    keep_fault(writeln!(io::stdout(), "{words}"));
}

/// Prints what ends its lines itself, at once.
pub(crate) fn text(words: &str) {
    let mut out = io::stdout().lock();
    keep_fault(out.write_all(words.as_bytes()).and_then(|()| out.flush()));
}

/// Whoever closed the standard error cannot be told anything.
pub(crate) fn complaint(words: Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{words}");
}

fn keep_fault(written: io::Result<()>) {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = FAULT.set(error);
        }
        _ => {}
    }
}

/// The exit status of a command; a failure when it could not tell what it had to.
pub(crate) fn end(code: ExitCode) -> ExitCode {
    match FAULT.get() {
        None => code,
        Some(fault) => {
            complain!("sealflow: not everything could be printed: {fault}");
            ExitCode::FAILURE
        }
    }
}
