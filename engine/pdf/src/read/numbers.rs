//! Why: whether an object is in a set is asked for each object of a file, for each of its signatures; a bit for each number answers
//! at once.

use crate::limits::OBJECTS_MAX;

/// Object numbers, each once, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    /// The lowest bit is the lowest number.
    words: Vec<u64>,
}

/// The word of a number, and its bit there.
fn at(number: u32) -> (usize, u64) {
    (usize::try_from(number / u64::BITS).unwrap_or(usize::MAX), 1 << (number % u64::BITS))
}

impl Numbers {
    /// Adds a number; says whether it was not there. One that no cross-reference may name is left out, for no object has it.
    pub(crate) fn insert(&mut self, number: u32) -> bool {
        let (index, bit) = at(number);
        if usize::try_from(number).unwrap_or(usize::MAX) >= OBJECTS_MAX {
            return false;
        }
        if index >= self.words.len() {
            self.words.resize(index + 1, 0);
        }
        let Some(word) = self.words.get_mut(index) else { return false };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    pub(crate) fn contains(&self, number: u32) -> bool {
        let (index, bit) = at(number);
        self.words.get(index).is_some_and(|word| word & bit != 0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// From the lowest to the highest.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0_u32..).zip(&self.words).filter(|(_, word)| **word != 0).flat_map(|(index, word)| {
            (0..u64::BITS).filter(move |bit| word >> bit & 1 == 1).map(move |bit| index * u64::BITS + bit)
        })
    }
}

impl Extend<u32> for Numbers {
    fn extend<T: IntoIterator<Item = u32>>(&mut self, numbers: T) {
        for number in numbers {
            self.insert(number);
        }
    }
}

impl FromIterator<u32> for Numbers {
    fn from_iter<T: IntoIterator<Item = u32>>(numbers: T) -> Self {
        let mut all = Self::default();
        all.extend(numbers);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_there_once_and_in_their_order() {
        let mut numbers: Numbers = [700, 0, 63, 64, 700].into_iter().collect();
        assert!(!numbers.insert(64) && numbers.insert(65));
        assert_eq!(numbers.iter().collect::<Vec<_>>(), [0, 63, 64, 65, 700]);
        assert!(numbers.contains(63) && !numbers.contains(62) && !numbers.contains(100_000));
        assert!(!numbers.is_empty() && Numbers::default().is_empty());
    }

    #[test]
    fn a_number_that_no_object_has_takes_no_room() {
        let mut numbers = Numbers::default();
        assert!(!numbers.insert(u32::MAX));
        assert!(numbers.words.is_empty() && !numbers.contains(u32::MAX));
    }
}
