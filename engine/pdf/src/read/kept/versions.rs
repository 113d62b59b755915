//! Why: most objects have one version, and are asked for in the order of their numbers. All versions stand one behind the other, as they
//! were kept, so that going through a file's objects is going through memory.

/// What is kept of each version of an object, by the object's number.
#[derive(Debug)]
pub(super) struct Versions<T> {
    /// By number: where the version that was kept last stands in `all`, counted from 1; 0 when there is none.
    last: Vec<u32>,
    all: Vec<Version<T>>,
}

#[derive(Debug)]
struct Version<T> {
    /// The version of the same object that was kept before it, as in [`Versions::last`].
    earlier: u32,
    what: T,
}

impl<T> Default for Versions<T> {
    fn default() -> Self {
        Self { last: Vec::new(), all: Vec::new() }
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl<T> Versions<T> {
    /// What is kept of an object, the last that was kept first.
    pub(super) fn of(&self, number: u32) -> impl Iterator<Item = &T> {
        let at = |place: u32| self.all.get(index(place.checked_sub(1)?));
        let last = self.last.get(index(number)).and_then(|place| at(*place));
        std::iter::successors(last, move |version| at(version.earlier)).map(|version| &version.what)
    }

    /// Keeps one more version; the number is one that the cross-reference names, so that it is limited.
    pub(super) fn push(&mut self, number: u32, what: T) {
        let index = index(number);
        if self.last.len() <= index {
            self.last.resize(index + 1, 0);
        }
        let earlier = self.last[index];
        self.all.push(Version { earlier, what });
        self.last[index] = u32::try_from(self.all.len()).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_of_an_object_are_its_own() {
        let mut versions = Versions::default();
        for (number, what) in [(3, "a"), (0, "b"), (3, "c"), (9, "d"), (3, "e")] {
            versions.push(number, what);
        }
        let of = |number| versions.of(number).copied().collect::<Vec<_>>();
        assert_eq!(
            [of(3), of(0), of(9), of(1), of(10)],
            [vec!["e", "c", "a"], vec!["b"], vec!["d"], vec![], vec![]]
        );
    }
}
