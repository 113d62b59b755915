//! Why: the child limits itself before it reads a single byte, so that there is no moment without limits.

use std::{
    io::{self, Read as _, Write as _},
    process::ExitCode,
};

use rlimit::Resource;

use super::{Answer, Call, frame};
use crate::{inspect, limits::FILE_BYTES_MAX, prepare, read, sign, validate};

/// Address space, in bytes.
pub(super) const MEMORY_VARIABLE: &str = "SEALFLOW_PDF_CHILD_MEMORY_BYTES";
/// Processor time, in seconds.
pub(super) const CPU_VARIABLE: &str = "SEALFLOW_PDF_CHILD_CPU_S";
/// More than any call's JSON beside the file.
const CALL_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The child's whole life: limits itself, reads one request from standard input, answers on standard output.
#[must_use]
pub fn child_main() -> ExitCode {
    match limit_self().and_then(|()| serve()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn limit_self() -> io::Result<()> {
    let variable =
        |name, default| std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default);
    let defaults = super::Limits::default();
    let memory: u64 = variable(MEMORY_VARIABLE, defaults.memory_bytes);
    let cpu: u64 = variable(CPU_VARIABLE, defaults.cpu_s);
    Resource::AS.set(memory, memory)?;
    Resource::CPU.set(cpu, cpu.saturating_add(1))?;
    // No dumps of other people's files, no files written, few opened.
    Resource::CORE.set(0, 0)?;
    Resource::FSIZE.set(0, 0)?;
    Resource::NOFILE.set(32, 32)
}

fn serve() -> io::Result<()> {
    let mut input = Vec::new();
    let limit = u64::try_from(FILE_BYTES_MAX + CALL_BYTES_MAX).unwrap_or(u64::MAX);
    io::stdin().lock().take(limit).read_to_end(&mut input)?;
    let (call, bytes) = frame::split(input).ok_or(io::ErrorKind::InvalidData)?;
    let (answer, tail) = answer(&call, &bytes);
    let mut output = io::stdout().lock();
    output.write_all(&frame::head(&answer)?)?;
    output.write_all(&tail)?;
    output.flush()
}

fn answer(call: &Call, bytes: &[u8]) -> (Answer, Vec<u8>) {
    match call {
        Call::Inspect => (Answer::Inspect(inspect::inspect(bytes)), Vec::new()),
        Call::Repair => match read::repair(bytes) {
            Ok(rewritten) => (Answer::Repair(Ok(())), rewritten),
            Err(error) => (Answer::Repair(Err(error)), Vec::new()),
        },
        Call::Validate { trust } => (Answer::Validate(validate::validate(bytes, trust)), Vec::new()),
        Call::Prepare { fields } => match prepare::revision(bytes, fields) {
            Ok((from, tail)) => (Answer::Prepare(Ok(from)), tail),
            Err(error) => (Answer::Prepare(Err(error)), Vec::new()),
        },
        Call::Begin { request } => match sign::layout(bytes, request) {
            Ok((tail, layout)) => (Answer::Begin(Ok(layout)), tail),
            Err(error) => (Answer::Begin(Err(error)), Vec::new()),
        },
    }
}
