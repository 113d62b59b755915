//! Where fields lie on the documents of a contract that is sent: millimetres from the top left corner become points from the
//! lower left one.

use sealflow_core::model::{
    ContractType,
    contract_type::{Edge, FieldKind, FieldPlacement, NamedPage, Page},
};

use super::{Placement, SendError};
use crate::{
    documents::Document,
    fields::{NewField, Place, Span},
    recipients::Recipient,
};

/// Points in a millimetre.
const POINTS_PER_MM: f64 = 72.0 / 25.4;
/// Most pages under one cross-page seal.
const SPAN_PAGES_MAX: usize = 500;

/// Why a field is not placed.
#[derive(Debug)]
enum Misplaced {
    /// On no page, or beyond its edge.
    Nowhere,
    /// A cross-page seal over so many pages.
    Pages(usize),
}

/// The fields that the contract type asks for, on every document, as each file is signed by itself; and those that the sender
/// placed.
pub(super) fn place_all(
    contract_type: &ContractType,
    documents: &[Document],
    recipients: &[Recipient],
    placements: &[Placement],
) -> Result<Vec<NewField>, SendError> {
    let mut placed = Vec::new();
    for document in documents {
        for recipient in recipients {
            let Some(role) = contract_type.role(&recipient.role) else { return Err(SendError::ContractType) };
            for (index, field) in role.fields.iter().enumerate() {
                let new = new_field(field, document, recipient, index).map_err(|wrong| match wrong {
                    Misplaced::Nowhere => SendError::Placement { role: recipient.role.clone() },
                    Misplaced::Pages(pages) => {
                        SendError::CrossPages { document: document.name.clone(), pages }
                    }
                });
                placed.push(new?);
            }
        }
    }
    for (index, placement) in placements.iter().enumerate() {
        let is_on = |document: &&Document| placement.document_id.is_none_or(|id| id == document.id);
        let role = contract_type.role(&placement.role);
        let filled_by = recipients.iter().find(|recipient| recipient.role == placement.role);
        let (Some(role), Some(recipient)) = (role, filled_by) else {
            return Err(SendError::PlacedField { index });
        };
        for document in documents.iter().filter(is_on) {
            let new = new_field(&placement.field, document, recipient, role.fields.len() + index);
            placed.push(new.map_err(|wrong| match wrong {
                Misplaced::Nowhere => SendError::PlacedField { index },
                Misplaced::Pages(pages) => SendError::CrossPages { document: document.name.clone(), pages },
            })?);
        }
    }
    Ok(placed)
}

fn new_field(
    field: &FieldPlacement,
    document: &Document,
    recipient: &Recipient,
    index: usize,
) -> Result<NewField, Misplaced> {
    let (place, span) = match field.kind {
        FieldKind::CrossPageSeal => place_span(field, document).map(|(place, span)| (place, Some(span)))?,
        _ => (place(field, document).ok_or(Misplaced::Nowhere)?, None),
    };
    Ok(NewField {
        document_id: document.id,
        recipient_id: recipient.id,
        name: format!("r{}_{}_{}", recipient.position + 1, index + 1, field.kind.as_str()),
        kind: field.kind,
        place,
        seal_kind: field.seal_kind,
        style: field.style,
        span,
    })
}

/// Where a cross-page seal stands: its height is that of its first page, and each page has room for it.
fn place_span(field: &FieldPlacement, document: &Document) -> Result<(Place, Span), Misplaced> {
    let count = document.page_count();
    let page = field.page.number(count).ok_or(Misplaced::Nowhere)?;
    let last = field.to_page.unwrap_or(Page::Named(NamedPage::Last));
    let to_page = last.number(count).ok_or(Misplaced::Nowhere)?;
    let covered = usize::try_from((to_page + 1).saturating_sub(page)).unwrap_or(usize::MAX);
    if !(2..=SPAN_PAGES_MAX).contains(&covered) {
        return Err(Misplaced::Pages(covered));
    }
    let (w, h) = (field.w_mm * POINTS_PER_MM, field.h_mm * POINTS_PER_MM);
    let first = usize::try_from(page - 1).map_err(|_| Misplaced::Nowhere)?;
    let pages = document.pages.iter().skip(first).take(covered);
    let height = document.pages.get(first).map_or(0.0, |size| size.height);
    let y = height - field.y_mm * POINTS_PER_MM - h;
    // Of two pages each has half of the seal.
    let fits = pages.clone().all(|size| h <= size.height && w <= 2.0 * size.width);
    if !fits || y < -0.5 {
        return Err(Misplaced::Nowhere);
    }
    let place = Place { page, x: 0.0, y: round(y.max(0.0)), w: round(w), h: round(h) };
    Ok((place, Span { to_page, edge: field.edge.unwrap_or(Edge::Right) }))
}

/// Millimetres from the top left corner become points from the lower left corner; none when the page has no such place.
fn place(field: &FieldPlacement, document: &Document) -> Option<Place> {
    let page = field.page.number(document.page_count())?;
    let size = document.pages.get(usize::try_from(page).ok()?.checked_sub(1)?)?;
    let (w, h) = (field.w_mm * POINTS_PER_MM, field.h_mm * POINTS_PER_MM);
    let x = field.x_mm * POINTS_PER_MM;
    let y = size.height - field.y_mm * POINTS_PER_MM - h;
    // A hair of tolerance: page sizes are rounded.
    let fits = x >= 0.0 && y >= -0.5 && x + w <= size.width + 0.5;
    fits.then_some(Place { page, x: round(x), y: round(y.max(0.0)), w: round(w), h: round(h) })
}

/// To a thousandth of a point, so that the same place is always the same number.
fn round(points: f64) -> f64 {
    (points * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

    use sealflow_core::{
        ids::{ContractId, DocumentId},
        model::contract_type::NamedPage,
    };
    use uuid::Uuid;

    use super::*;
    use crate::{
        blobs::BlobHash,
        documents::{PageSize, Revision, RevisionKind, Source},
    };

    fn document(sizes: &[(f64, f64)]) -> Document {
        Document {
            id: DocumentId::from_uuid(Uuid::from_u128(1)),
            contract_id: ContractId::from_uuid(Uuid::from_u128(2)),
            position: 0,
            name: "示例.pdf".into(),
            repaired: false,
            pages: sizes.iter().map(|&(width, height)| PageSize { width, height }).collect(),
            source: Source::Pdf,
            newest: Revision {
                n: 0,
                kind: RevisionKind::Original,
                sha256: BlobHash::of(b""),
                size_bytes: 0,
                recipient_id: None,
                created_at_ms: 0,
            },
        }
    }

    fn field(page: Page, x_mm: f64, y_mm: f64, w_mm: f64, h_mm: f64) -> FieldPlacement {
        FieldPlacement {
            kind: FieldKind::Signature,
            page,
            x_mm,
            y_mm,
            w_mm,
            h_mm,
            seal_kind: None,
            to_page: None,
            edge: None,
            style: None,
        }
    }

    #[test]
    fn millimetres_from_the_top_left_become_points_from_the_lower_left() {
        let a4 = document(&[(595.276, 841.89), (595.276, 841.89)]);
        let placed = place(&field(Page::Named(NamedPage::Last), 120.0, 98.0, 54.0, 24.0), &a4).unwrap();
        assert_eq!(placed.page, 2);
        assert!((placed.x - 340.157).abs() < 0.001 && (placed.w - 153.071).abs() < 0.001, "{placed:?}");
        assert!((placed.y - (841.89 - 122.0 * POINTS_PER_MM)).abs() < 0.001, "{placed:?}");
    }

    #[test]
    fn a_field_that_lies_on_no_page_has_no_place() {
        let a4 = document(&[(595.276, 841.89)]);
        assert_eq!(place(&field(Page::Number(2), 10.0, 10.0, 20.0, 20.0), &a4), None);
        assert_eq!(place(&field(Page::Number(1), 200.0, 10.0, 20.0, 20.0), &a4), None);
        assert_eq!(place(&field(Page::Number(1), 10.0, 290.0, 20.0, 20.0), &a4), None);
        assert!(place(&field(Page::Number(1), 190.0, 277.0, 20.0, 20.0), &a4).is_some());
    }

    #[test]
    fn a_cross_page_seal_wants_two_pages_on_which_it_fits() {
        let a4 = (595.276, 841.89);
        let seal = FieldPlacement {
            kind: FieldKind::CrossPageSeal,
            ..field(Page::Number(2), 0.0, 100.0, 40.0, 40.0)
        };
        let placed = |seal: &FieldPlacement, sizes: &[(f64, f64)]| place_span(seal, &document(sizes));
        let (at, span) = placed(&seal, &[a4; 4]).unwrap();
        assert_eq!((at.page, span), (2, Span { to_page: 4, edge: Edge::Right }));
        assert!((at.y - (841.89 - 140.0 * POINTS_PER_MM)).abs() < 0.001, "{at:?}");
        let left = FieldPlacement { to_page: Some(Page::Number(3)), edge: Some(Edge::Left), ..seal.clone() };
        assert_eq!(placed(&left, &[a4; 4]).unwrap().1, Span { to_page: 3, edge: Edge::Left });
        let backwards = FieldPlacement { to_page: Some(Page::Named(NamedPage::First)), ..seal.clone() };
        for (refused, sizes, pages) in [(&seal, 2, 1), (&backwards, 4, 0), (&seal, 502, 501)] {
            let wrong = placed(refused, &vec![a4; sizes]).unwrap_err();
            assert!(matches!(wrong, Misplaced::Pages(count) if count == pages), "{wrong:?}");
        }
        assert!(placed(&seal, &[a4; 501]).is_ok());
        // A page that is lower than the seal, no such page, and a seal that begins above or below the first page.
        assert!(matches!(placed(&seal, &[a4, a4, (595.276, 100.0)]), Err(Misplaced::Nowhere)));
        assert!(matches!(placed(&seal, &[a4]), Err(Misplaced::Nowhere)));
        let low = FieldPlacement { y_mm: 270.0, ..seal };
        assert!(matches!(placed(&low, &[a4; 4]), Err(Misplaced::Nowhere)));
    }
}
