//! Why: what a scan is read with comes before it, in segments of its own.

use super::{Fault, bits::Codes};

#[derive(Default)]
pub(super) struct Tables {
    pub(super) dc: [Option<Codes>; 4],
    pub(super) ac: [Option<Codes>; 4],
    /// The factor of a block's brightness.
    pub(super) steps: [i32; 4],
    /// Units between restarts; 0 for none.
    pub(super) interval: usize,
}

impl Tables {
    pub(super) fn codes(&mut self, mut segment: &[u8]) -> Result<(), Fault> {
        while let Some((place, table)) = segment.split_first() {
            let (codes, length) = Codes::read(table)?;
            let tables = if place >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *tables.get_mut(usize::from(place & 15)).ok_or("a table is broken")? = Some(codes);
            segment = table.get(length..).unwrap_or_default();
        }
        Ok(())
    }

    pub(super) fn steps(&mut self, mut segment: &[u8]) -> Result<(), Fault> {
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

    pub(super) fn of(tables: &[Option<Codes>; 4], place: usize) -> Result<&Codes, Fault> {
        tables.get(place).and_then(Option::as_ref).ok_or("a table is missing")
    }
}
