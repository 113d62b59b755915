//! Why: what a picture's scan holds is bits, and whether one is missing shows only to whoever counts them.

use super::Fault;

/// The bits of a scan up to its next marker.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// The next byte to be taken.
    at: usize,
    /// Bits that were taken, the next one uppermost.
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, held: 0, count: 0 }
    }

    /// Takes bytes up to a marker; FF 00 is a byte of FF.
    fn fill(&mut self) {
        while self.count <= 56 {
            let Some(byte) = self.bytes.get(self.at).copied() else { return };
            if byte == 0xff {
                if self.bytes.get(self.at + 1) != Some(&0) {
                    return;
                }
                self.at += 1;
            }
            self.at += 1;
            self.held |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    fn skip(&mut self, count: u32) -> Result<(), Fault> {
        self.count = self.count.checked_sub(count).ok_or("its data ends early")?;
        self.held <<= count;
        Ok(())
    }

    /// The next bits as a number, at most 16.
    pub(super) fn take(&mut self, count: u8) -> Result<u16, Fault> {
        if count == 0 {
            return Ok(0);
        }
        if self.count < 16 {
            self.fill();
        }
        let value = self.held >> (64 - u32::from(count));
        self.skip(count.into())?;
        u16::try_from(value).map_err(|_| "its data is broken")
    }

    /// The next symbol.
    pub(super) fn symbol(&mut self, codes: &Codes) -> Result<u8, Fault> {
        if self.count < 16 {
            self.fill();
        }
        let ahead = u16::try_from(self.held >> 48).unwrap_or_default();
        let (length, symbol) = codes.find(ahead).ok_or("its data is broken")?;
        self.skip(length)?;
        Ok(symbol)
    }

    /// Ends at a marker; answers where it is. Only what fills up the last byte may be left.
    pub(super) fn end(mut self) -> Result<usize, Fault> {
        self.fill();
        if self.count >= 8 { Err("there is more data than picture") } else { Ok(self.at) }
    }
}

/// Huffman codes: of each length the first code, and where its symbols begin.
pub(super) struct Codes {
    /// By the next eight bits, the length of the code that begins with them and its symbol; 0 for a longer code.
    short: Vec<(u8, u8)>,
    /// By length from 1, what is above all codes of that length or shorter, 16 bits wide.
    above: [u32; 16],
    /// By length from 1, the place of the symbol of code 0.
    places: [i32; 16],
    symbols: Vec<u8>,
}

impl Codes {
    /// Of how many codes there are of each length, and their symbols. Also says how long the table is.
    pub(super) fn read(table: &[u8]) -> Result<(Self, usize), Fault> {
        const BROKEN: Fault = "a table is broken";
        let (counts, rest) = table.split_first_chunk::<16>().ok_or(BROKEN)?;
        let total: usize = counts.iter().map(|count| usize::from(*count)).sum();
        let symbols = rest.get(..total.min(257)).filter(|_| total <= 256).ok_or(BROKEN)?.to_vec();
        let mut codes = Self { short: vec![(0, 0); 256], above: [0; 16], places: [0; 16], symbols };
        let (mut code, mut place) = (0_u32, 0_i32);
        for (index, count) in counts.iter().enumerate() {
            let length = index + 1;
            if let Some(slot) = codes.places.get_mut(index) {
                *slot = place - i32::try_from(code).map_err(|_| BROKEN)?;
            }
            for _ in 0..*count {
                if code >= 1 << length {
                    return Err(BROKEN);
                }
                if length <= 8 {
                    let symbol = usize::try_from(place).ok().and_then(|place| codes.symbols.get(place));
                    let entry = (u8::try_from(length).unwrap_or(0), symbol.copied().unwrap_or(0));
                    let first = (code as usize) << (8 - length);
                    codes.short.iter_mut().skip(first).take(1 << (8 - length)).for_each(|slot| *slot = entry);
                }
                code += 1;
                place += 1;
            }
            if let Some(slot) = codes.above.get_mut(index) {
                *slot = code << (16 - length);
            }
            code <<= 1;
        }
        Ok((codes, 16 + total))
    }

    /// The length of the code that the bits begin with, and its symbol.
    fn find(&self, ahead: u16) -> Option<(u32, u8)> {
        let (length, symbol) = self.short.get(usize::from(ahead >> 8)).copied()?;
        if length > 0 {
            return Some((length.into(), symbol));
        }
        let index = self.above.iter().position(|above| u32::from(ahead) < *above)?;
        let code = i32::from(ahead >> (15 - index));
        let place = usize::try_from(code + self.places.get(index)?).ok()?;
        Some((u32::try_from(index).ok()? + 1, *self.symbols.get(place)?))
    }
}
