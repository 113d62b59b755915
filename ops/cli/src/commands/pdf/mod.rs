//! `sealflow pdf sign`, `begin`, `finish`, `upgrade`, `repair` and `validate`.

mod outside;
mod sign;
mod validate;

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail};
use sealflow_jobs::raise::Raiser;
use sealflow_pdf::{
    Trust,
    cli::{Place, certificates_from_pem},
    confined::{self, Confined},
    limits::FILE_BYTES_MAX,
    sign::{DigestAlgorithm, GrowingFile},
    validate::Level,
};
use sealflow_providers::{
    revocation::{self, RevocationClient},
    tsa::{self, TsaClient},
};
use url::Url;

pub use self::{
    outside::{begin, finish},
    sign::sign,
    validate::validate,
};
use crate::cli::{self, PdfUpgrade, Timestamps};

/// What the user's umask leaves of this, as every program's new files have it.
const DOCUMENT_MODE: u32 = 0o666;
const PRIVATE_MODE: u32 = 0o600;
/// Larger key, certificate and signature files are none.
const PEM_BYTES_MAX: u64 = 1024 * 1024;

/// Adds what is missing to a level.
///
/// # Errors
/// A sentence that names what is missing, and whom to ask.
pub async fn upgrade(args: &PdfUpgrade) -> Result<ExitCode> {
    let pdf = read(&args.input, FILE_BYTES_MAX as u64)?;
    if args.level < Level::BT {
        bail!("every signature has level B-B; there is nothing to add");
    }
    let before = pdf.len();
    let raised = raise(pdf, args.level, args.renew, &args.tsa, &args.trust)
        .await
        .with_context(|| format!("raising {}", args.input.display()))?;
    write_whole(&args.out, &raised)?;
    if raised.len() == before {
        say!("{} has level {} already.", args.input.display(), args.level);
    } else {
        say!("{} has level {} ({} bytes).", args.out.display(), args.level, raised.len());
    }
    Ok(ExitCode::SUCCESS)
}

/// Rewrites a damaged file that has no signature.
///
/// # Errors
/// A sentence that names the file and what is wrong with it.
pub fn repair(input: &Path, out: &Path) -> Result<ExitCode> {
    let pdf = read(input, FILE_BYTES_MAX as u64)?;
    let repaired = sealflow_pdf::repair(&pdf).with_context(|| format!("repairing {}", input.display()))?;
    write_whole(out, &repaired)?;
    say!(
        "{} was written anew ({} bytes). It is not the file that was sent: tell its sender.",
        out.display(),
        repaired.len()
    );
    Ok(ExitCode::SUCCESS)
}

/// Who stamps, and whom it must lead to.
struct Authority<'a> {
    url: &'a Url,
    trust: &'a Path,
}

impl Timestamps {
    /// None for B-B.
    fn authority(&self) -> Result<Option<Authority<'_>>> {
        match (self.level, &self.tsa, &self.trust) {
            (Level::BB, ..) => Ok(None),
            (_, Some(url), Some(trust)) => Ok(Some(Authority { url, trust })),
            (level, None, _) => bail!("level {level} needs a timestamp authority: --tsa URL"),
            (level, _, None) => {
                bail!("level {level} needs the roots that the timestamp must lead to: --trust CA.pem")
            }
        }
    }
}

impl Authority<'_> {
    fn client(&self) -> Result<TsaClient> {
        let limits = sealflow_providers::http::Limits::default();
        let config = tsa::Config { url: self.url.clone(), trust_file: Some(self.trust.to_owned()), limits };
        TsaClient::new(config).context("the timestamp authority")
    }
}

async fn raise(pdf: Vec<u8>, level: Level, renew: bool, tsa: &Url, trust: &Path) -> Result<Vec<u8>> {
    let tsa = Authority { url: tsa, trust }.client()?;
    let revocation = RevocationClient::new(revocation::Config::default())?;
    let (confined, trust) = (confined()?, roots(trust)?);
    let raiser = Raiser { confined: &confined, tsa: &tsa, revocation: &revocation, trust: &trust };
    Ok(raiser.raise(pdf, level, renew).await?.0)
}

fn confined() -> Result<Confined> {
    let executable =
        std::env::current_exe().context("finding this program, which opens PDF files in child processes")?;
    Ok(Confined::new(executable, confined::Limits::default()))
}

fn roots(path: &Path) -> Result<Trust> {
    let roots_der = certificates_from_pem(&read(path, PEM_BYTES_MAX)?, "the roots")
        .with_context(|| format!("reading {}", path.display()))?;
    Ok(Trust { roots_der, ..Trust::default() })
}

/// The signer's certificate and those of a file with the others.
fn chain(certificate: Vec<u8>, others: Option<&Path>) -> Result<Vec<Vec<u8>>> {
    let others = match others {
        Some(path) => certificates_from_pem(&read(path, PEM_BYTES_MAX)?, "the chain")
            .with_context(|| format!("reading {}", path.display()))?,
        None => Vec::new(),
    };
    Ok([vec![certificate], others].concat())
}

fn certificate(path: &Path) -> Result<Vec<u8>> {
    let found = certificates_from_pem(&read(path, PEM_BYTES_MAX)?, "the certificate")
        .with_context(|| format!("reading {}", path.display()))?;
    found.into_iter().next().with_context(|| format!("{} holds no certificate in PEM form", path.display()))
}

fn place(args: &cli::Place) -> Option<Place> {
    let (page, [x, y, width, height]) = args.page.zip(args.rect)?;
    let rect = sealflow_pdf::Rect { x: x.into(), y: y.into(), width: width.into(), height: height.into() };
    Some(Place { page, rect })
}

fn now_ms() -> Result<i64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock stands before 1970")?;
    Ok(i64::try_from(now.as_millis())?)
}

pub(super) fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>> {
    let (mut file, size) = open(path, bytes_max)?;
    let mut bytes = Vec::with_capacity(size);
    file.read_to_end(&mut bytes).with_context(|| unreadable(path))?;
    Ok(bytes)
}

/// A file to be read, and its size.
fn open(path: &Path, bytes_max: u64) -> Result<(fs::File, usize)> {
    let file = fs::File::open(path).with_context(|| unreadable(path))?;
    let size = file.metadata().with_context(|| unreadable(path))?.len();
    if size > bytes_max {
        bail!("{} has {size} bytes; at most {bytes_max} are read", path.display());
    }
    Ok((file, usize::try_from(size)?))
}

fn unreadable(path: &Path) -> String {
    format!("{} cannot be read", path.display())
}

/// Reads a PDF, and begins a new file with its bytes.
fn copy(input: &Path, out: &Path, algorithm: DigestAlgorithm) -> Result<(GrowingFile, NewFile)> {
    let (from, size) = open(input, FILE_BYTES_MAX as u64)?;
    let mut out = NewFile::beside(out)?;
    let copied = GrowingFile::copy(from, size, &mut out.file, algorithm)
        .with_context(|| format!("copying {}", input.display()))?;
    out.written_bytes = copied.written_bytes;
    Ok((copied.file, out))
}

/// A file that is written beside its place and then moved there, so that nobody sees half of it.
struct NewFile {
    file: tempfile::NamedTempFile,
    /// It has so many bytes already.
    written_bytes: usize,
    path: PathBuf,
}

impl NewFile {
    /// For a document: whoever may read the user's other new files may read it.
    fn beside(path: &Path) -> Result<Self> {
        Self::with_mode(path, DOCUMENT_MODE)
    }

    fn with_mode(path: &Path, mode: u32) -> Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::Builder::new()
            .permissions(fs::Permissions::from_mode(mode))
            .tempfile_in(folder)
            .with_context(|| format!("writing into {}", folder.display()))?;
        Ok(Self { file, written_bytes: 0, path: path.to_owned() })
    }

    /// Writes what is not there yet of all its bytes, and shows it.
    fn finish(mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes.get(self.written_bytes..).unwrap_or_default())?;
        self.file.persist(&self.path).with_context(|| format!("writing {}", self.path.display()))?;
        Ok(())
    }
}

pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    NewFile::beside(path)?.finish(bytes)
}

/// Writes what is nobody's business but the user's.
fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    NewFile::with_mode(path, PRIVATE_MODE)?.finish(bytes)
}
