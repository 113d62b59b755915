//! Fields (签署区): what is put on a document, and where.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A field (签署区) and its place: millimetres from the top left corner of the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldPlacement {
    /// What it is.
    pub kind: FieldKind,
    /// On which page.
    pub page: Page,
    /// Millimetres from the left edge.
    #[schemars(range(min = 0, max = 2000))]
    pub x_mm: f64,
    /// Millimetres from the top edge.
    #[schemars(range(min = 0, max = 2000))]
    pub y_mm: f64,
    /// Width in millimetres.
    #[schemars(range(min = 1, max = 500))]
    pub w_mm: f64,
    /// Height in millimetres.
    #[schemars(range(min = 1, max = 500))]
    pub h_mm: f64,
    /// For a seal: which kind of seal may be put here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal_kind: Option<SealKind>,
    /// For a cross-page seal, which begins on `page`: the last page that it goes over; without it the document's last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_page: Option<Page>,
    /// For a cross-page seal: at which edge of the pages; without it the right one. `x_mm` then means nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edge: Option<Edge>,
    /// For a date or text: how it is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub style: Option<TextStyle>,
}

/// An edge of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    /// The left one, of documents that are bound at the right.
    Left,
    /// The right one.
    #[default]
    Right,
}

/// How a date or text is set.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TextStyle {
    /// The typeface.
    pub font: TextFont,
    /// Size in points; the largest one when the text may be made smaller.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 4, max = 72))]
    pub size: Option<f64>,
    /// The colour.
    pub color: TextColor,
    /// Where a line stands in its field.
    pub align: TextAlign,
    /// What happens to text that is too long for its field.
    pub overflow: TextOverflow,
}

/// Typefaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TextFont {
    /// 黑体
    #[default]
    Sans,
    /// 宋体
    Serif,
}

/// Colours of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TextColor {
    /// Black.
    #[default]
    Black,
    /// Seal red.
    Red,
    /// Blue.
    Blue,
}

/// Where a line stands in its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TextAlign {
    /// At the left edge.
    #[default]
    Left,
    /// In the middle.
    Center,
    /// At the right edge.
    Right,
}

/// What happens to text that is too long for its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TextOverflow {
    /// It is set smaller, down to 4 points, and then refused.
    #[default]
    Shrink,
    /// It is broken into lines, and refused when they do not fit.
    Wrap,
    /// It is refused at once.
    Refuse,
}

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// A person's signature (签名).
    Signature,
    /// An organization's seal (印章).
    Seal,
    /// The day of signing.
    Date,
    /// A text that the signer enters.
    Text,
    /// One seal of an organization in slices over the edges of several pages (骑缝章).
    CrossPageSeal,
}

impl FieldKind {
    /// As written in definitions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Seal => "seal",
            Self::Date => "date",
            Self::Text => "text",
            Self::CrossPageSeal => "cross_page_seal",
        }
    }
}

/// Which kind of seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SealKind {
    /// 公章
    Official,
    /// 合同专用章
    Contract,
    /// 财务专用章
    Finance,
    /// 发票专用章
    Invoice,
    /// 人事专用章
    Hr,
    /// 法人章
    LegalRep,
    /// Any other seal.
    Other,
}

/// A page of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Page {
    /// `first` or `last`.
    Named(NamedPage),
    /// Counted from 1.
    Number(#[schemars(range(min = 1, max = 10_000))] u32),
}

/// A page by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NamedPage {
    /// The first page.
    First,
    /// The last page.
    Last,
}

impl Page {
    /// The page's number from 1 in a document of `page_count` pages; none when it has no such page.
    #[must_use]
    pub fn number(self, page_count: u32) -> Option<u32> {
        let number = match self {
            Self::Named(NamedPage::First) => 1,
            Self::Named(NamedPage::Last) => page_count,
            Self::Number(number) => number,
        };
        (1..=page_count).contains(&number).then_some(number)
    }
}

impl SealKind {
    /// As written in definitions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Official => "official",
            Self::Contract => "contract",
            Self::Finance => "finance",
            Self::Invoice => "invoice",
            Self::Hr => "hr",
            Self::LegalRep => "legal_rep",
            Self::Other => "other",
        }
    }
}
