//! Why: programs that sign after others note more than their signature. Acrobat locks the field that it signs, puts the page's
//! annotations into another list, and adds its fonts to the form. What of that shows and hides nothing is let through, and
//! told; all else stays a change.

use std::collections::{BTreeMap, BTreeSet};

use super::{structure::readable, values};
use crate::read::{
    Error,
    file::File,
    object::{Dictionary, Object},
    xref::Place,
};

/// Flags of an annotation (ISO 32000-2, table 167).
const PRINT: i64 = 1 << 2;
/// That it, or what it says, cannot be moved or changed by its viewer.
const LOCKED: i64 = 1 << 7 | 1 << 9;

/// Whether the widget was at most locked, or made to be printed as it is shown.
pub(super) fn only_locked(before: &Dictionary, after: &Dictionary) -> bool {
    let flags = |widget: &Dictionary| widget.get("F").map_or(Some(0), Object::as_integer);
    let (Some(old), Some(new)) = (flags(before), flags(after)) else { return false };
    let differing = old ^ new;
    differing & !(PRINT | LOCKED) == 0 && (differing & PRINT == 0 || new & PRINT != 0)
}

/// The list, wherever it stands; empty when there is none.
pub(super) fn list(file: &File<'_>, list: Option<&Object>) -> Result<Option<Vec<Object>>, Error> {
    let list = list.map_or(Ok(Object::Null), |list| file.resolve(list))?;
    Ok(match list {
        Object::Null => Some(Vec::new()),
        Object::Array(items) => Some(items),
        _ => None,
    })
}

/// Whether the form's resources are what they were, but for fonts under names that nothing in the signed file asks for. A font
/// under a name that a field waits for could show other letters there.
pub(super) fn only_fonts_added(
    signed: &File<'_>,
    now: &File<'_>,
    before: Option<&Object>,
    after: Option<&Object>,
) -> Result<bool, Error> {
    let resources = |file: &File<'_>, resources: Option<&Object>| {
        let Some(resources) = values::plain(file, resources)? else { return Ok(None) };
        let mut resources = resources.into_dictionary().unwrap_or_default();
        let Some(fonts) = values::plain(file, resources.remove("Font").as_ref())? else { return Ok(None) };
        Ok::<_, Error>(Some((resources, fonts.into_dictionary().unwrap_or_default())))
    };
    let (Some((old_others, old_fonts)), Some((new_others, new_fonts))) =
        (resources(signed, before)?, resources(now, after)?)
    else {
        return Ok(false);
    };
    // By their names: there may be very many.
    let old_fonts: BTreeMap<&[u8], &Object> = old_fonts.iter().collect();
    let new_fonts: BTreeMap<&[u8], &Object> = new_fonts.iter().collect();
    let kept = old_fonts.iter().all(|(name, font)| new_fonts.get(name) == Some(font));
    if !keeps_others(&old_others, &new_others) || !kept {
        return Ok(false);
    }
    let asked = asked_names(signed)?;
    let is_free = |name: &[u8]| old_fonts.contains_key(name) || !asked.contains(name);
    // A name may be written with escapes; then nobody compares it here.
    let plain = !asked.iter().any(|name| name.contains(&b'#'));
    Ok(plain && new_fonts.keys().all(|name| is_free(name)))
}

/// Whether the resources beside fonts are what they were. Acrobat adds those that nothing is drawn with.
fn keeps_others(before: &Dictionary, after: &Dictionary) -> bool {
    let (before, after): (BTreeMap<_, _>, BTreeMap<_, _>) = (before.iter().collect(), after.iter().collect());
    let is_unused = |key: &[u8]| matches!(key, b"Encoding" | b"ProcSet") && !before.contains_key(key);
    before.iter().all(|(key, value)| after.get(key) == Some(value))
        && after.keys().all(|key| before.contains_key(key) || is_unused(key))
}

/// The names in all default appearances (`/DA`) of the file.
fn asked_names(file: &File<'_>) -> Result<BTreeSet<Vec<u8>>, Error> {
    let mut names = BTreeSet::new();
    for (number, place) in file.xref.iter() {
        if place != Place::Free {
            // What is broken, and used all the same, fails for itself.
            if let Some(loaded) = readable(file.load_number(number))? {
                appearances(file, &loaded.object, &mut names)?;
            }
        }
    }
    Ok(names)
}

/// Nesting is limited by the parser.
fn appearances(file: &File<'_>, object: &Object, names: &mut BTreeSet<Vec<u8>>) -> Result<(), Error> {
    match object {
        Object::Array(items) => items.iter().try_for_each(|item| appearances(file, item, names)),
        Object::Dictionary(dictionary) => {
            if let Some(text) = dictionary.get("DA") {
                let text = file.resolve(text)?;
                names.extend(text.as_string().into_iter().flat_map(names_of));
            }
            dictionary.iter().try_for_each(|(_, value)| appearances(file, value, names))
        }
        _ => Ok(()),
    }
}

/// Whatever follows a slash, up to a delimiter.
fn names_of(text: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0 || b"()<>[]{}/%".contains(byte);
    text.split(|byte| *byte == b'/')
        .skip(1)
        .map(move |rest| rest.iter().take_while(|byte| !is_end(byte)).copied().collect())
}
