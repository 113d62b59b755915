//! Hands the set pages to printpdf, and takes the chance out of what it writes.

use printpdf::{
    Color, Line, LinePoint, Mm, Op, PdfDocument, PdfFont, PdfFontHandle, PdfPage, PdfParseErrorSeverity,
    PdfSaveOptions, Point, Pt, Rgb, TextItem,
};

use super::{
    Error, TITLE,
    fonts::{Faces, Style},
    layout::{PAGE_HEIGHT, PAGE_WIDTH, Page, Rule, Run},
};

pub(super) fn pdf(pages: &[Page], faces: &Faces) -> Result<Vec<u8>, Error> {
    let mut document = PdfDocument::new(TITLE);
    document.metadata.info.creator = "Sealflow".to_owned();
    for style in [Style::Body, Style::Heading] {
        let font = PdfFont::new(faces.cut_down(style)?);
        document.resources.fonts.map.insert(Faces::id(style), font);
    }
    document.with_pages(pages.iter().map(page).collect());

    let mut notes = Vec::new();
    let mut file = document.to_lopdf_document(&PdfSaveOptions::default(), &mut notes);
    if let Some(note) = notes.into_iter().find(|note| note.severity == PdfParseErrorSeverity::Error) {
        return Err(Error::Render(note.msg));
    }
    file.version = "1.7".to_owned();
    // Drawn by chance at every run; a file need not have one.
    file.trailer.remove(b"ID");
    file.compress();
    let mut bytes = Vec::new();
    file.save_to(&mut bytes).map_err(|source| Error::Render(source.to_string()))?;
    Ok(bytes)
}

fn page(page: &Page) -> PdfPage {
    let mut ops = vec![Op::SetOutlineColor { col: black() }];
    let mut width = None;
    for line in &page.rules {
        if width.replace(line.width) != Some(line.width) {
            ops.push(Op::SetOutlineThickness { pt: Pt(line.width) });
        }
        ops.push(rule(line));
    }
    ops.push(Op::SetFillColor { col: black() });
    ops.extend(page.runs.iter().flat_map(run));
    PdfPage::new(Mm(PAGE_WIDTH), Mm(PAGE_HEIGHT), ops)
}

fn rule(rule: &Rule) -> Op {
    let points = [rule.from, rule.to].map(|(x, y)| LinePoint { p: point(x, y), bezier: false });
    Op::DrawLine { line: Line { points: points.to_vec(), is_closed: false } }
}

fn run(run: &Run) -> [Op; 6] {
    [
        Op::StartTextSection,
        Op::SetFont { font: PdfFontHandle::External(Faces::id(run.style)), size: Pt(run.size) },
        Op::SetCharacterSpacing { multiplier: run.spacing },
        Op::SetTextCursor { pos: point(run.x, run.baseline) },
        Op::ShowText { items: vec![TextItem::Text(run.text.clone())] },
        Op::EndTextSection,
    ]
}

/// From millimetres below the top left corner to the PDF's own coordinates.
fn point(x: f32, y: f32) -> Point {
    Point::new(Mm(x), Mm(PAGE_HEIGHT - y))
}

fn black() -> Color {
    Color::Rgb(Rgb { r: 0.0, g: 0.0, b: 0.0, icc_profile: None })
}
