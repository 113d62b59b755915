//! Why: decoders go on where a picture's data is broken and fill what is lost with grey. Half a contract must not go into a file
//! without a word, so each block of the picture is read here once more, without drawing it, and every bit must be there.
//!
//! ```text
//! tables, frame ─► scan: blocks … RST0 blocks … RST1 blocks ─► tables, scan … ─► end
//!                        as many as the size says, and nothing between them and the marker
//! ```

use super::{
    END, Fault, START_OF_SCAN,
    bits::{Bits, Codes},
};

/// More scans than any program writes; each goes over the whole picture.
const SCANS_MAX: usize = 100;
/// How bright a block may be, in the units of its transform: half as much again as black and white, since some encoders
/// overshoot. Where data is lost, what follows drifts away.
const BRIGHTNESS_MAX: i32 = 1_536;

/// One colour of the frame.
struct Component {
    id: u8,
    /// Blocks of one unit (the least piece with all colours), across and down.
    unit: [usize; 2],
    /// Blocks of the picture, without those that fill up the last units.
    own: [usize; 2],
    /// Blocks of a row, with those.
    columns: usize,
    quantization: usize,
    /// The brightness of the block before.
    brightness: i32,
    /// Of each block of a progressive picture, which of its 64 numbers are not 0.
    known: Vec<u64>,
    /// Of each number, how many of its lowest bits are still to come.
    missing: [u8; 64],
}

/// What is not known yet.
const UNKNOWN: u8 = u8::MAX;

struct Frame {
    is_progressive: bool,
    components: Vec<Component>,
    /// Units across and down.
    units: [usize; 2],
}

#[derive(Default)]
struct Tables {
    dc: [Option<Codes>; 4],
    ac: [Option<Codes>; 4],
    /// The factor of a block's brightness.
    steps: [i32; 4],
    /// Units between restarts; 0 for none.
    interval: usize,
}

/// What a scan brings: these numbers of each block, and of them these bits.
struct Scan {
    /// Component, and its tables for the first number and the others.
    parts: Vec<(usize, usize, usize)>,
    first: usize,
    last: usize,
    /// The lowest bit that is known before; 0 for none.
    before: u8,
    /// The lowest bit that is known after.
    after: u8,
}

/// Reads all of the picture, which begins with its first marker.
pub(super) fn check(bytes: &[u8]) -> Result<(), Fault> {
    const CUT: Fault = "it ends within a segment";
    let (mut tables, mut frame, mut scans, mut at) = (Tables::default(), None, 0, 2);
    loop {
        // What else stands between segments is nothing of the picture.
        at += bytes.get(at..).unwrap_or_default().iter().take_while(|byte| **byte != 0xff).count();
        let (marker, behind) = marker(bytes, at)?;
        if marker == END {
            return frame.as_ref().ok_or("it has no frame").and_then(Frame::check_complete);
        }
        let (length, _) = bytes.get(behind..).unwrap_or_default().split_first_chunk::<2>().ok_or(CUT)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let segment = bytes.get(behind..behind + length).and_then(|segment| segment.get(2..)).ok_or(CUT)?;
        at = behind + length;
        match marker {
            0xc0..=0xc2 if frame.is_none() => frame = Some(Frame::read(segment, marker == 0xc2)?),
            0xc4 => tables.codes(segment)?,
            0xc0..=0xcf => return Err("it is coded in an unusual way"),
            0xdb => tables.steps(segment)?,
            0xdd => tables.interval = segment.first_chunk::<2>().map_or(0, |i| u16::from_be_bytes(*i).into()),
            START_OF_SCAN => {
                let frame = frame.as_mut().ok_or("a scan comes before the frame")?;
                scans += 1;
                if scans > SCANS_MAX {
                    return Err("it has too many scans");
                }
                let scan = frame.scan(segment)?;
                at = frame.read_scan(&scan, &tables, bytes, at)?;
            }
            _ => {}
        }
    }
}

/// The marker at a place, where any number of FF may stand before it, and what is behind it.
fn marker(bytes: &[u8], at: usize) -> Result<(u8, usize), Fault> {
    let rest = bytes.get(at..).unwrap_or_default();
    let filling = rest.iter().take_while(|byte| **byte == 0xff).count();
    match rest.get(filling) {
        None => Err("the file ends before the picture does"),
        Some(marker) if filling > 0 => Ok((*marker, at + filling + 1)),
        Some(_) => Err("there is no marker where one should be"),
    }
}

impl Tables {
    fn codes(&mut self, mut segment: &[u8]) -> Result<(), Fault> {
        while let Some((place, table)) = segment.split_first() {
            let (codes, length) = Codes::read(table)?;
            let tables = if place >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *tables.get_mut(usize::from(place & 15)).ok_or("a table is broken")? = Some(codes);
            segment = table.get(length..).unwrap_or_default();
        }
        Ok(())
    }

    fn steps(&mut self, mut segment: &[u8]) -> Result<(), Fault> {
        while let Some((place, table)) = segment.split_first() {
            let (step, length) = match (place >> 4, table) {
                (0, [step, ..]) => (i32::from(*step), 64),
                (_, [high, low, ..]) => (i32::from(u16::from_be_bytes([*high, *low])), 128),
                _ => return Err("a table is broken"),
            };
            *self.steps.get_mut(usize::from(place & 15)).ok_or("a table is broken")? = step;
            segment = table.get(length..).ok_or("a table is broken")?;
        }
        Ok(())
    }

    fn of(tables: &[Option<Codes>; 4], place: usize) -> Result<&Codes, Fault> {
        tables.get(place).and_then(Option::as_ref).ok_or("a table is missing")
    }
}

impl Frame {
    fn read(segment: &[u8], is_progressive: bool) -> Result<Self, Fault> {
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

    fn check_complete(&self) -> Result<(), Fault> {
        let is_known = |component: &Component| component.missing.iter().all(|missing| *missing == 0);
        if self.components.iter().all(is_known) { Ok(()) } else { Err("a part of it is missing") }
    }

    fn scan(&mut self, segment: &[u8]) -> Result<Scan, Fault> {
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
    fn read_scan(&mut self, scan: &Scan, tables: &Tables, bytes: &[u8], at: usize) -> Result<usize, Fault> {
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

struct Reading<'r, 'b> {
    bits: &'r mut Bits<'b>,
    scan: &'r Scan,
    tables: &'r Tables,
    /// Tables for a block's first number and the others.
    codes: (usize, usize),
}

impl Reading<'_, '_> {
    /// `skipped` is how many of the next blocks get nothing from this scan.
    fn block(&mut self, component: &mut Component, block: usize, skipped: &mut usize) -> Result<(), Fault> {
        let Scan { first, last, before, .. } = *self.scan;
        if first == 0 {
            match before {
                0 => self.brightness(component)?,
                _ => {
                    self.bits.take(1)?;
                }
            }
        }
        if last == 0 {
            return Ok(());
        }
        let mut none = 0;
        let known = component.known.get_mut(block).unwrap_or(&mut none);
        if before > 0 {
            return self.refine(known, skipped);
        }
        if *skipped > 0 {
            *skipped -= 1;
            return Ok(());
        }
        let codes = Tables::of(&self.tables.ac, self.codes.1)?;
        let mut place = first.max(1);
        while place <= last {
            let symbol = self.bits.symbol(codes)?;
            let (zeros, size) = (usize::from(symbol >> 4), symbol & 15);
            match (zeros, size) {
                (15, 0) => place += 16,
                (_, 0) => {
                    *skipped = self.run(zeros)? - 1;
                    return Ok(());
                }
                _ => {
                    place += zeros;
                    if place > last || size > 10 {
                        return Err("its data is broken");
                    }
                    self.bits.take(size)?;
                    *known |= 1 << place;
                    place += 1;
                }
            }
        }
        if place > last + 1 { Err("its data is broken") } else { Ok(()) }
    }

    /// How many blocks are at their end, this one among them.
    fn run(&mut self, bits: usize) -> Result<usize, Fault> {
        if bits > 0 && self.scan.last - self.scan.first == 63 {
            return Err("its data is broken");
        }
        let more = self.bits.take(u8::try_from(bits).unwrap_or(0))?;
        Ok((1 << bits) + usize::from(more))
    }

    /// A block's first number, as the difference to the block before.
    fn brightness(&mut self, component: &mut Component) -> Result<(), Fault> {
        let size = self.bits.symbol(Tables::of(&self.tables.dc, self.codes.0)?)?;
        if size > 11 {
            return Err("its data is broken");
        }
        let value = i32::from(self.bits.take(size)?);
        // The lower half of the numbers of a size are negative ones.
        let difference = if size > 0 && value < 1 << (size - 1) { value - (1 << size) + 1 } else { value };
        component.brightness += difference;
        let step = self.tables.steps.get(component.quantization).copied().unwrap_or(0);
        let brightness = component.brightness.saturating_mul(step << self.scan.after);
        if brightness.abs() > BRIGHTNESS_MAX + (step << self.scan.after) {
            return Err("it is brighter than white or darker than black");
        }
        Ok(())
    }

    /// A further bit of the numbers that are not 0, and those that become so.
    fn refine(&mut self, known: &mut u64, skipped: &mut usize) -> Result<(), Fault> {
        let codes = Tables::of(&self.tables.ac, self.codes.1)?;
        let Scan { first, last, .. } = *self.scan;
        let mut place = first;
        while *skipped == 0 && place <= last {
            let symbol = self.bits.symbol(codes)?;
            let (mut zeros, size) = (usize::from(symbol >> 4), symbol & 15);
            match size {
                0 if zeros < 15 => {
                    *skipped = self.run(zeros)?;
                    break;
                }
                0 | 1 => {
                    self.bits.take(size)?;
                }
                _ => return Err("its data is broken"),
            }
            while place <= last {
                if *known >> place & 1 == 1 {
                    self.bits.take(1)?;
                } else if zeros == 0 {
                    break;
                } else {
                    zeros -= 1;
                }
                place += 1;
            }
            if size == 1 {
                if place > last {
                    return Err("its data is broken");
                }
                *known |= 1 << place;
            }
            place += 1;
        }
        if *skipped > 0 {
            for place in place..=last {
                if *known >> place & 1 == 1 {
                    self.bits.take(1)?;
                }
            }
            *skipped -= 1;
        }
        Ok(())
    }
}
