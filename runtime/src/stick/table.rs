//! A table: entries by key in sharded maps, and a queue of their ages.
//!
//! ```text
//!   track ─▶ shard (by the key's hash) ─▶ entry, held ──▶ counts, touches ──▶ released
//!   new entry ─▶ queue of ages ─▶ the oldest that nobody holds goes when the table is full or its time is over
//! ```
//!
//! Touching an entry moves nothing: its place in the queue is mended when it comes up. No lock is held while another of
//! the same kind is asked for: first the queue is asked for a candidate, then its shard, where it is looked at again.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

use locum_model::proxy::StickTable;
use parking_lot::Mutex;

use super::entry::{Entry, Layout};

/// Maps per table: enough that workers seldom meet.
const SHARDS: usize = 16;

/// Entries by the bytes of their keys.
type Shard = HashMap<Box<[u8]>, Arc<Entry>>;

/// A stick table.
#[derive(Debug)]
pub struct Table {
    /// Its name: that of its proxy.
    pub name: Arc<str>,
    /// As written.
    pub settings: StickTable,
    /// Where what is stored lies in an entry.
    pub layout: Layout,
    origin: Instant,
    expire_ms: Option<u64>,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
    ages: Mutex<Ages>,
    used: AtomicUsize,
}

/// Entries in the order in which they were touched, as far as known.
#[derive(Debug, Default)]
struct Ages {
    queue: BTreeMap<(u64, u64), Arc<Entry>>,
    next: u64,
}

impl Ages {
    fn push(&mut self, at_ms: u64, entry: Arc<Entry>) {
        self.next += 1;
        self.queue.insert((at_ms, self.next), entry);
    }
}

impl Table {
    /// An empty one.
    pub fn new(name: &str, settings: &StickTable, now: Instant) -> Self {
        Self {
            name: name.into(),
            layout: Layout::new(&settings.stores),
            origin: now,
            expire_ms: settings
                .expire
                .map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX / 4)),
            hasher: RandomState::new(),
            shards: Default::default(),
            ages: Mutex::default(),
            used: AtomicUsize::new(0),
            settings: settings.clone(),
        }
    }

    /// A moment in the table's milliseconds. They begin late enough that no period is running at the start.
    pub fn milliseconds(&self, now: Instant) -> u64 {
        const START: u64 = 1 << 40;
        START + now.saturating_duration_since(self.origin).as_millis() as u64
    }

    /// Entries now.
    pub fn used(&self, now_ms: u64) -> usize {
        self.drop_expired(now_ms);
        self.used.load(Relaxed)
    }

    /// Milliseconds until an entry goes unless it is touched; 0: none are left, or it stays.
    pub fn expires_in(&self, entry: &Entry, now_ms: u64) -> u64 {
        self.expire_ms.map_or(0, |expire| {
            (entry.touched_ms() + expire).saturating_sub(now_ms)
        })
    }

    /// Milliseconds since an entry was touched; 0 where entries don't expire.
    pub fn idle(&self, entry: &Entry, now_ms: u64) -> u64 {
        self.expire_ms.map_or(0, |expire| {
            expire - self.expires_in(entry, now_ms).min(expire)
        })
    }

    fn is_expired(&self, entry: &Entry, now_ms: u64) -> bool {
        self.expire_ms
            .is_some_and(|expire| entry.uses() == 0 && entry.touched_ms() + expire <= now_ms)
    }

    fn shard(&self, key: &[u8]) -> &Mutex<Shard> {
        &self.shards[self.hasher.hash_one(key) as usize % SHARDS]
    }

    /// An entry, if it is there. Looking touches nothing.
    pub fn find(&self, key: &[u8], now_ms: u64) -> Option<Arc<Entry>> {
        let shard = self.shard(key).lock();
        let entry = shard.get(key)?;
        (!self.is_expired(entry, now_ms)).then(|| entry.clone())
    }

    /// An entry, made where there is none. `None`: the table is full and drops nothing.
    pub fn obtain(&self, key: &[u8], now_ms: u64) -> Option<Arc<Entry>> {
        self.obtain_with(key, now_ms, |_| {})
    }

    /// The same, held.
    pub(super) fn obtain_held(&self, key: &[u8], now_ms: u64) -> Option<Arc<Entry>> {
        self.obtain_with(key, now_ms, Entry::hold)
    }

    fn obtain_with(&self, key: &[u8], now_ms: u64, with: impl Fn(&Entry)) -> Option<Arc<Entry>> {
        let known = |map: &Shard| {
            let entry = map.get(key)?;
            (!self.is_expired(entry, now_ms)).then(|| {
                with(entry);
                entry.touch(now_ms);
                entry.clone()
            })
        };
        if let Some(entry) = known(&self.shard(key).lock()) {
            return Some(entry);
        }
        self.drop_expired(now_ms);
        if !self.make_room() {
            return None;
        }
        let entry = {
            let mut shard = self.shard(key).lock();
            // Another worker may have been faster.
            if let Some(entry) = known(&shard) {
                drop(shard);
                self.used.fetch_sub(1, Relaxed);
                return Some(entry);
            }
            let entry = Arc::new(Entry::new(key, &self.layout, now_ms));
            with(&entry);
            if shard.insert(key.into(), entry.clone()).is_some() {
                // One whose time was over and that somebody held until just now.
                self.used.fetch_sub(1, Relaxed);
            }
            entry
        };
        self.ages.lock().push(now_ms, entry.clone());
        Some(entry)
    }

    /// Takes a place, dropping the oldest entries where none is free.
    fn make_room(&self) -> bool {
        let size = self.settings.size as usize;
        loop {
            let taken = self
                .used
                .fetch_update(Relaxed, Relaxed, |used| (used < size).then_some(used + 1));
            if taken.is_ok() {
                return true;
            }
            if self.settings.nopurge || !self.drop_oldest() {
                return false;
            }
        }
    }

    /// Drops the entry that was touched longest ago and that nobody holds. `false`: all are held.
    fn drop_oldest(&self) -> bool {
        let mut passed = Vec::new();
        let mut dropped = false;
        while !dropped {
            let next = self.ages.lock().queue.pop_first();
            let Some(((at_ms, _), entry)) = next else {
                break;
            };
            if entry.touched_ms() > at_ms {
                self.ages.lock().push(entry.touched_ms(), entry);
            } else if self.is_current(&entry) {
                dropped = self.take_out(&entry);
                if !dropped {
                    passed.push((at_ms, entry));
                }
            }
        }
        let mut ages = self.ages.lock();
        for (at_ms, entry) in passed {
            ages.push(at_ms, entry);
        }
        dropped
    }

    /// Drops entries whose time is over.
    fn drop_expired(&self, now_ms: u64) {
        let Some(expire) = self.expire_ms else { return };
        loop {
            let mut ages = self.ages.lock();
            let due = ages
                .queue
                .first_key_value()
                .is_some_and(|((at_ms, _), _)| at_ms + expire <= now_ms);
            if !due {
                return;
            }
            let Some(((at_ms, _), entry)) = ages.queue.pop_first() else {
                return;
            };
            let touched = entry.touched_ms();
            if touched > at_ms {
                ages.push(touched, entry);
            } else if entry.uses() > 0 {
                // It is looked at again when its holder may be gone.
                ages.push(now_ms, entry);
            } else {
                drop(ages);
                self.take_out(&entry);
            }
        }
    }

    /// Whether the entry is the one that its key leads to.
    fn is_current(&self, entry: &Arc<Entry>) -> bool {
        let shard = self.shard(&entry.key).lock();
        shard
            .get(&entry.key)
            .is_some_and(|found| Arc::ptr_eq(found, entry))
    }

    /// Takes an entry out of its map unless somebody holds it.
    fn take_out(&self, entry: &Arc<Entry>) -> bool {
        let mut shard = self.shard(&entry.key).lock();
        let is_it = shard
            .get(&entry.key)
            .is_some_and(|found| Arc::ptr_eq(found, entry) && found.uses() == 0);
        if is_it {
            shard.remove(&entry.key);
            self.used.fetch_sub(1, Relaxed);
        }
        is_it
    }

    /// Removes an entry at somebody's order. `false`: it is in use.
    pub fn remove(&self, entry: &Arc<Entry>) -> bool {
        let removed = self.take_out(entry);
        if removed {
            // Whoever takes old entries out must not meet it again: the queue would grow without bound.
            self.ages
                .lock()
                .queue
                .retain(|_, other| !Arc::ptr_eq(other, entry));
        }
        removed
    }

    /// Removes all that the test chooses and that nobody holds.
    pub fn remove_where(&self, chosen: impl Fn(&Entry) -> bool) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            let before = shard.len();
            shard.retain(|_, entry| entry.uses() > 0 || !chosen(entry));
            self.used.fetch_sub(before - shard.len(), Relaxed);
        }
        let queued: Vec<_> = {
            let mut ages = self.ages.lock();
            std::mem::take(&mut ages.queue).into_iter().collect()
        };
        for (place, entry) in queued {
            if self.is_current(&entry) {
                self.ages.lock().queue.insert(place, entry);
            }
        }
    }

    /// All entries in the order of their keys.
    pub fn entries(&self, now_ms: u64) -> Vec<Arc<Entry>> {
        self.drop_expired(now_ms);
        let mut entries: Vec<Arc<Entry>> = Vec::with_capacity(self.used.load(Relaxed));
        for shard in &self.shards {
            let shard = shard.lock();
            entries.extend(
                shard
                    .values()
                    .filter(|entry| !self.is_expired(entry, now_ms))
                    .cloned(),
            );
        }
        entries.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        entries
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
