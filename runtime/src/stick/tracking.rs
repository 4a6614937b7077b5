//! Entries that a session or a stream tracks: they stay as long as it does, and its events are counted on them.

use std::{sync::Arc, time::Instant};

use locum_model::proxy::DataType;

use super::{COUNTERS, Entry, Table};
use crate::clock;

/// An entry that is held; given back when this is dropped.
#[derive(Debug)]
pub struct Tracked {
    table: Arc<Table>,
    entry: Arc<Entry>,
}

impl Tracked {
    /// Begins to track: the entry is made where there is none, and a connection is counted on it. `None`: the table is
    /// full.
    pub fn begin(table: &Arc<Table>, key: &[u8], now: Instant) -> Option<Self> {
        let entry = table.obtain_held(key, table.milliseconds(now))?;
        let tracked = Self {
            table: table.clone(),
            entry,
        };
        tracked.count(DataType::ConnCnt, 1, now);
        tracked.count(DataType::ConnRate, 1, now);
        tracked.count(DataType::ConnCur, 1, now);
        Some(tracked)
    }

    /// The table.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// The entry.
    pub fn entry(&self) -> &Arc<Entry> {
        &self.entry
    }

    /// Counts what the table stores of it.
    pub fn count(&self, kind: DataType, count: u64, now: Instant) {
        let now_ms = self.table.milliseconds(now);
        self.entry.add(&self.table.layout, kind, 0, count, now_ms);
        self.entry.touch(now_ms);
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.entry
            .subtract_one(&self.table.layout, DataType::ConnCur);
        self.entry.touch(self.table.milliseconds(clock::now()));
        self.entry.release();
    }
}

/// What a session or a stream tracks. While it is nothing it is no more than an empty pointer.
#[derive(Debug, Default)]
pub struct Tracking(Option<Box<[Option<Tracked>; COUNTERS]>>);

impl Tracking {
    /// The entry of that number.
    pub fn at(&self, number: usize) -> Option<&Tracked> {
        self.0.as_ref()?.get(number)?.as_ref()
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Tracked> {
        self.0.iter().flat_map(|all| all.iter().flatten())
    }

    /// Tracks an entry under that number.
    pub fn set(&mut self, number: usize, tracked: Tracked) {
        if let Some(place) = self.0.get_or_insert_default().get_mut(number) {
            *place = Some(tracked);
        }
    }

    /// Counts one event and its rate on all.
    pub fn count(&self, events: (DataType, DataType), count: u64, now: Instant) {
        for tracked in self.all() {
            tracked.count(events.0, count, now);
            tracked.count(events.1, count, now);
        }
    }
}

/// A number and its rate, for [`Tracking::count`].
pub mod events {
    use locum_model::proxy::DataType::{self, *};

    /// A session was opened.
    pub const SESSION: (DataType, DataType) = (SessCnt, SessRate);
    /// A request came, or should have.
    pub const REQUEST: (DataType, DataType) = (HttpReqCnt, HttpReqRate);
    /// A request was the client's error.
    pub const ERROR: (DataType, DataType) = (HttpErrCnt, HttpErrRate);
    /// A response was the server's failure.
    pub const FAILURE: (DataType, DataType) = (HttpFailCnt, HttpFailRate);
    /// Bytes of clients.
    pub const BYTES_IN: (DataType, DataType) = (BytesInCnt, BytesInRate);
    /// Bytes to clients.
    pub const BYTES_OUT: (DataType, DataType) = (BytesOutCnt, BytesOutRate);

    /// What a response's status is counted as: 4xx are the client's errors, 5xx the server's failures but for 501 and
    /// 505 (observed).
    pub fn of_status(status: u16) -> Option<(DataType, DataType)> {
        match status {
            400..=499 => Some(ERROR),
            501 | 505 => None,
            500..=599 => Some(FAILURE),
            _ => None,
        }
    }
}
