//! Why: what a later revision did to a dictionary is said entry by entry.

use std::collections::BTreeMap;

use crate::read::{
    Error,
    file::File,
    object::{Dictionary, Object},
};

/// What an entry was, and what it is.
type Values<'d> = (Option<&'d Object>, Option<&'d Object>);

/// The entries that differ: what they were, and what they are. There may be a million of them.
pub(super) fn differing<'d>(before: &'d Dictionary, after: &'d Dictionary) -> BTreeMap<String, Values<'d>> {
    let mut entries: BTreeMap<&[u8], Values<'_>> = BTreeMap::new();
    // Who changes an entry keeps the order of those before it; each key stands once.
    let pairs = || before.iter().zip(after.iter());
    let in_order = pairs().take_while(|((old, _), (new, _))| old == new).count();
    for ((key, old), (_, new)) in pairs().take(in_order).filter(|((_, old), (_, new))| old != new) {
        entries.insert(key, (Some(old), Some(new)));
    }
    for (key, value) in before.iter().skip(in_order) {
        entries.entry(key).or_default().0 = Some(value);
    }
    for (key, value) in after.iter().skip(in_order) {
        entries.entry(key).or_default().1 = Some(value);
    }
    let differing = entries.into_iter().filter(|(_, (old, new))| old != new);
    differing.map(|(key, values)| (String::from_utf8_lossy(key).into_owned(), values)).collect()
}

/// Says whether a dictionary may hold this value under this key.
type MayHold = fn(&File<'_>, &[u8], Option<&Object>) -> Result<bool, Error>;

/// Whether all entries that differ may be what they are now.
pub(super) fn only(
    now: &File<'_>,
    before: &Dictionary,
    after: &Dictionary,
    is: MayHold,
) -> Result<bool, Error> {
    let differing = differing(before, after);
    differing.iter().try_fold(true, |all, (key, (_, new))| Ok(all && is(now, key.as_bytes(), *new)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_differ_whatever_their_order() {
        let of = |entries: &[(&str, i64)]| {
            let mut dictionary = Dictionary::new();
            entries.iter().for_each(|(key, value)| dictionary.set(key, Object::Integer(*value)));
            dictionary
        };
        let before = of(&[("A", 1), ("B", 2), ("C", 3), ("D", 4)]);
        for (after, keys) in [
            (of(&[("A", 1), ("B", 2), ("C", 3), ("D", 4)]), vec![]),
            (of(&[("D", 4), ("C", 3), ("B", 2), ("A", 1)]), vec![]),
            (of(&[("A", 1), ("B", 9), ("C", 3), ("D", 4), ("E", 5)]), vec!["B", "E"]),
            (of(&[("A", 9), ("C", 3), ("D", 4), ("B", 2)]), vec!["A"]),
            (of(&[("A", 1), ("B", 2)]), vec!["C", "D"]),
            (of(&[]), vec!["A", "B", "C", "D"]),
        ] {
            let found = differing(&before, &after);
            assert_eq!(found.keys().collect::<Vec<_>>(), keys);
            assert!(found.iter().all(|(key, (old, new))| (*old, *new) == (before.get(key), after.get(key))));
        }
    }
}
