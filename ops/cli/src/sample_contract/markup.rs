//! The few marks of `purchase.txt`: `# ` begins an article, `== ` an attachment on a new page, `|` a table row,
//! `~` the drawing of the site.

/// One piece of the text, from the top of the contract to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block<'a> {
    /// An article's heading.
    Article(&'a str),
    /// A heading that begins a new page.
    Attachment(&'a str),
    /// A paragraph.
    Paragraph(&'a str),
    /// Some room.
    Gap,
    /// Rows of cells; the first row is the head.
    Table(Vec<Vec<&'a str>>),
    /// The drawing.
    SitePlan,
}

pub(super) fn parse(text: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    for line in text.lines() {
        if let Some(cells) = line.strip_prefix('|').and_then(|rest| rest.strip_suffix('|')) {
            let row = cells.split('|').collect();
            match blocks.last_mut() {
                Some(Block::Table(rows)) => rows.push(row),
                _ => blocks.push(Block::Table(vec![row])),
            }
        } else if let Some(heading) = line.strip_prefix("# ") {
            blocks.push(Block::Article(heading));
        } else if let Some(heading) = line.strip_prefix("== ") {
            blocks.push(Block::Attachment(heading));
        } else if line == "~" {
            blocks.push(Block::SitePlan);
        } else if line.is_empty() {
            blocks.push(Block::Gap);
        } else {
            blocks.push(Block::Paragraph(line));
        }
    }
    blocks
}
