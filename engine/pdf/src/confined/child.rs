//! Why: the child limits itself before it reads a single byte, so that there is no moment without limits. Then it opens one
//! file after another; nothing of a file is kept when its answer is written. What a request's seals look like is, by their hash.

use std::{fs::File, io, os::fd::AsFd as _, process::ExitCode};

use rlimit::Resource;
use rustix::time::{ClockId, clock_gettime};

use super::{Answer, CALLS_MAX, Call, frame};
use crate::{convert, inspect, limits::FILE_BYTES_MAX, picture, prepare, read, sign, validate};

/// Address space, in bytes.
pub(super) const MEMORY_VARIABLE: &str = "SEALFLOW_PDF_CHILD_MEMORY_BYTES";
/// Processor time for one file, in seconds.
pub(super) const CPU_VARIABLE: &str = "SEALFLOW_PDF_CHILD_CPU_S";
/// More than any call's JSON beside the file.
const CALL_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The child's whole life: limits itself, and answers what comes on standard input until that is closed.
#[must_use]
pub fn child_main() -> ExitCode {
    match Bounds::take().and_then(|bounds| serve(&bounds)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// What the child may use.
struct Bounds {
    cpu_s: u64,
    /// The processor time that all of its files may take together.
    cpu_s_max: u64,
}

impl Bounds {
    /// Limits this process, for ever.
    fn take() -> io::Result<Self> {
        let variable =
            |name, default| std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default);
        let defaults = super::Limits::default();
        let memory: u64 = variable(MEMORY_VARIABLE, defaults.memory_bytes);
        let cpu_s: u64 = variable(CPU_VARIABLE, defaults.cpu_s);
        let bounds = Self { cpu_s, cpu_s_max: cpu_s.saturating_add(1).saturating_mul(u64::from(CALLS_MAX)) };
        Resource::AS.set(memory, memory)?;
        bounds.begin_file()?;
        // No dumps of other people's files, no files written, few opened, no processes or threads, no rights by programs that
        // give them.
        Resource::CORE.set(0, 0)?;
        Resource::FSIZE.set(0, 0)?;
        Resource::NOFILE.set(32, 32)?;
        Resource::NPROC.set(0, 0)?;
        rustix::thread::set_no_new_privs(true)?;
        Ok(bounds)
    }

    /// The kernel counts whole seconds from the process's start, so the limit moves on with every file.
    fn begin_file(&self) -> io::Result<()> {
        let used = u64::try_from(clock_gettime(ClockId::ProcessCPUTime).tv_sec).unwrap_or(u64::MAX);
        let soft = used.saturating_add(1 + self.cpu_s).min(self.cpu_s_max);
        Resource::CPU.set(soft, self.cpu_s_max)
    }
}

fn serve(bounds: &Bounds) -> io::Result<()> {
    // Not through the locks of std, which look for line ends in every file.
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    while let Some((call, bytes)) = frame::read(&mut input, CALL_BYTES_MAX, FILE_BYTES_MAX)? {
        bounds.begin_file()?;
        let (answer, tail) = answer(&call, &bytes);
        drop(bytes);
        frame::write(&mut output, &answer, &tail)?;
    }
    Ok(())
}

fn answer(call: &Call, bytes: &[u8]) -> (Answer, Vec<u8>) {
    match call {
        Call::Inspect => (Answer::Inspect(inspect::inspect(bytes)), Vec::new()),
        Call::Repair => match read::repair(bytes) {
            Ok(rewritten) => (Answer::Repair(Ok(())), rewritten),
            Err(error) => (Answer::Repair(Err(error)), Vec::new()),
        },
        Call::Validate { trust } => (Answer::Validate(validate::examine(bytes, trust)), Vec::new()),
        Call::AddValidationData { data } => match sign::validation_data(bytes, data) {
            Ok(tail) => (Answer::AddValidationData(Ok(())), tail),
            Err(error) => (Answer::AddValidationData(Err(error)), Vec::new()),
        },
        Call::DocumentTimestamp { hole_bytes } => match sign::document_timestamp(bytes, *hole_bytes) {
            Ok((tail, layout)) => (Answer::Begin(Ok(layout)), tail),
            Err(error) => (Answer::Begin(Err(error)), Vec::new()),
        },
        Call::Prepare { fields } => match prepare::revision(bytes, fields) {
            Ok((from, tail)) => (Answer::Prepare(Ok(from)), tail),
            Err(error) => (Answer::Prepare(Err(error)), Vec::new()),
        },
        Call::Clean { wanted } => (Answer::Clean(picture::clean(bytes, wanted)), Vec::new()),
        Call::Pictures { lengths } => pictures(bytes, lengths),
        Call::Begin { request } => match sign::layout(bytes, request) {
            Ok((tail, layout)) => (Answer::Begin(Ok(layout)), tail),
            Err(error) => (Answer::Begin(Err(error)), Vec::new()),
        },
    }
}

fn pictures(mut bytes: &[u8], lengths: &[usize]) -> (Answer, Vec<u8>) {
    let mut pictures = Vec::new();
    for length in lengths {
        let (picture, rest) = bytes.split_at_checked(*length).unwrap_or((bytes, &[]));
        pictures.push(picture);
        bytes = rest;
    }
    match convert::pages_of_pictures(&pictures) {
        Ok(pdf) => (Answer::Pictures(None), pdf),
        Err(wrong) => (Answer::Pictures(Some(wrong)), Vec::new()),
    }
}
