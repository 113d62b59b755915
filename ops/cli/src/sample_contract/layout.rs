//! Sets the blocks on A4 pages: headings, justified paragraphs, tables, and a signing page of fixed places.

use super::{
    Error, SEAL_DATE_PLACE, SIGNATURE_DATE_PLACE, TITLE,
    fonts::{Faces, Style},
    lines::{Line, break_text},
    markup::Block,
    site_plan,
};

/// The paper, in millimetres.
pub(super) const PAGE_WIDTH: f32 = 210.0;
pub(super) const PAGE_HEIGHT: f32 = 297.0;
const LEFT: f32 = 25.0;
const RIGHT: f32 = PAGE_WIDTH - 25.0;
const TOP: f32 = 28.0;
const BOTTOM: f32 = PAGE_HEIGHT - 24.0;
const MEASURE: f32 = RIGHT - LEFT;

/// Type sizes in points: 小四 for the text, about 五号 for tables, 小五 for header and footer.
const TEXT: f32 = 12.0;
const SMALL: f32 = 10.0;
const MARGINAL: f32 = 9.0;
const MM_PER_POINT: f32 = 25.4 / 72.0;
/// From one baseline to the next, in millimetres.
const LEADING: f32 = 8.0;
const ROW_HEIGHT: f32 = 8.4;
/// Lines of tables and frames, in points.
const FRAME: f32 = 0.5;

/// A page with everything on it, in millimetres from its top left corner.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) runs: Vec<Run>,
    pub(super) rules: Vec<Rule>,
}

/// Text on one baseline.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) x: f32,
    pub(super) baseline: f32,
    pub(super) style: Style,
    /// In points.
    pub(super) size: f32,
    /// Added after each character, in points.
    pub(super) spacing: f32,
    pub(super) text: String,
}

impl Run {
    fn new(style: Style, size: f32, x: f32, baseline: f32, text: &str) -> Self {
        Self { x, baseline, style, size, spacing: 0.0, text: text.to_owned() }
    }
}

/// A straight line.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) from: (f32, f32),
    pub(super) to: (f32, f32),
    /// In points.
    pub(super) width: f32,
}

/// Sets the whole contract, and the signing page after it.
pub(super) fn pages(blocks: &[Block<'_>], faces: &mut Faces) -> Result<Vec<Page>, Error> {
    let mut setter = Setter { faces, pages: Vec::new(), y: TOP };
    setter.new_page();
    setter.y += 12.0;
    setter.centred(Style::Heading, 22.0, setter.y, TITLE)?;
    setter.y += 16.0;
    for block in blocks {
        setter.block(block)?;
    }
    setter.new_page();
    setter.signing_page()?;
    setter.margins()?;
    Ok(setter.pages)
}

struct Setter<'a> {
    faces: &'a mut Faces,
    pages: Vec<Page>,
    /// The next baseline of the last page.
    y: f32,
}

impl Setter<'_> {
    fn new_page(&mut self) {
        self.pages.push(Page::default());
        self.y = TOP + 4.0;
    }

    /// Goes on to a new page when less than `height` is left on this one.
    fn keep(&mut self, height: f32) {
        if self.y + height > BOTTOM {
            self.new_page();
        }
    }

    fn block(&mut self, block: &Block<'_>) -> Result<(), Error> {
        match block {
            Block::Gap => self.y += LEADING / 2.0,
            Block::Article(heading) => {
                // A heading takes at least two lines of its article with it.
                self.keep(LEADING * 2.5);
                self.y += LEADING / 2.0;
                self.put(Run::new(Style::Heading, TEXT, LEFT, self.y, heading))?;
                self.y += LEADING;
            }
            Block::Attachment(heading) => {
                self.new_page();
                self.y += LEADING;
                self.centred(Style::Heading, 15.0, self.y, heading)?;
                self.y += LEADING * 1.5;
            }
            Block::Paragraph(text) => self.paragraph(text)?,
            Block::Table(rows) => self.table(rows)?,
            Block::SitePlan => {
                self.keep(site_plan::HEIGHT);
                let top = self.y - LEADING * 0.5;
                if let Some(page) = self.pages.last_mut() {
                    page.rules.extend(site_plan::rules(LEFT, top));
                }
                self.y = top + site_plan::HEIGHT + LEADING;
            }
        }
        Ok(())
    }

    fn paragraph(&mut self, text: &str) -> Result<(), Error> {
        let em = TEXT * MM_PER_POINT;
        // A clause or a sentence is indented by two characters; "name: value" lines are not.
        let indent = if text.ends_with('。') || text.ends_with('：') { 2.0 } else { 0.0 };
        let lines = break_text(text, indent, MEASURE / em, |c| self.faces.advance(Style::Body, c));
        for (n, Line { range, width }) in lines.iter().enumerate() {
            self.keep(0.0);
            let first = if n == 0 { indent } else { 0.0 };
            let set = text[range.clone()].trim_end();
            let last = n + 1 == lines.len();
            let gaps = set.chars().count().saturating_sub(1).max(1) as f32;
            let trimmed =
                self.faces.width(Style::Body, &text[range.clone()]) - self.faces.width(Style::Body, set);
            let slack = (MEASURE / em - first - width + trimmed).max(0.0);
            let spacing = if last { 0.0 } else { slack / gaps * TEXT };
            self.put(Run { spacing, ..Run::new(Style::Body, TEXT, LEFT + first * em, self.y, set) })?;
            self.y += LEADING;
        }
        Ok(())
    }

    fn table(&mut self, rows: &[Vec<&str>]) -> Result<(), Error> {
        let widths = self.column_widths(rows);
        let mut top = self.y - LEADING * 0.5;
        for (n, row) in rows.iter().enumerate() {
            if top + ROW_HEIGHT > BOTTOM {
                self.new_page();
                top = TOP;
            }
            let style = if n == 0 { Style::Heading } else { Style::Body };
            self.row(top, &widths, style, row)?;
            top += ROW_HEIGHT;
        }
        self.y = top + LEADING;
        Ok(())
    }

    /// Columns share the page's width in proportion to their widest cells.
    fn column_widths(&self, rows: &[Vec<&str>]) -> Vec<f32> {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest: Vec<f32> = (0..columns)
            .map(|column| {
                let cells = rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| self.faces.width(Style::Body, cell) + 1.4).fold(2.0, f32::max)
            })
            .collect();
        let total: f32 = widest.iter().sum();
        widest.iter().map(|width| width / total * MEASURE).collect()
    }

    fn row(&mut self, top: f32, widths: &[f32], style: Style, row: &[&str]) -> Result<(), Error> {
        let bottom = top + ROW_HEIGHT;
        self.rule((LEFT, top), (RIGHT, top));
        self.rule((LEFT, bottom), (RIGHT, bottom));
        let mut x = LEFT;
        self.rule((x, top), (x, bottom));
        for (cell, width) in row.iter().zip(widths) {
            let set = self.faces.width(style, cell) * SMALL * MM_PER_POINT;
            // Amounts and numbers stand to the right, everything else to the left.
            let number = cell.chars().all(|c| c.is_ascii_digit() || c == ',' || c == '.');
            let at = if number && !cell.is_empty() { x + width - set - 1.6 } else { x + 1.6 };
            self.put(Run::new(style, SMALL, at, bottom - 2.7, cell))?;
            x += width;
            self.rule((x, top), (x, bottom));
        }
        Ok(())
    }

    /// The last page, with the places that [`super::SEAL_PLACE`] and its neighbours name.
    fn signing_page(&mut self) -> Result<(), Error> {
        self.centred(Style::Heading, 15.0, 44.0, "签署页")?;
        self.y = 56.0;
        self.paragraph(
            "本页无正文，为《示例采购合同》的签署页。双方确认已经完整阅读合同正文和附件，并以电子签名的方式签署。",
        )?;
        let (top, bottom, middle) = (74.0, 152.0, PAGE_WIDTH / 2.0);
        for x in [LEFT, middle, RIGHT] {
            self.rule((x, top), (x, bottom));
        }
        for y in [top, bottom] {
            self.rule((LEFT, y), (RIGHT, y));
        }
        self.put(Run::new(Style::Body, TEXT, LEFT + 3.0, 81.0, "甲方（盖章）：示例采购有限公司"))?;
        self.put(Run::new(Style::Body, TEXT, middle + 3.0, 81.0, "乙方（签字）：示例签署人"))?;
        let baseline = SEAL_DATE_PLACE.y + SEAL_DATE_PLACE.h - 2.2;
        self.put(Run::new(Style::Body, TEXT, LEFT + 3.0, baseline, "日期："))?;
        let baseline = SIGNATURE_DATE_PLACE.y + SIGNATURE_DATE_PLACE.h - 2.2;
        self.put(Run::new(Style::Body, TEXT, middle + 3.0, baseline, "日期："))
    }

    /// Header and footer of every page, when their number is known.
    fn margins(&mut self) -> Result<(), Error> {
        let count = self.pages.len();
        let number = "合同编号：SLCG-2026-0001";
        for n in 0..count {
            let footer = format!("第 {} 页　共 {count} 页", n + 1);
            let width = self.faces.width(Style::Body, number) * MARGINAL * MM_PER_POINT;
            let centre =
                (PAGE_WIDTH - self.faces.width(Style::Body, &footer) * MARGINAL * MM_PER_POINT) / 2.0;
            self.put_on(n, Run::new(Style::Body, MARGINAL, LEFT, 17.0, TITLE))?;
            self.put_on(n, Run::new(Style::Body, MARGINAL, RIGHT - width, 17.0, number))?;
            self.put_on(n, Run::new(Style::Body, MARGINAL, centre, PAGE_HEIGHT - 14.0, &footer))?;
            if let Some(page) = self.pages.get_mut(n) {
                page.rules.push(Rule { from: (LEFT, 19.5), to: (RIGHT, 19.5), width: FRAME });
            }
        }
        Ok(())
    }

    fn centred(&mut self, style: Style, size: f32, baseline: f32, text: &str) -> Result<(), Error> {
        let width = self.faces.width(style, text) * size * MM_PER_POINT;
        self.put(Run::new(style, size, (PAGE_WIDTH - width) / 2.0, baseline, text))
    }

    /// Puts text on the last page.
    fn put(&mut self, run: Run) -> Result<(), Error> {
        self.put_on(self.pages.len().saturating_sub(1), run)
    }

    fn put_on(&mut self, page: usize, run: Run) -> Result<(), Error> {
        self.faces.use_text(run.style, &run.text)?;
        if let (Some(page), false) = (self.pages.get_mut(page), run.text.is_empty()) {
            page.runs.push(run);
        }
        Ok(())
    }

    fn rule(&mut self, from: (f32, f32), to: (f32, f32)) {
        if let Some(page) = self.pages.last_mut() {
            page.rules.push(Rule { from, to, width: FRAME });
        }
    }
}
