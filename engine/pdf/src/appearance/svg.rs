//! Why: seals are SVG; svg2pdf turns them into PDF objects, which are read back with our own parser and numbered anew.

use std::collections::HashMap;

use super::{
    Drawing, Error, Frame,
    drawn::{Body, Drawn},
};
use crate::{
    limits::SVG_BYTES_MAX,
    read::{
        object::{Dictionary, Object, Reference, number_text},
        parser::Parser,
    },
    write::Increment,
};

/// Widest and highest picture within an SVG, in pixels.
const PIXELS_MAX: u32 = 2_000;

/// A picture that is in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Picture {
    /// A form that is one unit wide and one high.
    form: Reference,
    width: f64,
    height: f64,
}

impl Picture {
    /// All of it, as large as it fits into the frame, in its middle.
    pub(super) fn whole(self, frame: Frame) -> Drawing {
        let (scale, x, y) = frame.fit(self.width, self.height);
        self.placed(scale, x, y)
    }

    /// The part of it that the frame shows when `count` frames stand side by side and this is the one at `index`.
    pub(super) fn slice(self, frame: Frame, index: usize, count: usize) -> Drawing {
        let number = |value: usize| u32::try_from(value).map_or(f64::MAX, f64::from);
        let wide = Frame { width: frame.width * number(count), ..frame };
        let (scale, x, y) = wide.fit(self.width, self.height);
        // The form's box cuts off what belongs to other pages.
        self.placed(scale, x - frame.width * number(index), y)
    }

    fn placed(self, scale: f64, x: f64, y: f64) -> Drawing {
        let [a, d, e, f] = [self.width * scale, self.height * scale, x, y].map(number_text);
        let content = format!("q {a} 0 0 {d} {e} {f} cm /Seal Do Q\n").into_bytes();
        let pictures = Dictionary::of([("Seal", self.form.into())]);
        Drawing { content, resources: Dictionary::of([("XObject", pictures.into())]) }
    }
}

/// Takes a picture into the file.
pub(super) fn import(increment: &mut Increment<'_, '_>, drawn: &Drawn) -> Result<Picture, Error> {
    let numbers: HashMap<u32, Reference> =
        drawn.objects.iter().map(|(number, _)| (*number, increment.reserve())).collect();
    let renumbered = |object: &Object| {
        let mut object = object.clone();
        renumber(&mut object, &numbers);
        object
    };
    for (number, body) in &drawn.objects {
        let Some(reference) = numbers.get(number).copied() else { continue };
        match body {
            Body::Object(object) => increment.put(reference, renumbered(object)),
            Body::Stream(dictionary, data) => {
                let dictionary = renumbered(&dictionary.clone().into()).into_dictionary().unwrap_or_default();
                increment.put_stream(reference, dictionary, data.clone());
            }
        }
    }
    let form = numbers.get(&drawn.form).copied().ok_or_else(lost)?;
    Ok(Picture { form, width: drawn.width, height: drawn.height })
}

fn lost() -> Error {
    Error::Svg { why: "its objects are lost".to_owned() }
}

/// Makes an SVG into a form.
pub(super) fn draw(svg: &str) -> Result<Drawn, Error> {
    let tree = parse(svg)?;
    let conversion =
        svg2pdf::ConversionOptions { embed_text: false, ..svg2pdf::ConversionOptions::default() };
    let (chunk, root) =
        svg2pdf::to_chunk(&tree, conversion).map_err(|source| Error::Svg { why: source.to_string() })?;
    let objects = objects(chunk.as_bytes()).ok_or_else(lost)?;
    let form = u32::try_from(root.get()).map_err(|_| lost())?;
    let (width, height) = (f64::from(tree.size().width()), f64::from(tree.size().height()));
    Ok(Drawn { objects, form, width, height, bytes: chunk.as_bytes().len() })
}

pub(super) fn parse(svg: &str) -> Result<usvg::Tree, Error> {
    let fail = |why: String| Error::Svg { why };
    if svg.len() > SVG_BYTES_MAX {
        return Err(fail(format!("it has more than {SVG_BYTES_MAX} bytes")));
    }
    let mut options = usvg::Options::default();
    // Pictures within the SVG could name files of this computer: none is read. A cleaned picture is there as PNG.
    options.image_href_resolver.resolve_data = Box::new(|mime, data, _| {
        (mime == "image/png" && is_small_png(&data)).then_some(usvg::ImageKind::PNG(data))
    });
    options.image_href_resolver.resolve_string = Box::new(|_, _| None);
    let tree = usvg::Tree::from_str(svg, &options).map_err(|source| fail(source.to_string()))?;
    if !tree.root().has_children() {
        return Err(fail("it shows nothing".to_owned()));
    }
    Ok(tree)
}

/// A small file can claim to be a picture of gigabytes; its head tells its size.
fn is_small_png(data: &[u8]) -> bool {
    let side = |at: usize| {
        data.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(u32::MAX, u32::from_be_bytes)
    };
    data.starts_with(b"\x89PNG\r\n\x1a\n") && side(16) <= PIXELS_MAX && side(20) <= PIXELS_MAX
}

/// All objects of a chunk.
fn objects(chunk: &[u8]) -> Option<Vec<(u32, Body)>> {
    let mut parser = Parser::new(chunk, 0);
    let mut objects = Vec::new();
    loop {
        parser.skip_space();
        if parser.position() >= chunk.len() {
            return Some(objects);
        }
        let found = parser.indirect_object().ok()?;
        let body = match (found.stream_start, found.object) {
            (Some(start), Object::Dictionary(dictionary)) => {
                let end = start.checked_add(dictionary.get("Length")?.as_usize()?)?;
                parser = Parser::new(chunk, end);
                if !parser.take_keyword("endstream") {
                    return None;
                }
                Body::Stream(dictionary, chunk.get(start..end)?.to_vec())
            }
            (_, object) => Body::Object(object),
        };
        if !parser.take_keyword("endobj") {
            return None;
        }
        objects.push((found.reference.number, body));
    }
}

/// Nesting is limited by the parser.
fn renumber(object: &mut Object, numbers: &HashMap<u32, Reference>) {
    match object {
        Object::Reference(reference) => {
            if let Some(new) = numbers.get(&reference.number) {
                *reference = *new;
            }
        }
        Object::Array(items) => items.iter_mut().for_each(|item| renumber(item, numbers)),
        Object::Dictionary(dictionary) => dictionary.values_mut().for_each(|value| renumber(value, numbers)),
        _ => {}
    }
}
