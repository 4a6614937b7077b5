//! An entry of a table: its key, who holds it, when it was last touched, and what is stored with it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use locum_model::proxy::{DataType, StoredData};
use parking_lot::Mutex;

use super::rate::PeriodRate;

/// Where each kind of data lies in an entry of one table.
#[derive(Debug, Clone)]
pub struct Layout {
    places: [Option<Place>; DataType::ALL.len()],
    cells: usize,
}

/// The place of one kind of data.
#[derive(Debug, Clone, Copy)]
struct Place {
    first: u16,
    stored: StoredData,
}

impl Layout {
    /// For what a table stores.
    pub fn new(stores: &[StoredData]) -> Self {
        let mut layout = Self {
            places: [None; DataType::ALL.len()],
            cells: 0,
        };
        for stored in stores {
            layout.places[stored.kind as usize] = Some(Place {
                first: layout.cells as u16,
                stored: *stored,
            });
            layout.cells += usize::from(stored.count);
        }
        layout
    }

    /// What is stored of that kind.
    pub fn stored(&self, kind: DataType) -> Option<StoredData> {
        self.places[kind as usize].map(|place| place.stored)
    }

    fn place(&self, kind: DataType, index: u32) -> Option<(usize, StoredData)> {
        let place = self.places[kind as usize]?;
        (index < u32::from(place.stored.count))
            .then(|| (usize::from(place.first) + index as usize, place.stored))
    }
}

/// One value of an entry.
#[derive(Debug, Clone, Copy)]
enum Cell {
    Number(u64),
    Rate(PeriodRate),
}

/// An entry. It is shared: who changes one value holds its lock for that long only.
#[derive(Debug)]
pub struct Entry {
    /// Its key's bytes.
    pub key: Box<[u8]>,
    uses: AtomicU32,
    touched_ms: AtomicU64,
    cells: Mutex<Box<[Cell]>>,
}

impl Entry {
    /// A new one, with nothing counted.
    pub fn new(key: &[u8], layout: &Layout, now_ms: u64) -> Self {
        let mut cells = vec![Cell::Number(0); layout.cells];
        for place in layout.places.iter().flatten() {
            if place.stored.kind.is_rate() {
                let first = usize::from(place.first);
                cells[first..first + usize::from(place.stored.count)]
                    .fill(Cell::Rate(PeriodRate::default()));
            }
        }
        Self {
            key: key.into(),
            uses: AtomicU32::new(0),
            touched_ms: AtomicU64::new(now_ms),
            cells: Mutex::new(cells.into()),
        }
    }

    /// How many track it: it stays as long as there is one.
    pub fn uses(&self) -> u32 {
        self.uses.load(Relaxed)
    }

    /// One more tracks it. Only under the lock of its shard, or by one that tracks it already.
    pub(super) fn hold(&self) {
        self.uses.fetch_add(1, Relaxed);
    }

    /// One fewer.
    pub(super) fn release(&self) {
        self.uses.fetch_sub(1, Relaxed);
    }

    /// When it was last touched.
    pub fn touched_ms(&self) -> u64 {
        self.touched_ms.load(Relaxed)
    }

    /// Its time begins anew.
    pub fn touch(&self, now_ms: u64) {
        self.touched_ms.fetch_max(now_ms, Relaxed);
    }

    /// A value: of a rate, that of now. `None`: it isn't stored.
    pub fn read(&self, layout: &Layout, kind: DataType, index: u32, now_ms: u64) -> Option<u64> {
        let (at, stored) = layout.place(kind, index)?;
        Some(match self.cells.lock()[at] {
            Cell::Number(number) => number,
            Cell::Rate(rate) => u64::from(rate.read(now_ms, stored.period_ms)),
        })
    }

    /// Counts, and tells the new value. `None`: it isn't stored.
    pub fn add(
        &self,
        layout: &Layout,
        kind: DataType,
        index: u32,
        count: u64,
        now_ms: u64,
    ) -> Option<u64> {
        let (at, stored) = layout.place(kind, index)?;
        Some(match &mut self.cells.lock()[at] {
            Cell::Number(number) => {
                *number = narrow(kind, number.wrapping_add(count));
                *number
            }
            Cell::Rate(rate) => {
                let count = u32::try_from(count).unwrap_or(u32::MAX);
                rate.add(now_ms, stored.period_ms, count);
                u64::from(rate.read(now_ms, stored.period_ms))
            }
        })
    }

    /// One fewer of what is counted as present.
    pub fn subtract_one(&self, layout: &Layout, kind: DataType) {
        if let Some((at, _)) = layout.place(kind, 0)
            && let Cell::Number(number) = &mut self.cells.lock()[at]
        {
            *number = number.saturating_sub(1);
        }
    }

    /// Sets a value, and tells the one before. `None`: it isn't stored.
    pub fn set(
        &self,
        layout: &Layout,
        kind: DataType,
        index: u32,
        value: u64,
        now_ms: u64,
    ) -> Option<u64> {
        let (at, stored) = layout.place(kind, index)?;
        Some(match &mut self.cells.lock()[at] {
            Cell::Number(number) => std::mem::replace(number, narrow(kind, value)),
            Cell::Rate(rate) => {
                let before = rate.read(now_ms, stored.period_ms);
                if value == 0 {
                    rate.clear();
                } else {
                    rate.set(now_ms, value as u32);
                }
                u64::from(before)
            }
        })
    }
}

/// Most values have 32 bits and wrap there (observed).
fn narrow(kind: DataType, value: u64) -> u64 {
    if kind.is_wide() {
        value
    } else {
        u64::from(value as u32)
    }
}
