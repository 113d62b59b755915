//! Why: a form may ask viewers to draw its values (`/NeedAppearances`), and programs that fill forms without drawing rely on that:
//! what a field shows may be old, or nothing. A file that is signed cannot ask for it, since a viewer would draw our fields
//! anew as well. So the values are drawn once, before the first signature.

use crate::{
    appearance::{Align, Frame, Overflow, TextStyle, draw_boxed},
    limits::VALUES_DRAWN_MAX,
    read::{
        self,
        fields::{Field, Form},
        file::File,
        object::{Dictionary, Object, Reference},
        text,
    },
    write::Increment,
};

/// Field flags (ISO 32000-2, tables 231 and 233).
const MULTILINE: i64 = 1 << 12;
const PASSWORD: i64 = 1 << 13;
const COMBO: i64 = 1 << 17;
/// Widest and highest field, in points: larger than any page that is shown.
const SIDE_MAX: f64 = 1e6;
/// Sizes of type that are taken over, in points.
const SIZES: std::ops::RangeInclusive<f64> = 4.0..=72.0;

/// Draws the values of text fields and of lists that show one line, when the form asks for it. What cannot be drawn shows nothing
/// old: viewers then draw it for themselves.
pub(super) fn draw_values(
    increment: &mut Increment<'_, '_>,
    form: &Form,
    fields: &[Field],
) -> Result<(), read::Error> {
    if increment.file.entry(&form.dictionary, "NeedAppearances")? != Object::Boolean(true) {
        return Ok(());
    }
    let mut drawn = 0;
    for field in fields {
        let Some(value) = value(increment.file, field)? else { continue };
        for (reference, mut widget) in widgets(increment.file, field)? {
            let frame = Frame::of(increment.file, &widget)?;
            let Some(frame) = frame.filter(|frame| frame.width.max(frame.height) <= SIDE_MAX) else {
                continue;
            };
            let style = style(increment.file, form, field, &widget)?;
            drawn += usize::from(!value.is_empty());
            let form = match drawn {
                0..=VALUES_DRAWN_MAX => draw_boxed(increment, &value, &style, frame, &widget)?.ok(),
                _ => None,
            };
            widget.remove("AP");
            if let Some(form) = form {
                widget.set("AP", Dictionary::of([("N", form.into())]).into());
            }
            increment.put(reference, widget);
        }
    }
    Ok(())
}

/// What the field says; none for one whose value is not a line of text.
fn value(file: &File<'_>, field: &Field) -> Result<Option<String>, read::Error> {
    let flags = file.entry(&field.dictionary, "Ff")?.as_integer().unwrap_or(0);
    let is_text = match field.field_type.as_slice() {
        b"Tx" => flags & PASSWORD == 0,
        b"Ch" => flags & COMBO != 0,
        _ => false,
    };
    let value = match file.entry(&field.dictionary, "V")? {
        Object::String(value) if is_text => value,
        Object::Null if is_text => Vec::new(),
        _ => return Ok(None),
    };
    // A choice may be shown in other words.
    if let Object::Array(choices) = file.entry(&field.dictionary, "Opt")? {
        for choice in &choices {
            if let Object::Array(pair) = file.resolve(choice)?
                && let [own, shown] = pair.as_slice()
                && file.resolve(own)?.as_string() == Some(&value)
            {
                return Ok(file.resolve(shown)?.as_string().map(text::decode));
            }
        }
    }
    Ok(Some(text::decode(&value)))
}

/// The field itself, or its widgets that stand apart, as they may be written anew.
fn widgets(file: &File<'_>, field: &Field) -> Result<Vec<(Reference, Dictionary)>, read::Error> {
    let references = match file.entry(&field.dictionary, "Kids")? {
        Object::Array(kids) => kids.iter().filter_map(Object::as_reference).collect(),
        _ => vec![field.reference],
    };
    let mut found = Vec::with_capacity(references.len());
    for reference in references {
        if file.check_changeable(reference).is_ok()
            && let Object::Dictionary(widget) = file.load(reference)?.object
        {
            found.push((reference, widget));
        }
    }
    Ok(found)
}

/// Size, color and place of the text, as the default appearance says it: `/Helv 12 Tf 0 g`.
fn style(file: &File<'_>, form: &Form, field: &Field, widget: &Dictionary) -> Result<TextStyle, read::Error> {
    let entry = |key| -> Result<Object, read::Error> {
        for holder in [widget, &field.dictionary, &form.dictionary] {
            let found = file.entry(holder, key)?;
            if found != Object::Null {
                return Ok(found);
            }
        }
        Ok(Object::Null)
    };
    let (look, place, flags) = (entry("DA")?, entry("Q")?, entry("Ff")?);
    let look = look.as_string().map(text::decode).unwrap_or_default();
    let words: Vec<&str> = look.split_ascii_whitespace().collect();
    let before = |operator: &str, count: usize| -> Option<Vec<f64>> {
        let at = words.iter().position(|word| *word == operator)?;
        words.get(at.checked_sub(count)?..at)?.iter().map(|word| word.parse().ok()).collect()
    };
    let part = |part: f64| (part.clamp(0.0, 1.0) * 255.0).round() as u8;
    let color = match (before("rg", 3).as_deref(), before("g", 1).as_deref()) {
        (Some(&[red, green, blue]), _) => [red, green, blue].map(part),
        (None, Some(&[grey])) => [grey; 3].map(part),
        _ => [0; 3],
    };
    let size = before("Tf", 1).and_then(|size| size.first().copied()).filter(|size| SIZES.contains(size));
    let is_multiline = flags.as_integer().unwrap_or(0) & MULTILINE != 0;
    Ok(TextStyle {
        // Several lines are made smaller until they fit.
        size: size.filter(|_| !is_multiline),
        color,
        align: match place.as_integer() {
            Some(1) => Align::Center,
            Some(2) => Align::Right,
            _ => Align::Left,
        },
        overflow: if is_multiline { Overflow::Wrap } else { Overflow::Shrink },
        ..TextStyle::default()
    })
}
