//! `sealflow workflow graph`: draws a definition.

use std::{path::Path, process::ExitCode};

use anyhow::Result;
use sealflow_core::graph;

use super::source;
use crate::{cli::GraphFormat, output};

/// Prints the drawing.
pub(super) fn run(file: &Path, format: GraphFormat) -> Result<ExitCode> {
    let definition = source::definition(file)?;
    match format {
        GraphFormat::Mermaid => output::text(&graph::mermaid(&definition)),
        GraphFormat::Svg => output::text(&graph::svg(&definition)),
    }
    Ok(ExitCode::SUCCESS)
}
