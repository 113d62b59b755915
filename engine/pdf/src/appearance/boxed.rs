//! Why: a form's own fields have a ground and a border, which a viewer draws with their value; so does who draws it once for all.

use std::fmt::Write as _;

use super::{Drawing, Error, Frame, TextStyle, add_form, text};
use crate::{
    read::{
        self,
        file::File,
        object::{Dictionary, Object, Reference, number_text},
    },
    write::Increment,
};

/// Adds a form with the ground and border that a widget names, and a text in it, and answers its reference.
///
/// # Errors
/// As when the text is drawn alone; that of the file when it cannot be read.
pub(crate) fn draw_boxed(
    increment: &mut Increment<'_, '_>,
    value: &str,
    style: &TextStyle,
    frame: Frame,
    widget: &Dictionary,
) -> Result<Result<Reference, Error>, read::Error> {
    let mut content = ground(increment.file, widget, frame)?;
    let mut resources = Dictionary::new();
    if !value.trim().is_empty() {
        match text::draw(increment, value, style, frame) {
            Ok(drawing) => {
                content.extend(drawing.content);
                resources = drawing.resources;
            }
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(add_form(increment, frame, Drawing { content, resources })))
}

/// What is drawn below the text (ISO 32000-2, tables 168 and 192).
fn ground(file: &File<'_>, widget: &Dictionary, frame: Frame) -> Result<Vec<u8>, read::Error> {
    let looks = file.entry(widget, "MK")?.into_dictionary().unwrap_or_default();
    let border = file.entry(widget, "BS")?.into_dictionary().unwrap_or_default();
    let line = file.entry(&border, "W")?.as_f64().unwrap_or(1.0);
    let mut drawn = String::new();
    let (width, height) = (frame.width, frame.height);
    if let Some(color) = color(file, &looks, "BG", ["g", "rg", "k"])? {
        let _ = writeln!(drawn, "q {color} 0 0 {} {} re f Q", number_text(width), number_text(height));
    }
    if let Some(color) = color(file, &looks, "BC", ["G", "RG", "K"])?.filter(|_| line > 0.0) {
        let [half, width, height] = [line / 2.0, width - line, height - line].map(number_text);
        let line = number_text(line);
        let _ = writeln!(drawn, "q {color} {line} w {half} {half} {width} {height} re S Q");
    }
    Ok(drawn.into_bytes())
}

/// A color with its operator: of grey, of light or of inks.
fn color(
    file: &File<'_>,
    looks: &Dictionary,
    key: &str,
    [grey, light, inks]: [&str; 3],
) -> Result<Option<String>, read::Error> {
    let Object::Array(parts) = file.entry(looks, key)? else { return Ok(None) };
    let parts: Vec<String> =
        parts.iter().filter_map(Object::as_f64).map(|part| number_text(part.clamp(0.0, 1.0))).collect();
    let operator = match parts.len() {
        1 => grey,
        3 => light,
        4 => inks,
        _ => return Ok(None),
    };
    Ok(Some(format!("{} {operator}", parts.join(" "))))
}
