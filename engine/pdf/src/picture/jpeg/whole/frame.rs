//! Why: the frame says how many blocks there are, and each scan which of their bits it brings; nothing may be missing at the end.

use super::{Fault, bits::Bits, block::Reading, marker, tables::Tables};

/// One colour of the frame.
pub(super) struct Component {
    pub(super) id: u8,
    /// Blocks of one unit (the least piece with all colours), across and down.
    pub(super) unit: [usize; 2],
    /// Blocks of the picture, without those that fill up the last units.
    pub(super) own: [usize; 2],
    /// Blocks of a row, with those.
    pub(super) columns: usize,
    pub(super) quantization: usize,
    /// The brightness of the block before.
    pub(super) brightness: i32,
    /// Of each block of a progressive picture, which of its 64 numbers are not 0.
    pub(super) known: Vec<u64>,
    /// Of each number, how many of its lowest bits are still to come.
    pub(super) missing: [u8; 64],
}

/// What is not known yet.
const UNKNOWN: u8 = u8::MAX;

pub(super) struct Frame {
    pub(super) is_progressive: bool,
    pub(super) components: Vec<Component>,
    /// Units across and down.
    pub(super) units: [usize; 2],
}

/// What a scan brings: these numbers of each block, and of them these bits.
pub(super) struct Scan {
    /// Component, and its tables for the first number and the others.
    pub(super) parts: Vec<(usize, usize, usize)>,
    pub(super) first: usize,
    pub(super) last: usize,
    /// The lowest bit that is known before; 0 for none.
    pub(super) before: u8,
    /// The lowest bit that is known after.
    pub(super) after: u8,
}

impl Frame {
    pub(super) fn read(segment: &[u8], is_progressive: bool) -> Result<Self, Fault> {
        const BROKEN: Fault = "its frame is broken";
        let (&[precision, h0, h1, w0, w1, count], rest) = segment.split_first_chunk::<6>().ok_or(BROKEN)?;
        let (height, width) =
            (usize::from(u16::from_be_bytes([h0, h1])), usize::from(u16::from_be_bytes([w0, w1])));
        if precision != 8 {
            return Err("it has more than eight bits");
        }
        let parts = rest.get(..3 * usize::from(count)).ok_or(BROKEN)?;
        let sampling =
            |part: &[u8]| part.get(1).map_or([0, 0], |s| [usize::from(s >> 4), usize::from(s & 15)]);
        let most =
            |axis: usize| parts.chunks_exact(3).filter_map(|part| sampling(part).get(axis).copied()).max();
        let (Some(across), Some(down)) = (most(0), most(1)) else { return Err(BROKEN) };
        if width == 0 || height == 0 || across > 4 || down > 4 {
            return Err(BROKEN);
        }
        let units = [width.div_ceil(8 * across), height.div_ceil(8 * down)];
        let mut components = Vec::new();
        for part in parts.chunks_exact(3) {
            let &[id, _, quantization] = part else { return Err(BROKEN) };
            let unit = sampling(part);
            if unit.contains(&0) {
                return Err(BROKEN);
            }
            let columns = units[0] * unit[0];
            let known = if is_progressive { vec![0; columns * units[1] * unit[1]] } else { Vec::new() };
            let own = [(width * unit[0]).div_ceil(8 * across), (height * unit[1]).div_ceil(8 * down)];
            let quantization = usize::from(quantization);
            let missing = [UNKNOWN; 64];
            components.push(Component {
                id,
                unit,
                own,
                columns,
                quantization,
                brightness: 0,
                known,
                missing,
            });
        }
        Ok(Self { is_progressive, components, units })
    }

    pub(super) fn check_complete(&self) -> Result<(), Fault> {
        let is_known = |component: &Component| component.missing.iter().all(|missing| *missing == 0);
        if self.components.iter().all(is_known) { Ok(()) } else { Err("a part of it is missing") }
    }

    pub(super) fn scan(&mut self, segment: &[u8]) -> Result<Scan, Fault> {
        const BROKEN: Fault = "a scan is broken";
        let (count, rest) = segment.split_first().ok_or(BROKEN)?;
        let (parts, rest) = rest.split_at_checked(2 * usize::from(*count)).ok_or(BROKEN)?;
        let &[first, last, bits, ..] = rest else { return Err(BROKEN) };
        let mut scan = Scan { parts: Vec::new(), first: 0, last: 63, before: 0, after: 0 };
        if self.is_progressive {
            (scan.first, scan.last) = (first.into(), last.into());
            (scan.before, scan.after) = (bits >> 4, bits & 15);
        }
        for part in parts.chunks_exact(2) {
            let &[id, tables] = part else { return Err(BROKEN) };
            let index = self.components.iter().position(|component| component.id == id).ok_or(BROKEN)?;
            scan.parts.push((index, usize::from(tables >> 4), usize::from(tables & 15)));
        }
        // The first number comes with those of other colours, the rest does not.
        let is_mixed = self.is_progressive && (scan.first == 0) != (scan.last == 0);
        let is_joined = scan.parts.len() != 1 && scan.first > 0;
        let is_order = scan.first <= scan.last && scan.last < 64 && scan.after < 14;
        if scan.parts.is_empty() || is_mixed || is_joined || !is_order {
            return Err(BROKEN);
        }
        // Each scan goes on where the one before ended.
        let before = if scan.before == 0 { UNKNOWN } else { scan.before };
        for (index, ..) in &scan.parts {
            let component = self.components.get_mut(*index).ok_or(BROKEN)?;
            for missing in component.missing.get_mut(scan.first..=scan.last).ok_or(BROKEN)? {
                if *missing != before || (scan.before > 0 && scan.after + 1 != scan.before) {
                    return Err("a scan is missing");
                }
                *missing = scan.after;
            }
        }
        Ok(scan)
    }

    /// Reads a scan's blocks; answers where the marker behind them is.
    pub(super) fn read_scan(
        &mut self,
        scan: &Scan,
        tables: &Tables,
        bytes: &[u8],
        at: usize,
    ) -> Result<usize, Fault> {
        let alone = match scan.parts.as_slice() {
            [(index, ..)] => self.components.get(*index).map(|component| component.own),
            _ => None,
        };
        let [across, down] = alone.unwrap_or(self.units);
        let mut bits = Bits::new(bytes, at);
        let mut skipped = 0;
        let mut restarts = 0_u8;
        for place in 0..across * down {
            if place % tables.interval.max(1) == 0 && (tables.interval > 0 || place == 0) {
                if place > 0 {
                    let at = bits.end()?;
                    bits = Bits::new(bytes, restarted(bytes, at, restarts)?);
                    restarts = (restarts + 1) % 8;
                }
                self.components.iter_mut().for_each(|component| component.brightness = 0);
                no_rest(skipped)?;
            }
            let (x, y) = (place % across, place / across);
            for (index, dc, ac) in &scan.parts {
                let component = self.components.get_mut(*index).ok_or("a scan is broken")?;
                let unit = if alone.is_some() { [1, 1] } else { component.unit };
                for (row, column) in
                    (0..unit[1]).flat_map(|row| (0..unit[0]).map(move |column| (row, column)))
                {
                    let block = (y * unit[1] + row) * component.columns + x * unit[0] + column;
                    let mut reading = Reading { bits: &mut bits, scan, tables, codes: (*dc, *ac) };
                    reading.block(component, block, &mut skipped)?;
                }
            }
        }
        no_rest(skipped)?;
        let at = bits.end()?;
        // Some write a restart behind the last block as well.
        Ok(if tables.interval > 0 { restarted(bytes, at, restarts).unwrap_or(at) } else { at })
    }
}

/// Blocks that were said to be empty must be there.
const fn no_rest(skipped: usize) -> Result<(), Fault> {
    if skipped == 0 { Ok(()) } else { Err("blocks are missing") }
}

/// What is behind the restart of this number.
fn restarted(bytes: &[u8], at: usize, number: u8) -> Result<usize, Fault> {
    match marker(bytes, at)? {
        (found, behind) if found == 0xd0 | number => Ok(behind),
        _ => Err("a restart is missing"),
    }
}
