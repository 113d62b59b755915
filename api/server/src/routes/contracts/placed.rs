//! What a sender places on the documents of a draft beside what the contract type asks for.

use garde::Validate;
use sealflow_core::{
    ids::DocumentId,
    model::contract_type::{
        Edge, FieldPlacement, NamedPage, Page, TextAlign, TextColor, TextFont, TextOverflow, TextStyle,
    },
};
use sealflow_store::contracts::Placement;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::{seals::SealKind, signing::FieldKind};
use crate::{
    mirrored::mirrored,
    problem::{Code, Refusal, field},
};

mirrored! {
    /// At which edge of the pages.
    PageEdge of Edge {
        /// Of documents that are bound at the right.
        Left,
        /// The usual one.
        Right,
    }
}

mirrored! {
    /// A typeface.
    TextFace of TextFont {
        /// 黑体
        Sans,
        /// 宋体
        Serif,
    }
}

mirrored! {
    /// A colour of text.
    TextInk of TextColor {
        /// Black.
        Black,
        /// Seal red.
        Red,
        /// Blue.
        Blue,
    }
}

mirrored! {
    /// Where a line stands in its field.
    TextPlace of TextAlign {
        /// At the left edge.
        Left,
        /// In the middle.
        Center,
        /// At the right edge.
        Right,
    }
}

mirrored! {
    /// What happens to text that is too long for its field.
    TextFit of TextOverflow {
        /// It is set smaller, down to 4 points, and then refused.
        Shrink,
        /// It is broken into lines, and refused when they do not fit.
        Wrap,
        /// It is refused at once.
        Refuse,
    }
}

/// How a date or text is set.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, Validate, ToSchema)]
pub(crate) struct TextLook {
    /// The typeface.
    #[garde(skip)]
    font: TextFace,
    /// Size in points; the largest one when the text may be made smaller.
    #[garde(range(min = 4.0, max = 72.0))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 4, maximum = 72, example = 10.5)]
    size: Option<f64>,
    /// The colour.
    #[garde(skip)]
    color: TextInk,
    /// Where a line stands in its field.
    #[garde(skip)]
    align: TextPlace,
    /// What happens to text that is too long for its field.
    #[garde(skip)]
    overflow: TextFit,
}

impl From<TextLook> for TextStyle {
    fn from(look: TextLook) -> Self {
        Self {
            font: look.font.into(),
            size: look.size,
            color: look.color.into(),
            align: look.align.into(),
            overflow: look.overflow.into(),
        }
    }
}

impl From<TextStyle> for TextLook {
    fn from(style: TextStyle) -> Self {
        Self {
            font: style.font.into(),
            size: style.size,
            color: style.color.into(),
            align: style.align.into(),
            overflow: style.overflow.into(),
        }
    }
}

/// A field that the sender places: millimetres from the top left corner of the page.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
pub(crate) struct PlacedField {
    /// Who fills it; for a seal an organization's role.
    #[garde(length(min = 1, max = 64))]
    #[schema(example = "buyer")]
    role: String,
    /// On which document; without it on every one.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    document_id: Option<DocumentId>,
    /// What it takes.
    #[garde(skip)]
    kind: FieldKind,
    /// From 1; where a cross-page seal begins.
    #[garde(range(min = 1, max = 10_000))]
    #[schema(minimum = 1, example = 1)]
    page: u32,
    /// Where a cross-page seal ends; without it on the document's last page. It goes over 2 to 500 pages.
    #[garde(range(min = 1, max = 10_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    to_page: Option<u32>,
    /// At which edge a cross-page seal is; without it at the right one.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edge: Option<PageEdge>,
    /// From the left edge; means nothing for a cross-page seal.
    #[garde(range(min = 0.0, max = 2000.0))]
    x_mm: f64,
    /// From the top edge.
    #[garde(range(min = 0.0, max = 2000.0))]
    y_mm: f64,
    /// Width; of a cross-page seal that of the whole impression.
    #[garde(range(min = 5.0, max = 500.0))]
    w_mm: f64,
    /// Height.
    #[garde(range(min = 3.0, max = 500.0))]
    h_mm: f64,
    /// Which kind of seal may be put here; without it any.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seal_kind: Option<SealKind>,
    /// How a date or text is set.
    #[garde(dive)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    style: Option<TextLook>,
}

impl PlacedField {
    /// For the store. `index` counts the draft's fields.
    pub(super) fn placement(&self, index: usize) -> Result<Placement, Refusal> {
        let wrong = |name: &str| {
            Refusal::from(Code::InvalidFields).field(format!("fields[{index}].{name}"), field::FIELD_SETTING)
        };
        let spans = self.kind == FieldKind::CrossPageSeal;
        for (given, name) in [(self.to_page.is_some(), "to_page"), (self.edge.is_some(), "edge")] {
            if given && !spans {
                return Err(wrong(name));
            }
        }
        if self.seal_kind.is_some() && !matches!(self.kind, FieldKind::Seal | FieldKind::CrossPageSeal) {
            return Err(wrong("seal_kind"));
        }
        if self.style.is_some() && !matches!(self.kind, FieldKind::Date | FieldKind::Text) {
            return Err(wrong("style"));
        }
        let placed = FieldPlacement {
            kind: self.kind.into(),
            page: Page::Number(self.page),
            x_mm: self.x_mm,
            y_mm: self.y_mm,
            w_mm: self.w_mm,
            h_mm: self.h_mm,
            seal_kind: self.seal_kind.map(Into::into),
            to_page: self.to_page.map(Page::Number),
            edge: self.edge.map(Edge::from),
            style: self.style.map(TextStyle::from),
        };
        Ok(Placement { role: self.role.clone(), document_id: self.document_id, field: placed })
    }

    /// As its sender said it; none for what no sender can place.
    pub(super) fn of(placement: &Placement) -> Option<Self> {
        let placed = &placement.field;
        let number = |page: Page| match page {
            Page::Number(number) => Some(number),
            Page::Named(NamedPage::First) => Some(1),
            Page::Named(NamedPage::Last) => None,
        };
        Some(Self {
            role: placement.role.clone(),
            document_id: placement.document_id,
            kind: placed.kind.into(),
            page: number(placed.page)?,
            to_page: placed.to_page.and_then(number),
            edge: placed.edge.map(PageEdge::from),
            x_mm: placed.x_mm,
            y_mm: placed.y_mm,
            w_mm: placed.w_mm,
            h_mm: placed.h_mm,
            seal_kind: placed.seal_kind.map(SealKind::from),
            style: placed.style.map(TextLook::from),
        })
    }
}
