//! Why: a hostile PDF can eat gigabytes, overflow a stack or run for ever. It does so in a child process with limits, and the
//! server answers "refused".

mod child;
mod frame;
mod parent;
mod pool;

use std::{borrow::Cow, path::PathBuf, sync::Arc, time::Duration};

pub use child::child_main;
use serde::{Deserialize, Serialize};

use crate::{
    inspect::Inspection,
    limits::FILE_BYTES_MAX,
    picture,
    prepare::{self, FieldSpec},
    read,
    sign::{self, DigestAlgorithm, GrowingFile, Layout, PreparedSignature, SignRequest, ValidationData},
    validate::{Examination, Report, Trust},
};

/// The hidden subcommand that the binary answers with [`child_main`].
pub const SUBCOMMAND: &str = "pdf-child";
/// A child is replaced after this many files.
pub const CALLS_MAX: u32 = 100;

/// What a child may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Address space, in bytes.
    pub memory_bytes: u64,
    /// Processor time for one file, in seconds.
    pub cpu_s: u64,
    /// Time for one file.
    pub wall: Duration,
    /// Largest answer, in bytes.
    pub output_bytes: usize,
    /// A child that holds more memory than this after a file is not kept; fonts take a part of it.
    pub kept_bytes: usize,
    /// Children at one time; further calls wait.
    pub children: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 1024 * 1024 * 1024,
            cpu_s: 20,
            wall: Duration::from_secs(30),
            // A repaired file comes back whole.
            output_bytes: FILE_BYTES_MAX + 32 * 1024 * 1024,
            kept_bytes: 96 * 1024 * 1024,
            children: 4,
        }
    }
}

/// Why a confined call gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error("the file cannot be read")]
    Read(#[source] read::Error),
    /// The file cannot be prepared.
    #[error("the file cannot be prepared")]
    Prepare(#[source] prepare::Error),
    /// The signature cannot be begun.
    #[error("the file cannot be signed")]
    Sign(#[source] sign::Error),
    /// A picture cannot be used.
    #[error("picture {number} cannot be used")]
    Picture {
        /// Which of the pictures, from 1; 0 when there are none or too many.
        number: usize,
        /// Why.
        #[source]
        source: picture::Error,
    },
    /// The child went over a limit or broke: the file is not to be opened.
    #[error("the file was refused: {why}")]
    Refused {
        /// Which limit, or how the child ended.
        why: String,
    },
    /// All children were busy for as long as the caller would wait.
    #[error("all child processes that open files are busy")]
    Busy,
    /// The child could not be started or spoken to.
    #[error("the PDF child process cannot be run")]
    Io(#[source] std::io::Error),
}

/// A file with its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The file.
    pub bytes: Vec<u8>,
    /// So many bytes stood before the PDF and were left out. With none it begins with the file that it was made of.
    pub cut_bytes: usize,
}

/// Opens files in child processes, which are kept for further files. Clones share them.
#[derive(Debug, Clone)]
pub struct Confined {
    pool: Arc<pool::Pool>,
    /// How long to wait for a child; for ever without it.
    patience: Option<Duration>,
}

impl Confined {
    /// Runs `executable pdf-child`; `executable` is usually [`std::env::current_exe`].
    #[must_use]
    pub fn new(executable: impl Into<PathBuf>, limits: Limits) -> Self {
        Self { pool: Arc::new(pool::Pool::new(executable.into(), limits)), patience: None }
    }

    /// The same children, for a caller who waits at most so long for one of them, and then gets [`Error::Busy`].
    #[must_use]
    pub fn patient_for(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }

    /// Starts a child ahead of the first file. Without this the first file starts it.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn warm_up(&self) -> Result<(), Error> {
        self.pool.warm_up()
    }

    /// How many children were started so far.
    #[must_use]
    pub fn children_started(&self) -> u64 {
        self.pool.started()
    }

    /// [`crate::inspect()`] in a child.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn inspect(&self, bytes: &[u8]) -> Result<Inspection, Error> {
        match self.call(&Call::Inspect, bytes).await? {
            (Answer::Inspect(answer), _) => answer.map_err(Error::Read),
            _ => Err(mixed_up()),
        }
    }

    /// [`crate::repair`] in a child.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn repair(&self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        match self.call(&Call::Repair, bytes).await? {
            (Answer::Repair(Ok(())), rewritten) => Ok(rewritten),
            (Answer::Repair(Err(source)), _) => Err(Error::Read(source)),
            _ => Err(mixed_up()),
        }
    }

    /// [`crate::prepare()`] in a child. A file that is given away is not copied.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn prepare<'a>(
        &self,
        bytes: impl Into<Cow<'a, [u8]>>,
        fields: &[FieldSpec],
    ) -> Result<Prepared, Error> {
        let bytes = bytes.into();
        match self.call(&Call::Prepare { fields: fields.to_vec() }, &bytes).await? {
            (Answer::Prepare(Ok(from)), tail) if from <= bytes.len() => {
                Ok(Prepared { bytes: joined(bytes, from, &tail), cut_bytes: from })
            }
            (Answer::Prepare(Ok(_)), _) => Err(mixed_up()),
            (Answer::Prepare(Err(source)), _) => Err(Error::Prepare(source)),
            _ => Err(mixed_up()),
        }
    }

    /// [`GrowingFile::begin_last`] in a child. The digest is taken here, not in the child.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn begin(&self, file: GrowingFile, request: &SignRequest) -> Result<PreparedSignature, Error> {
        match self.call(&Call::Begin { request: request.clone() }, file.bytes()).await? {
            (Answer::Begin(Ok(layout)), tail) => {
                // A child that was taken over must not get signed bytes moved out of the signature.
                if layout.hole_start < file.bytes().len() {
                    return Err(mixed_up());
                }
                let prepared = file.prepared(tail, &layout, request.digest).map_err(Error::Sign)?;
                Ok(file.joined(prepared))
            }
            (Answer::Begin(Err(source)), _) => Err(Error::Sign(source)),
            _ => Err(mixed_up()),
        }
    }

    /// [`crate::validate()`] in a child.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn validate(&self, bytes: &[u8], trust: &Trust) -> Result<Report, Error> {
        Ok(self.examine(bytes, trust).await?.report)
    }

    /// [`crate::validate::examine`] in a child.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn examine(&self, bytes: &[u8], trust: &Trust) -> Result<Examination, Error> {
        match self.call(&Call::Validate { trust: trust.clone() }, bytes).await? {
            (Answer::Validate(answer), _) => answer.map_err(Error::Read),
            _ => Err(mixed_up()),
        }
    }

    /// [`crate::picture::clean`] in a child.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn clean(&self, bytes: &[u8], wanted: picture::Wanted) -> Result<picture::Cleaned, Error> {
        match self.call(&Call::Clean { wanted }, bytes).await? {
            (Answer::Clean(answer), _) => answer.map_err(|source| Error::Picture { number: 1, source }),
            _ => Err(mixed_up()),
        }
    }

    /// [`sign::add_validation_data`] in a child. A file that is given away is not copied.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn add_validation_data<'a>(
        &self,
        bytes: impl Into<Cow<'a, [u8]>>,
        data: &ValidationData,
    ) -> Result<Vec<u8>, Error> {
        let bytes = bytes.into();
        match self.call(&Call::AddValidationData { data: data.clone() }, &bytes).await? {
            (Answer::AddValidationData(Ok(())), tail) => Ok(joined(bytes, 0, &tail)),
            (Answer::AddValidationData(Err(source)), _) => Err(Error::Sign(source)),
            _ => Err(mixed_up()),
        }
    }

    /// [`crate::convert::pages_of_pictures`] in a child.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn pages_of_pictures(&self, pictures: &[&[u8]]) -> Result<Vec<u8>, Error> {
        let lengths = pictures.iter().map(|picture| picture.len()).collect();
        match self.call(&Call::Pictures { lengths }, &pictures.concat()).await? {
            (Answer::Pictures(None), pdf) => Ok(pdf),
            (Answer::Pictures(Some((number, source))), _) => Err(Error::Picture { number, source }),
            _ => Err(mixed_up()),
        }
    }

    /// [`sign::begin_document_timestamp`] in a child. The digest is taken here, not in the child. A file that is given away is
    /// not copied.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn begin_document_timestamp<'a>(
        &self,
        bytes: impl Into<Cow<'a, [u8]>>,
        hole_bytes: usize,
    ) -> Result<PreparedSignature, Error> {
        let bytes = bytes.into();
        match self.call(&Call::DocumentTimestamp { hole_bytes }, &bytes).await? {
            (Answer::Begin(Ok(layout)), tail) if layout.hole_start >= bytes.len() => {
                PreparedSignature::assemble(bytes.into_owned(), tail, &layout, DigestAlgorithm::Sha256)
                    .map_err(Error::Sign)
            }
            (Answer::Begin(Err(source)), _) => Err(Error::Sign(source)),
            _ => Err(mixed_up()),
        }
    }

    async fn call(&self, call: &Call, bytes: &[u8]) -> Result<(Answer, Vec<u8>), Error> {
        if bytes.len() > FILE_BYTES_MAX {
            return Err(Error::Read(read::Error::TooLarge {
                what: format!("more than {FILE_BYTES_MAX} bytes"),
            }));
        }
        let head = frame::head(call, bytes.len()).map_err(|source| Error::Io(source.into()))?;
        self.pool.ask(&head, bytes, self.patience).await
    }
}

/// The file from there on with its new revision.
fn joined(bytes: Cow<'_, [u8]>, from: usize, tail: &[u8]) -> Vec<u8> {
    match bytes {
        Cow::Borrowed(bytes) => [bytes.get(from..).unwrap_or_default(), tail].concat(),
        Cow::Owned(mut bytes) => {
            bytes.drain(..from);
            bytes.reserve_exact(tail.len());
            bytes.extend_from_slice(tail);
            bytes
        }
    }
}

fn mixed_up() -> Error {
    Error::Refused { why: "the child's answer makes no sense".to_owned() }
}

/// What a child is asked; the file follows it.
#[derive(Debug, Serialize, Deserialize)]
enum Call {
    Inspect,
    Repair,
    Prepare {
        fields: Vec<FieldSpec>,
    },
    Begin {
        request: SignRequest,
    },
    Validate {
        trust: Trust,
    },
    Clean {
        wanted: picture::Wanted,
    },
    /// The pictures follow one another.
    Pictures {
        lengths: Vec<usize>,
    },
    AddValidationData {
        data: ValidationData,
    },
    DocumentTimestamp {
        hole_bytes: usize,
    },
}

/// What it answers; for prepared files and begun signatures the new revision's bytes follow, never the whole file; for a
/// repaired file all of it.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Inspect(Result<Inspection, read::Error>),
    Repair(Result<(), read::Error>),
    /// Where the file begins to be a PDF.
    Prepare(Result<usize, prepare::Error>),
    Begin(Result<Layout, sign::Error>),
    Validate(Result<Examination, read::Error>),
    AddValidationData(Result<(), sign::Error>),
    Clean(Result<picture::Cleaned, picture::Error>),
    /// Which picture is wrong, and why.
    Pictures(Option<(usize, picture::Error)>),
}
