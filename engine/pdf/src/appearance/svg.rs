//! Why: seals are SVG; svg2pdf turns them into PDF objects, which are read back with our own parser and numbered anew.

use std::collections::HashMap;

use super::{Drawing, Error, Frame};
use crate::{
    limits::SVG_BYTES_MAX,
    read::{
        object::{Dictionary, Object, Reference, number_text},
        parser::Parser,
    },
    write::Increment,
};

pub(super) fn draw(increment: &mut Increment<'_, '_>, svg: &str, frame: Frame) -> Result<Drawing, Error> {
    let tree = parse(svg)?;
    let fail = |why: String| Error::Svg { why };
    let conversion =
        svg2pdf::ConversionOptions { embed_text: false, ..svg2pdf::ConversionOptions::default() };
    let (chunk, root) = svg2pdf::to_chunk(&tree, conversion).map_err(|source| fail(source.to_string()))?;
    let picture = import(increment, chunk.as_bytes(), root.get())
        .ok_or_else(|| fail("its objects are lost".to_owned()))?;

    let (width, height) = (f64::from(tree.size().width()), f64::from(tree.size().height()));
    let (scale, x, y) = frame.fit(width, height);
    // The picture is one unit wide and one high.
    let [a, d, e, f] = [width * scale, height * scale, x, y].map(number_text);
    let content = format!("q {a} 0 0 {d} {e} {f} cm /Seal Do Q\n").into_bytes();
    let pictures = Dictionary::of([("Seal", picture.into())]);
    Ok(Drawing { content, resources: Dictionary::of([("XObject", pictures.into())]) })
}

pub(super) fn parse(svg: &str) -> Result<usvg::Tree, Error> {
    let fail = |why: String| Error::Svg { why };
    if svg.len() > SVG_BYTES_MAX {
        return Err(fail(format!("it has more than {SVG_BYTES_MAX} bytes")));
    }
    let mut options = usvg::Options::default();
    // Pictures within the SVG could name files of this computer: none is read.
    options.image_href_resolver.resolve_data = Box::new(|_, _, _| None);
    options.image_href_resolver.resolve_string = Box::new(|_, _| None);
    usvg::Tree::from_str(svg, &options).map_err(|source| fail(source.to_string()))
}

/// Takes over all objects of a chunk; answers the new reference of object `root`.
fn import(increment: &mut Increment<'_, '_>, chunk: &[u8], root: i32) -> Option<Reference> {
    let mut parser = Parser::new(chunk, 0);
    let mut objects = Vec::new();
    loop {
        parser.skip_space();
        if parser.position() >= chunk.len() {
            break;
        }
        let found = parser.indirect_object().ok()?;
        let data = match (found.stream_start, found.object.as_dictionary()) {
            (Some(start), Some(dictionary)) => {
                let end = start.checked_add(dictionary.get("Length")?.as_usize()?)?;
                parser = Parser::new(chunk, end);
                if !parser.take_keyword("endstream") {
                    return None;
                }
                Some(chunk.get(start..end)?.to_vec())
            }
            _ => None,
        };
        if !parser.take_keyword("endobj") {
            return None;
        }
        objects.push((found.reference.number, found.object, data));
    }
    let numbers: HashMap<u32, Reference> =
        objects.iter().map(|(number, ..)| (*number, increment.reserve())).collect();
    for (number, mut object, data) in objects {
        renumber(&mut object, &numbers);
        let reference = *numbers.get(&number)?;
        match (data, object) {
            (Some(data), Object::Dictionary(dictionary)) => increment.put_stream(reference, dictionary, data),
            (_, object) => increment.put(reference, object),
        }
    }
    numbers.get(&u32::try_from(root).ok()?).copied()
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
