//! `sealflow pdf seal`, `clean`, `pages` and `prepare`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sealflow_pdf::{
    picture::Mark,
    seal::{Color, Kind, Shape},
};

/// `sealflow pdf seal`
#[derive(Debug, Args)]
pub struct DrawSeal {
    /// The organization's name, or the person's on a legal_rep seal
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// The outer form
    #[arg(long, value_enum, default_value = "round")]
    pub shape: ShapeName,
    /// What it is used for
    #[arg(long, value_enum, default_value = "official")]
    pub kind: KindName,
    /// Text in the middle; the tax number of an oval seal
    #[arg(long, value_name = "TEXT")]
    pub center: Option<String>,
    /// Digits at the foot; an oval seal's text under the tax number
    #[arg(long, value_name = "TEXT")]
    pub bottom: Option<String>,
    /// The ink
    #[arg(long, value_enum, default_value = "red")]
    pub color: ColorName,
    /// Width in millimetres [default: the usual one]
    #[arg(long, value_name = "MM")]
    pub size: Option<f64>,
    /// Where the picture goes
    #[arg(long, value_name = "OUT.svg")]
    pub out: PathBuf,
}

/// `sealflow pdf clean`
#[derive(Debug, Args)]
pub struct CleanMark {
    /// A JPEG or PNG
    #[arg(value_name = "PHOTO")]
    pub input: PathBuf,
    /// What it shows
    #[arg(long, value_enum)]
    pub mark: MarkName,
    /// The ink that it gets
    #[arg(long, value_enum, default_value = "red")]
    pub color: ColorName,
    /// Its width in millimetres
    #[arg(long, value_name = "MM", default_value_t = 42.0)]
    pub width: f64,
    /// Where the picture goes
    #[arg(long, value_name = "OUT.svg")]
    pub out: PathBuf,
}

/// `sealflow pdf pages`
#[derive(Debug, Args)]
pub struct MakePages {
    /// Pictures (JPEG, PNG) in the order of the pages, or one .docx
    #[arg(value_name = "FILE", required = true)]
    pub inputs: Vec<PathBuf>,
    /// Where the PDF goes
    #[arg(long, value_name = "OUT.pdf")]
    pub out: PathBuf,
}

/// `sealflow pdf prepare`
#[derive(Debug, Args)]
pub struct MakeFields {
    /// The file, without signatures
    #[arg(value_name = "IN.pdf")]
    pub input: PathBuf,
    /// A JSON array of {"name", "kind", "page", "rect": {"x", "y", "width", "height"}}; kinds are signature, seal, picture,
    /// date, text and cross_page_seal
    #[arg(long, value_name = "FIELDS.json")]
    pub fields: PathBuf,
    /// Where the prepared file goes
    #[arg(long, value_name = "OUT.pdf")]
    pub out: PathBuf,
}

/// Shapes.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ShapeName {
    /// A circle with a star
    Round,
    /// An ellipse
    Oval,
    /// A triangle
    Triangle,
    /// A square
    Square,
}

impl From<ShapeName> for Shape {
    fn from(name: ShapeName) -> Self {
        match name {
            ShapeName::Round => Self::Round,
            ShapeName::Oval => Self::Oval,
            ShapeName::Triangle => Self::Triangle,
            ShapeName::Square => Self::Square,
        }
    }
}

/// Kinds of seals.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum KindName {
    /// 公章
    Official,
    /// 合同专用章
    Contract,
    /// 财务专用章
    Finance,
    /// 人事专用章
    Hr,
    /// 发票专用章
    Invoice,
    /// 法定代表人名章
    LegalRep,
    /// Any other
    Other,
}

impl From<KindName> for Kind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Official => Self::Official,
            KindName::Contract => Self::Contract,
            KindName::Finance => Self::Finance,
            KindName::Hr => Self::Hr,
            KindName::Invoice => Self::Invoice,
            KindName::LegalRep => Self::LegalRep,
            KindName::Other => Self::Other,
        }
    }
}

/// Inks.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ColorName {
    /// Seal red
    Red,
    /// Blue
    Blue,
    /// Black
    Black,
}

impl From<ColorName> for Color {
    fn from(name: ColorName) -> Self {
        match name {
            ColorName::Red => Self::Red,
            ColorName::Blue => Self::Blue,
            ColorName::Black => Self::Black,
        }
    }
}

/// What a photo shows.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum MarkName {
    /// An impression of a seal
    Seal,
    /// A signature by hand
    Signature,
}

impl From<MarkName> for Mark {
    fn from(name: MarkName) -> Self {
        match name {
            MarkName::Seal => Self::Seal,
            MarkName::Signature => Self::Signature,
        }
    }
}

/// `FIELD=FILE`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, file)) if !field.is_empty() && !file.is_empty() => {
            Ok((field.to_owned(), file.to_owned()))
        }
        _ => Err("a field's name and a file are wanted: seal=seal.svg".to_owned()),
    }
}
