use std::time::Duration;

use locum_model::proxy::{DataType, KeyType, StoredData};

use super::*;
use crate::stick::{Tracked, Tracking};

#[allow(clippy::disallowed_methods)]
fn start() -> Instant {
    Instant::now()
}

fn table(size: u32, nopurge: bool, expire: Option<u64>, now: Instant) -> Arc<Table> {
    let store = |kind, period_ms| StoredData {
        kind,
        count: 1,
        period_ms,
    };
    let settings = StickTable {
        key: KeyType::String(32),
        size,
        expire: expire.map(Duration::from_millis),
        nopurge,
        peers: None,
        server_key_is_address: false,
        stores: vec![
            store(DataType::ConnCnt, 0),
            store(DataType::ConnCur, 0),
            store(DataType::ConnRate, 1000),
        ],
    };
    Arc::new(Table::new("t", &settings, now))
}

fn keys(table: &Table, now_ms: u64) -> Vec<String> {
    let entries = table.entries(now_ms);
    let text = |entry: &Arc<Entry>| String::from_utf8_lossy(&entry.key).into_owned();
    entries.iter().map(text).collect()
}

#[test]
fn the_entry_that_was_touched_longest_ago_goes_when_the_table_is_full() {
    let table = table(3, false, None, start());
    for (now, key) in [(1, "a"), (2, "b"), (3, "c"), (4, "a"), (5, "d")] {
        assert!(table.obtain(key.as_bytes(), now).is_some());
    }
    assert_eq!(keys(&table, 6), ["a", "c", "d"]);
    assert_eq!(table.used(6), 3);
}

#[test]
fn a_full_table_with_nopurge_takes_nothing_new() {
    let table = table(1, true, None, start());
    assert!(table.obtain(b"a", 1).is_some());
    assert!(table.obtain(b"b", 2).is_none());
    assert!(table.obtain(b"a", 3).is_some());
    assert_eq!(keys(&table, 4), ["a"]);
}

#[test]
fn an_entry_expires_when_nothing_touched_it_for_that_long() {
    let table = table(9, false, Some(1000), start());
    let entry = table.obtain(b"a", 10_000).expect("there is room");
    assert_eq!(table.expires_in(&entry, 10_400), 600);
    assert_eq!(table.idle(&entry, 10_400), 400);
    entry.touch(10_500);
    assert!(table.find(b"a", 11_400).is_some());
    assert!(table.find(b"a", 11_500).is_none());
    assert_eq!(table.used(11_500), 0);
    assert!(table.obtain(b"a", 12_000).is_some());
    assert_eq!(table.used(12_000), 1);
}

#[test]
fn a_tracked_entry_is_neither_dropped_nor_expired_nor_removed() {
    let now = start();
    let table = table(1, false, Some(1000), now);
    let mut tracking = Tracking::default();
    tracking.set(0, Tracked::begin(&table, b"a", now).expect("there is room"));
    let late = table.milliseconds(now) + 5000;
    assert!(table.obtain(b"b", late).is_none());
    let entry = table.find(b"a", late).expect("it is held");
    assert_eq!((entry.uses(), table.expires_in(&entry, late)), (1, 0));
    assert!(!table.remove(&entry));
    assert_eq!(
        entry.read(&table.layout, DataType::ConnCur, 0, late),
        Some(1)
    );
    drop(tracking);
    assert_eq!(
        entry.read(&table.layout, DataType::ConnCur, 0, late),
        Some(0)
    );
    assert!(table.remove(&entry));
    assert_eq!(table.used(late), 0);
    assert!(table.obtain(b"b", late).is_some());
}

#[test]
fn values_of_32_bits_wrap_and_what_is_not_stored_is_none() {
    let table = table(9, false, None, start());
    let entry = table.obtain(b"a", 1).expect("there is room");
    entry.set(&table.layout, DataType::ConnCnt, 0, u64::from(u32::MAX), 1);
    assert_eq!(
        entry.add(&table.layout, DataType::ConnCnt, 0, 1, 1),
        Some(0)
    );
    assert_eq!(entry.add(&table.layout, DataType::Gpc0, 0, 1, 1), None);
    assert_eq!(entry.read(&table.layout, DataType::ConnCnt, 1, 1), None);
}

#[test]
fn many_workers_count_exactly_and_never_exceed_the_size() {
    let now = start();
    let table = table(50, false, None, now);
    std::thread::scope(|scope| {
        for worker in 0..4u32 {
            let table = &table;
            scope.spawn(move || {
                for round in 0..2000u32 {
                    let own = format!("{}", (round * 7 + worker) % 200);
                    let shared = Tracked::begin(table, b"shared", now);
                    assert!(Tracked::begin(table, own.as_bytes(), now).is_some());
                    assert!(shared.is_some());
                    assert!(table.used.load(Relaxed) <= 50);
                }
            });
        }
    });
    let now_ms = table.milliseconds(now);
    let entry = table.find(b"shared", now_ms);
    // The shared entry may have been dropped while nobody held it; what is there was counted whole.
    if let Some(entry) = entry {
        assert_eq!(
            entry.read(&table.layout, DataType::ConnCur, 0, now_ms),
            Some(0)
        );
        assert_eq!(entry.uses(), 0);
    }
    assert_eq!(table.entries(now_ms).len(), table.used(now_ms));
}
