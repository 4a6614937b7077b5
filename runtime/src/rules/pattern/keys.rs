//! The patterns of a list by their text: for commands and actions that change or delete what has a key.

use std::{hash::BuildHasher, sync::Arc};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::entry::Entry;

/// Patterns by their text, several of which may be equal.
#[derive(Debug)]
pub(super) struct Keys {
    table: HashTable<Arc<Entry>>,
    hasher: RandomState,
}

impl Keys {
    pub(super) fn new<'e>(entries: impl Iterator<Item = &'e Arc<Entry>>) -> Self {
        let mut keys = Self {
            table: HashTable::new(),
            hasher: RandomState::default(),
        };
        entries.for_each(|entry| keys.insert(entry.clone()));
        keys
    }

    pub(super) fn insert(&mut self, entry: Arc<Entry>) {
        let hasher = &self.hasher;
        let hash = hasher.hash_one(&*entry.key);
        self.table
            .insert_unique(hash, entry, |other| hasher.hash_one(&*other.key));
    }

    pub(super) fn remove(&mut self, entry: &Arc<Entry>) {
        let hash = self.hasher.hash_one(&*entry.key);
        let same = |other: &Arc<Entry>| Arc::ptr_eq(other, entry);
        if let Ok(slot) = self.table.find_entry(hash, same) {
            slot.remove();
        }
    }

    pub(super) fn find<'s>(&'s self, key: &[u8]) -> impl Iterator<Item = &'s Arc<Entry>> {
        let key: Box<[u8]> = key.into();
        self.table
            .iter_hash(self.hasher.hash_one(&*key))
            .filter(move |entry| entry.key == key)
    }
}
