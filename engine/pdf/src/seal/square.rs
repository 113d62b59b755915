//! Why: a legal representative's seal is a square of two columns, read from the top right; a finance seal is a square with the
//! organization's name in as many columns as it needs, in the same order.

use super::{
    Data,
    line::line,
    pen::{Pen, Setting},
    round::as_f64,
};

const NOMINAL_MM: f64 = 20.0;
const BORDER: f64 = 1.0;
const GAP: f64 = 0.9;
/// A glyph is drawn at most so much taller than wide; in a short column the glyphs stand apart.
const TALLEST: f64 = 1.5;

pub(super) fn draw(pen: &mut Pen<'_>, data: &Data) -> Result<(), String> {
    let scale = data.width / NOMINAL_MM;
    let side = (NOMINAL_MM - BORDER) * scale;
    let corner = -side / 2.0;
    let border = format!(
        "rect x=\"{corner:.3}\" y=\"{corner:.3}\" width=\"{side:.3}\" height=\"{side:.3}\" rx=\"0.6\""
    );
    pen.border(&border, BORDER * scale);
    let inner = NOMINAL_MM - 2.0 * (BORDER + GAP);
    let columns =
        if data.is_name_seal { name_columns(&data.name) } else { columns(&data.name, &data.center) };
    let width = inner / as_f64(columns.len());
    for (index, column) in columns.iter().enumerate() {
        let line = line(column);
        let height = inner / line.steps.max(1.0);
        for (character, steps) in line.glyphs {
            let at = Setting {
                x: (inner / 2.0 - (as_f64(index) + 0.5) * width) * scale,
                y: steps * height * scale,
                em_width: width * scale,
                em_height: height.min(width * TALLEST) * scale,
                turn: 0.0,
            };
            pen.set(in_column(pen, character), at)?;
        }
    }
    Ok(())
}

/// Brackets lie across a column, where the font has such.
fn in_column(pen: &Pen<'_>, character: char) -> char {
    let lying = match character {
        '（' | '(' => '︵',
        '）' | ')' => '︶',
        other => other,
    };
    if pen.has(lying) { lying } else { character }
}

/// A person's name, from the right: two characters get 之印, three and longer ones end in 印 where there is room.
fn name_columns(name: &[char]) -> Vec<Vec<char>> {
    let glyphs: Vec<char> = name.iter().copied().filter(|character| *character != ' ').collect();
    match glyphs.as_slice() {
        [family, given] => vec![vec![*family, *given], vec!['之', '印']],
        [family, given @ ..] if given.len() == 2 => vec![vec![*family, '印'], given.to_vec()],
        [_, _, _, _] => glyphs.chunks(2).map(<[char]>::to_vec).collect(),
        _ => grid(&[name, &['印']].concat()),
    }
}

/// The name in columns of about equal length, and what the seal is for in a column of its own.
fn columns(name: &[char], center: &[char]) -> Vec<Vec<char>> {
    let mut columns = grid(name);
    if !center.is_empty() {
        columns.extend(center.chunks(center.len().div_ceil(center.len().div_ceil(5))).map(<[char]>::to_vec));
    }
    columns
}

/// As near to a square as it gets; the last columns are shorter by one where it does not come out even.
fn grid(characters: &[char]) -> Vec<Vec<char>> {
    let count = characters.len();
    let columns = (1..=count).find(|columns| columns * columns >= count).unwrap_or(1);
    let mut left = characters;
    (0..columns)
        .map(|column| {
            let (some, rest) = left.split_at(left.len().div_ceil(columns - column));
            left = rest;
            some.to_vec()
        })
        .collect()
}
