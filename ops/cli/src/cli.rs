//! The command line, as `sealflow --help` shows it.

mod pages;
mod workflow;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use url::Url;

pub use pages::{CleanMark, DrawSeal, MakeFields, MakePages};
pub use workflow::{Diff, Explain, GraphFormat, MigrateInstances, Simulate, Workflow};

/// Electronic signatures, driven by a workflow engine.
#[derive(Debug, Parser)]
#[command(name = "sealflow", version, about, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Settings come from sealflow.toml and from the environment (SEALFLOW_LISTEN, SEALFLOW_SMS__ENDPOINT, DATABASE_URL, …); the \
README lists them. `sealflow demo --out demo` shows a whole contract in a minute.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Everything in one process: API and pages, workers, clock
    All(All),
    /// Only the API and the pages
    Serve(Settings),
    /// Only the workers and the clock
    Work(Settings),
    /// Bring the database to this version's tables and publish the definitions, then exit
    Migrate(Settings),
    /// Drive a whole contract over HTTP against a fresh data folder and its own sandbox vendors
    Demo(Demo),
    /// Only the sandbox vendors: SMS, mail, certificates, timestamps
    Sandbox(SandboxArgs),
    /// Sign and validate PDF files
    #[command(subcommand)]
    Pdf(Pdf),
    /// Check, test, draw, play and compare definitions; explain and move their instances
    #[command(subcommand)]
    Workflow(Workflow),
    /// Opens untrusted files for its parent process, within limits
    #[command(hide = true)]
    PdfChild,
}

/// Where settings and data are.
#[derive(Debug, Args)]
pub struct Settings {
    /// Settings file [default: sealflow.toml, when it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of the database, the documents and the keys [default: var]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// `sealflow all`
#[derive(Debug, Args)]
pub struct All {
    /// Where settings and data are.
    #[command(flatten)]
    pub settings: Settings,
    /// Start the sandbox vendors too, and talk to them
    #[arg(long)]
    pub sandbox: bool,
    /// Let the sandbox vendors take free ports instead of 7100 to 7105
    #[arg(long, requires = "sandbox")]
    pub free_ports: bool,
    /// Add the demo organization with its seal, and three people who can log in
    #[arg(long)]
    pub demo_data: bool,
}

/// `sealflow demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Folder for original.pdf, signed.pdf and ca.pem
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// `sealflow sandbox`
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// Folder that keeps the sandbox's keys and messages
    #[arg(long, value_name = "DIR", default_value = "var/sandbox")]
    pub data: PathBuf,
    /// Where people reach the platform: part of the SMS texts, and where receipts go
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub public_url: Url,
}

/// `sealflow pdf …`
#[derive(Debug, Subcommand)]
pub enum Pdf {
    /// Append a PAdES signature (B-B) as a new revision
    Sign(PdfSign),
    /// Rewrite a damaged file that has no signature, with a new cross-reference
    Repair {
        /// The damaged file
        #[arg(value_name = "IN.pdf")]
        input: PathBuf,
        /// Where the mended file goes
        #[arg(long, value_name = "OUT.pdf")]
        out: PathBuf,
    },
    /// Validate every signature of a file; the exit status is 0 only when all pass
    Validate(PdfValidate),
    /// Draw a seal as SVG
    Seal(DrawSeal),
    /// Cut a seal or a signature out of a photo or scan, as SVG in one ink
    Clean(CleanMark),
    /// Make a PDF of pictures, a page for each, or of a Word file
    Pages(MakePages),
    /// Make the fields of a file, in one revision, before its first signature
    Prepare(MakeFields),
}

/// `sealflow pdf sign`
#[derive(Debug, Args)]
pub struct PdfSign {
    /// The file to sign
    #[arg(value_name = "IN.pdf")]
    pub input: PathBuf,
    /// Where the signed file goes
    #[arg(long, value_name = "OUT.pdf")]
    pub out: PathBuf,
    /// Private key, PEM (RSA or P-256)
    #[arg(long, value_name = "KEY.pem")]
    pub key: PathBuf,
    /// The signer's certificate, PEM
    #[arg(long, value_name = "CERT.pem")]
    pub cert: PathBuf,
    /// Certificates from the signer's issuer up to the root, PEM
    #[arg(long, value_name = "CHAIN.pem")]
    pub chain: Option<PathBuf>,
    /// The page of a visible signature, from 1
    #[arg(long, value_name = "N", requires = "rect")]
    pub page: Option<usize>,
    /// Its place in points from the page's lower left corner
    #[arg(long, value_name = "X,Y,W,H", requires = "page", value_parser = rect)]
    pub rect: Option<[f32; 4]>,
    /// Draw a round seal with this organization's name
    #[arg(long, value_name = "NAME", requires = "rect")]
    pub seal: Option<String>,
    /// Sign in this prepared field, instead of a new one
    #[arg(long, value_name = "FIELD", conflicts_with = "page")]
    pub field: Option<String>,
    /// Show this picture in a prepared field; may be given several times. A cross-page seal's slices have one name
    #[arg(long, value_name = "FIELD=FILE.svg", requires = "field", value_parser = pages::pair)]
    pub show: Vec<(String, String)>,
    /// Fill further prepared fields: a JSON array of {"field", "appearance"}
    #[arg(long, value_name = "FILL.json", requires = "field")]
    pub fill: Option<PathBuf>,
}

/// `sealflow pdf validate`
#[derive(Debug, Args)]
pub struct PdfValidate {
    /// The file to look at
    #[arg(value_name = "FILE.pdf")]
    pub input: PathBuf,
    /// The roots that are trusted, PEM
    #[arg(long, value_name = "CA.pem")]
    pub trust: PathBuf,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

fn rect(text: &str) -> Result<[f32; 4], String> {
    let numbers: Vec<f32> = text
        .split(',')
        .map(|part| part.trim().parse::<f32>().map_err(|_| format!("{part:?} is no number")))
        .collect::<Result<_, _>>()?;
    let rect: [f32; 4] = numbers
        .try_into()
        .map_err(|_| "four numbers are wanted: X,Y,W,H, for example 72,72,120,120".to_owned())?;
    if rect.iter().any(|n| !n.is_finite()) || rect[2] <= 0.0 || rect[3] <= 0.0 {
        return Err("width and height must be above 0".to_owned());
    }
    Ok(rect)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn a_rect_is_four_numbers_with_a_size() {
        assert_eq!(rect("72, 72,120,60"), Ok([72.0, 72.0, 120.0, 60.0]));
        for wrong in ["", "1,2,3", "1,2,3,4,5", "a,2,3,4", "1,2,0,4", "1,2,3,-4", "NaN,2,3,4", "1,2,inf,4"] {
            assert!(rect(wrong).is_err(), "{wrong:?} was taken");
        }
    }
}
