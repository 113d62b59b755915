//! Why: where data is lost, what follows is other data; that shows in a block sooner or later.

use super::{
    Fault,
    bits::Bits,
    frame::{Component, Scan},
    tables::Tables,
};

/// How bright a block may be, in the units of its transform: half as much again as black and white, since some encoders
/// overshoot. Where data is lost, what follows drifts away.
const BRIGHTNESS_MAX: i32 = 1_536;

pub(super) struct Reading<'r, 'b> {
    pub(super) bits: &'r mut Bits<'b>,
    pub(super) scan: &'r Scan,
    pub(super) tables: &'r Tables,
    /// Tables for a block's first number and the others.
    pub(super) codes: (usize, usize),
}

impl Reading<'_, '_> {
    /// `skipped` is how many of the next blocks get nothing from this scan.
    pub(super) fn block(
        &mut self,
        component: &mut Component,
        block: usize,
        skipped: &mut usize,
    ) -> Result<(), Fault> {
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
