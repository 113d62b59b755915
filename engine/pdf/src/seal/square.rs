//! Why: a legal representative's seal is a square of two columns, read from the top right.

use super::{
    Data,
    pen::{Pen, Setting},
};

const NOMINAL_MM: f64 = 20.0;
const BORDER: f64 = 1.0;
const GAP: f64 = 0.9;

pub(super) fn draw(pen: &mut Pen<'_>, data: &Data) -> Result<(), String> {
    let scale = data.width / NOMINAL_MM;
    let side = (NOMINAL_MM - BORDER) * scale;
    let corner = -side / 2.0;
    let border = format!(
        "rect x=\"{corner:.3}\" y=\"{corner:.3}\" width=\"{side:.3}\" height=\"{side:.3}\" rx=\"0.6\""
    );
    pen.border(&border, BORDER * scale);
    let inner = NOMINAL_MM - 2.0 * (BORDER + GAP);
    let (right, left) = columns(&data.name);
    for (column, x) in [(right, 1.0), (left, -1.0)] {
        let rows = super::round::as_f64(column.len());
        let height = inner / rows;
        for (row, character) in column.iter().enumerate() {
            let at = Setting {
                x: x * inner / 4.0 * scale,
                y: ((super::round::as_f64(row) + 0.5) * height - inner / 2.0) * scale,
                em_width: inner / 2.0 * scale,
                em_height: height.min(inner * 0.7) * scale,
                turn: 0.0,
            };
            pen.set(*character, at)?;
        }
    }
    Ok(())
}

/// Two characters get 之印 or fill up with it; three end in 印.
fn columns(name: &[char]) -> (Vec<char>, Vec<char>) {
    match name {
        [family, given] => (vec![*family, *given], vec!['之', '印']),
        [family, given @ ..] if given.len() == 2 => (vec![*family, '印'], given.to_vec()),
        _ => {
            name.split_at_checked(2).map(|(right, left)| (right.to_vec(), left.to_vec())).unwrap_or_default()
        }
    }
}
