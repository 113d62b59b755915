//! Keeps the web's copy of the API document, and the types generated from it, equal to what the server says of itself.

use std::{
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::{Context as _, Result, bail};

use crate::metadata::Metadata;

const DOCUMENT: &str = "api/web/openapi.json";
const TYPES: &str = "api/web/src/api/schema.d.ts";

/// Writes the document and generates the types.
pub(crate) fn write(root: &Path) -> Result<ExitCode> {
    std::fs::write(root.join(DOCUMENT), document(root)?)
        .with_context(|| format!("cannot write {DOCUMENT}"))?;
    generate_types(root)?;
    println!("wrote {DOCUMENT} and {TYPES}");
    Ok(ExitCode::SUCCESS)
}

/// Fails when one of the files is stale. The types are generated for it, and put back as they were.
pub(crate) fn check(root: &Path) -> Result<ExitCode> {
    let mut stale = Vec::new();
    if read(root, DOCUMENT)? != document(root)? {
        stale.push(DOCUMENT);
    }
    let types = read(root, TYPES)?;
    generate_types(root)?;
    if read(root, TYPES)? != types {
        std::fs::write(root.join(TYPES), types).with_context(|| format!("cannot put {TYPES} back"))?;
        stale.push(TYPES);
    }
    if stale.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    for file in stale {
        println!(
            "{file}:1: stale, the server's API has changed. Mend: run `cargo xtask openapi` and commit the file."
        );
    }
    Ok(ExitCode::FAILURE)
}

/// The server's document as text. It is built with the whole workspace's features, so that nothing is built twice.
fn document(root: &Path) -> Result<String> {
    let build = ["build", "--quiet", "--workspace", "--example", "openapi"];
    let status =
        Command::new(env!("CARGO")).args(build).current_dir(root).status().context("cannot start cargo")?;
    if !status.success() {
        bail!("cargo {} failed", build.join(" "));
    }
    let program = Path::new(&Metadata::read(root)?.target_directory).join("debug/examples/openapi");
    let output =
        Command::new(&program).output().with_context(|| format!("cannot start {}", program.display()))?;
    if !output.status.success() {
        bail!("{} ended with {}", program.display(), output.status);
    }
    String::from_utf8(output.stdout).context("the document is not UTF-8")
}

fn generate_types(root: &Path) -> Result<()> {
    let status = Command::new("npm")
        .args(["run", "--silent", "api"])
        .current_dir(root.join("api/web"))
        .stdout(std::process::Stdio::null())
        .status()
        .context("cannot start npm; is Node installed?")?;
    if !status.success() {
        bail!("`npm run api` failed in api/web; `npm ci` there first");
    }
    Ok(())
}

fn read(root: &Path, file: &str) -> Result<String> {
    std::fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"))
}
