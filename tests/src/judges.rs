//! Programs by others that say what they think of a signed file, and a look at its pages. `ops/test` installs them.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context as _, Result, bail, ensure};

/// A rendered page.
#[derive(Debug)]
pub struct Page {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    rgb: Vec<u8>,
}

/// Part of a page, in millimetres from its upper left corner.
#[derive(Debug, Clone, Copy)]
pub struct Area {
    /// From the left edge.
    pub x_mm: f64,
    /// From the upper edge.
    pub y_mm: f64,
    /// Width.
    pub w_mm: f64,
    /// Height.
    pub h_mm: f64,
}

/// Pixels of a rendered page to the millimetre: 127 dpi.
const PIXELS_A_MM: f64 = 5.0;

/// pyHanko finds `count` signatures, each valid and trusted by the root.
///
/// # Errors
/// What pyHanko said.
pub fn pyhanko_accepts(pdf: &Path, root_pem: &Path, count: usize) -> Result<()> {
    let said = run(Command::new("pyhanko")
        .args([
            "sign",
            "validate",
            "--no-revocation-check",
            "--executive-summary",
            "--trust-replace",
            "--trust",
        ])
        .arg(root_pem)
        .arg(pdf))?;
    let text = text(&said);
    let valid = text.lines().filter(|line| line.contains(":VALID:") || line.ends_with("VALID")).count();
    ensure!(
        said.status.success() && valid == count,
        "pyHanko accepts {valid} of {count} signatures:\n{text}"
    );
    Ok(())
}

/// pyHanko, by the rules of ETSI EN 319 102-1 and with revocation data, finds `count` signatures, each valid.
///
/// # Errors
/// What pyHanko said.
pub fn pyhanko_accepts_for_long(pdf: &Path, root_pem: &Path, count: usize) -> Result<()> {
    let said = run(Command::new("pyhanko")
        .args(["sign", "adesverify", "--executive-summary", "--trust-replace", "--trust"])
        .arg(root_pem)
        .arg(pdf))?;
    let text = text(&said);
    let valid = text.lines().filter(|line| line.ends_with(":VALID")).count();
    ensure!(
        said.status.success() && valid == count,
        "pyHanko accepts {valid} of {count} signatures for long:\n{text}"
    );
    Ok(())
}

/// pyHanko, which asks nobody, finds all that it needs in the file: `count` signatures, each valid, with word on the
/// revocation of every certificate. An archive is proven beyond the time of its certificates, too.
///
/// # Errors
/// What pyHanko said.
pub fn pyhanko_accepts_alone(pdf: &Path, root_pem: &Path, count: usize, archive: bool) -> Result<()> {
    let script = include_str!("judges/alone.py");
    let wanted = if archive { "archive" } else { "now" };
    let said = run(Command::new("python3").args(["-c", script, wanted]).arg(root_pem).arg(pdf))?;
    let text = text(&said);
    let valid = text.lines().filter(|line| line.ends_with(": valid")).count();
    ensure!(
        said.status.success() && valid == count,
        "pyHanko alone accepts {valid} of {count} signatures, {wanted}:\n{text}"
    );
    Ok(())
}

/// poppler's `pdfsig`, which asks nobody, finds `count` signatures, each valid and trusted by the root.
///
/// # Errors
/// What `pdfsig` said.
pub fn pdfsig_accepts(pdf: &Path, root_pem: &Path, count: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let database = format!("sql:{}", folder.path().display());
    for arguments in [
        vec!["-N", "-d", &database, "--empty-password"],
        vec!["-A", "-d", &database, "-n", "root", "-t", "C,C,C", "-i", &root_pem.to_string_lossy()],
    ] {
        let made = run(Command::new("certutil").args(&arguments))?;
        ensure!(made.status.success(), "certutil: {}", text(&made));
    }
    let said = run(Command::new("pdfsig").args(["-no-ocsp", "-nssdir"]).arg(&database).arg(pdf))?;
    let text = text(&said);
    let of = |words: &str| text.lines().filter(|line| line.contains(words)).count();
    let (valid, trusted) = (of("Signature Validation: Signature is Valid."), of("Certificate is Trusted."));
    ensure!(
        valid == count && trusted == count,
        "pdfsig: {valid} valid, {trusted} trusted of {count}:\n{text}"
    );
    Ok(())
}

/// `qpdf --check` finds nothing to complain about.
///
/// # Errors
/// What qpdf said.
pub fn qpdf_accepts(pdf: &Path) -> Result<()> {
    let said = run(Command::new("qpdf").arg("--check").arg(pdf))?;
    ensure!(said.status.success(), "qpdf: {}", text(&said));
    Ok(())
}

/// The text that a reader can copy from the file.
///
/// # Errors
/// What `pdftotext` said.
pub fn text_of(pdf: &Path) -> Result<String> {
    let said = run(Command::new("pdftotext").arg("-layout").arg(pdf).arg("-"))?;
    ensure!(said.status.success(), "pdftotext: {}", text(&said));
    Ok(String::from_utf8_lossy(&said.stdout).into_owned())
}

/// Renders one page, from 1.
///
/// # Errors
/// What `pdftoppm` said.
pub fn render(pdf: &Path, page: u32) -> Result<Page> {
    let page = page.to_string();
    let dpi = (PIXELS_A_MM * 25.4).to_string();
    let said = run(Command::new("pdftoppm").args(["-r", &dpi, "-f", &page, "-l", &page]).arg(pdf))?;
    ensure!(said.status.success(), "pdftoppm: {}", text(&said));
    Page::read(&said.stdout).context("reading pdftoppm's picture")
}

/// Renders one page into a PNG file for people, from 1.
///
/// # Errors
/// What `pdftoppm` said.
pub fn picture(pdf: &Path, page: u32, png: &Path) -> Result<PathBuf> {
    let page = page.to_string();
    let stem = png.with_extension("");
    let said = run(Command::new("pdftoppm")
        .args(["-r", "110", "-png", "-singlefile", "-f", &page, "-l", &page])
        .arg(pdf)
        .arg(&stem))?;
    ensure!(said.status.success(), "pdftoppm: {}", text(&said));
    Ok(png.to_owned())
}

impl Page {
    /// A binary PPM (P6) with 8 bits a colour.
    fn read(ppm: &[u8]) -> Result<Self> {
        let mut fields = Vec::new();
        let mut at = 0;
        while fields.len() < 4 {
            let rest = ppm.get(at..).context("the header ends early")?;
            let length = rest.iter().position(u8::is_ascii_whitespace).context("the header ends early")?;
            fields.push(std::str::from_utf8(&rest[..length])?.to_owned());
            at += length + 1;
        }
        let (width, height): (usize, usize) = (fields[1].parse()?, fields[2].parse()?);
        let rgb = ppm[at..].to_vec();
        if fields[0] != "P6" || rgb.len() != width * height * 3 {
            bail!("not a PPM of {width} × {height}");
        }
        Ok(Self { width, height, rgb })
    }

    /// The share of the area's pixels that `is_ink` likes, from 0 to 1.
    #[must_use]
    pub fn share(&self, area: Area, is_ink: fn([u8; 3]) -> bool) -> f64 {
        let at = |mm: f64, limit: usize| ((mm * PIXELS_A_MM).max(0.0) as usize).min(limit);
        let (x0, x1) = (at(area.x_mm, self.width), at(area.x_mm + area.w_mm, self.width));
        let (y0, y1) = (at(area.y_mm, self.height), at(area.y_mm + area.h_mm, self.height));
        let mut ink = 0_usize;
        for y in y0..y1 {
            for x in x0..x1 {
                let i = (y * self.width + x) * 3;
                ink += usize::from(is_ink([self.rgb[i], self.rgb[i + 1], self.rgb[i + 2]]));
            }
        }
        ink as f64 / ((x1 - x0) * (y1 - y0)).max(1) as f64
    }
}

/// A seal's red.
#[must_use]
pub fn is_red([r, g, b]: [u8; 3]) -> bool {
    r > 150 && g < 110 && b < 110
}

/// Pen or text.
#[must_use]
pub fn is_dark([r, g, b]: [u8; 3]) -> bool {
    r < 110 && g < 110 && b < 140
}

fn run(command: &mut Command) -> Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    command
        .output()
        .with_context(|| format!("{name} is missing or cannot be started: run ops/test, which installs it"))
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
