//! Files to upload: the sample contract, and the ones that must be refused, each bad in one way.

use std::{process::Command, sync::OnceLock};

use anyhow::{Context as _, Result, bail};

/// The sample contract: eleven pages of Chinese text, tables, a drawing, a signing page.
///
/// # Errors
/// When the Noto CJK fonts are not installed.
pub fn contract() -> Result<Vec<u8>> {
    static MADE: OnceLock<Vec<u8>> = OnceLock::new();
    // Once for all tests: cutting the fonts down takes a second.
    if let Some(made) = MADE.get() {
        return Ok(made.clone());
    }
    let made = sealflow::sample_contract::build()?;
    Ok(MADE.get_or_init(|| made).clone())
}

/// A text that somebody renamed to `.pdf`.
#[must_use]
pub fn text_named_pdf() -> Vec<u8> {
    "这不是 PDF 文件，只是改了扩展名的文本。\n".repeat(40).into_bytes()
}

/// A file with nothing in it.
#[must_use]
pub fn empty() -> Vec<u8> {
    Vec::new()
}

/// The contract as a broken upload leaves it: the first two thirds, without the cross-reference table.
///
/// # Errors
/// As [`contract`].
pub fn truncated() -> Result<Vec<u8>> {
    let mut bytes = contract()?;
    bytes.truncate(bytes.len() * 2 / 3);
    Ok(bytes)
}

/// The contract locked with a user password (AES-256), by qpdf.
///
/// # Errors
/// When qpdf is not installed, or refuses.
pub fn encrypted() -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let (plain, locked) = (folder.path().join("plain.pdf"), folder.path().join("locked.pdf"));
    std::fs::write(&plain, contract()?)?;
    let status = Command::new("qpdf")
        .args(["--encrypt", "user-password", "owner-password", "256", "--"])
        .args([&plain, &locked])
        .status()
        .context("qpdf is not installed")?;
    if !status.success() {
        bail!("qpdf ended with {status}");
    }
    Ok(std::fs::read(&locked)?)
}

/// A Word file of two pages.
#[must_use]
pub fn word() -> Vec<u8> {
    include_bytes!("../fixtures/contract.docx").to_vec()
}

/// A picture of one pixel, as PNG.
#[must_use]
pub fn picture() -> Vec<u8> {
    const PICTURE: &str = "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100\
                           18dd8db00000000049454e44ae426082";
    hex::decode(PICTURE).unwrap_or_default()
}

/// A scan: a ring with a dot of this ink on white paper, as PNG. White ink: an empty sheet.
#[must_use]
pub fn scan(ink: [u8; 3]) -> Vec<u8> {
    const SIDE: i32 = 400;
    let mut pixels = Vec::new();
    for (x, y) in (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x - SIDE / 2, y - SIDE / 2))) {
        let square = x * x + y * y;
        let is_inked = (120 * 120..130 * 130).contains(&square) || square < 30 * 30;
        pixels.extend_from_slice(if is_inked { &ink } else { &[255; 3] });
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, SIDE.unsigned_abs(), SIDE.unsigned_abs());
    encoder.set_color(png::ColorType::Rgb);
    // Nothing fails that writes to memory; what is not whole would be refused as damaged.
    if let Ok(mut writer) = encoder.write_header() {
        let _ = writer.write_image_data(&pixels);
    }
    file
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

    use super::*;

    /// What qpdf says of a file: `Ok` when it finds nothing wrong.
    fn qpdf_check(bytes: &[u8]) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file.pdf");
        std::fs::write(&file, bytes).unwrap();
        let output = Command::new("qpdf").arg("--check").arg(&file).output().unwrap();
        if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    #[test]
    fn the_contract_is_clean_and_its_text_can_be_extracted() {
        let bytes = contract().unwrap();
        qpdf_check(&bytes).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("contract.pdf");
        std::fs::write(&file, bytes).unwrap();
        let output = Command::new("pdftotext").arg(&file).arg("-").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        for phrase in ["示例采购合同", "第十八条", "203,230.00", "甲方（盖章）：示例采购有限公司", "第 10 页"]
        {
            assert!(text.contains(phrase), "{phrase} is not in the extracted text");
        }
    }

    #[test]
    fn the_bad_files_are_bad_each_in_its_way() {
        qpdf_check(&text_named_pdf()).unwrap_err();
        qpdf_check(&empty()).unwrap_err();
        qpdf_check(&truncated().unwrap()).unwrap_err();
        assert!(qpdf_check(&encrypted().unwrap()).unwrap_err().contains("password"));
    }
}
