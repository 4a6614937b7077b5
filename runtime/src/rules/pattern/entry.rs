//! One pattern of a list, with a map's value.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::ArcSwapOption;

/// A pattern and its value. Only the value can change, and the pattern can go.
#[derive(Debug)]
pub struct Entry {
    /// The pattern.
    pub key: Box<[u8]>,
    /// The version of the list that it belongs to.
    pub version: u32,
    value: Box<[u8]>,
    is_changed: AtomicBool,
    changed: ArcSwapOption<Box<[u8]>>,
    is_gone: AtomicBool,
}

impl Entry {
    /// A fresh one.
    pub fn new(key: &[u8], value: &[u8], version: u32) -> Self {
        Self {
            key: key.into(),
            version,
            value: value.into(),
            is_changed: AtomicBool::new(false),
            changed: ArcSwapOption::empty(),
            is_gone: AtomicBool::new(false),
        }
    }

    /// Gives the value as it is now.
    pub fn with_value<R>(&self, look: impl FnOnce(&[u8]) -> R) -> R {
        if self.is_changed.load(Ordering::Acquire)
            && let Some(value) = &*self.changed.load()
        {
            return look(value);
        }
        look(&self.value)
    }

    pub(super) fn set_value(&self, value: &[u8]) {
        self.changed.store(Some(Arc::new(value.into())));
        self.is_changed.store(true, Ordering::Release);
    }

    pub(super) fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Acquire)
    }

    pub(super) fn go(&self) {
        self.is_gone.store(true, Ordering::Release);
    }
}

/// Patterns in the order of their list. Their places are 32 bits wide.
#[derive(Debug, Default)]
pub(super) struct Entries(Box<[Arc<Entry>]>);

impl Entries {
    /// `None` for more than the places can count.
    pub(super) fn new(entries: Vec<Arc<Entry>>) -> Option<Self> {
        u32::try_from(entries.len())
            .ok()
            .filter(|n| *n < u32::MAX)?;
        Some(Self(entries.into()))
    }

    #[cfg(test)]
    pub(super) fn of_keys<'k>(keys: impl Iterator<Item = &'k [u8]>) -> Self {
        Self(keys.map(|key| Arc::new(Entry::new(key, b"", 0))).collect())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn key(&self, at: u32) -> &[u8] {
        self.0.get(at as usize).map_or(&[], |entry| &entry.key)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|entry| &*entry.key)
    }

    pub(super) fn get(&self, at: u32) -> Option<&Arc<Entry>> {
        self.0.get(at as usize)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Entry>> {
        self.0.iter()
    }
}
