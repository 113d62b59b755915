//! `sealflow pdf seal`, `clean`, `pages` and `prepare`: what goes onto pages, and pages themselves.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result, anyhow, bail};
use sealflow_pdf::{
    Appearance, FieldAppearance, FieldSpec,
    convert::{
        pages_of_pictures,
        word::{self, Word},
    },
    limits::{FILE_BYTES_MAX, PICTURE_BYTES_MAX, SVG_BYTES_MAX},
    picture::{self, Wanted},
    prepare,
    seal::{self, SealSpec},
};

use super::pdf::{read, write_whole};
use crate::cli::{CleanMark, DrawSeal, MakeFields, MakePages, Place};

/// Larger lists of fields and values are none.
const JSON_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Draws a seal.
///
/// # Errors
/// A sentence that names what is wrong with the seal.
pub fn seal(args: &DrawSeal) -> Result<ExitCode> {
    let spec = SealSpec {
        shape: args.shape.into(),
        kind: args.kind.into(),
        organization_name: args.name.clone(),
        center_text: args.center.clone(),
        bottom_text: args.bottom.clone(),
        color: Some(args.color.into()),
        size_mm: args.size,
    };
    let svg = seal::draw(&spec).context("drawing the seal")?;
    let (width, height) = seal::size_mm(&spec)?;
    write_whole(&args.out, svg.as_bytes())?;
    say!("{} shows a seal of {width} × {height:.1} mm.", args.out.display());
    Ok(ExitCode::SUCCESS)
}

/// Cuts a seal or signature out of a picture.
///
/// # Errors
/// A sentence that names the picture and what is wrong with it.
pub fn clean(args: &CleanMark) -> Result<ExitCode> {
    let photo = read(&args.input, PICTURE_BYTES_MAX as u64)?;
    let wanted = Wanted { mark: args.mark.into(), color: args.color.into(), width_mm: args.width };
    let cleaned =
        picture::clean(&photo, &wanted).with_context(|| format!("cleaning {}", args.input.display()))?;
    write_whole(&args.out, cleaned.svg.as_bytes())?;
    say!(
        "{} has nothing but the ink, {} × {:.1} mm.",
        args.out.display(),
        cleaned.width_mm,
        cleaned.height_mm
    );
    Ok(ExitCode::SUCCESS)
}

/// Makes a PDF of pictures or of a Word file.
///
/// # Errors
/// A sentence that names the file and what is wrong with it.
pub async fn pages(args: &MakePages) -> Result<ExitCode> {
    let files =
        args.inputs.iter().map(|input| read(input, PICTURE_BYTES_MAX as u64)).collect::<Result<Vec<_>>>()?;
    let pdf = match files.as_slice() {
        [docx] if word::is_word(docx) => {
            Word::find(word::Limits::default()).to_pdf(docx).await.context("converting the Word file")?
        }
        pictures => {
            let pictures: Vec<&[u8]> = pictures.iter().map(Vec::as_slice).collect();
            pages_of_pictures(&pictures)
                .map_err(|(number, error)| anyhow!(error).context(making(&args.inputs, number)))?
        }
    };
    write_whole(&args.out, &pdf)?;
    say!("{} has {} pages.", args.out.display(), sealflow_pdf::inspect(&pdf)?.page_count);
    Ok(ExitCode::SUCCESS)
}

/// What failed: a page, or, for number 0, all of them together.
fn making(inputs: &[PathBuf], number: usize) -> String {
    match number.checked_sub(1).and_then(|index| inputs.get(index)) {
        Some(path) => format!("making a page of {}", path.display()),
        None => format!("making pages of {} files", inputs.len()),
    }
}

/// Makes a file's fields.
///
/// # Errors
/// A sentence that names the file or field and what is wrong with it.
pub fn fields(args: &MakeFields) -> Result<ExitCode> {
    let pdf = read(&args.input, FILE_BYTES_MAX as u64)?;
    let specs: Vec<FieldSpec> = serde_json::from_slice(&read(&args.fields, JSON_BYTES_MAX)?)
        .with_context(|| format!("reading {}", args.fields.display()))?;
    let prepared = prepare(&pdf, &specs).with_context(|| format!("preparing {}", args.input.display()))?;
    write_whole(&args.out, &prepared)?;
    say!("{} has {} fields more.", args.out.display(), specs.len());
    Ok(ExitCode::SUCCESS)
}

/// What `sealflow pdf sign` fills prepared fields with.
pub(super) fn appearances(args: &Place) -> Result<Vec<FieldAppearance>> {
    let mut appearances: Vec<FieldAppearance> = match &args.fill {
        None => Vec::new(),
        Some(path) => serde_json::from_slice(&read(path, JSON_BYTES_MAX)?)
            .with_context(|| format!("reading {}", path.display()))?,
    };
    for (field, file) in &args.show {
        let Ok(svg) = String::from_utf8(read(file.as_ref(), SVG_BYTES_MAX as u64)?) else {
            bail!("{file} is no SVG");
        };
        appearances.push(FieldAppearance { field: field.clone(), appearance: Appearance::Svg { svg } });
    }
    Ok(appearances)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_picture_or_none() {
        let inputs = [PathBuf::from("one.jpg"), PathBuf::from("two.jpg")];
        assert_eq!(making(&inputs, 2), "making a page of two.jpg");
        assert_eq!(making(&inputs, 0), "making pages of 2 files");
    }
}
