//! Entries of stick tables: those that the session or the exchange tracks (`sc*`), that of the client's address (`src_*`),
//! and how full a table is: `table_avl([TABLE])`, `table_cnt([TABLE])` (manual 7.3.2, 7.3.3).
//!
//! A word is a function over where its entry comes from and which data it reads. Nothing tracked and data that isn't
//! stored give no value; an entry that isn't there counts as 0.

pub(super) mod sc;
pub(super) mod sc0;
pub(super) mod sc1;
pub(super) mod sc2;
pub(super) mod src;

use std::sync::Arc;

use locum_model::proxy::DataType;
use locum_runtime::{
    plan::args::Args,
    sample::{
        value::{Arena, Fetched, Type, Value},
        view::View,
    },
    stick::{
        Entry, Table,
        general::{self, General},
        key::key_of,
    },
    vocab::FetchDef,
};

use super::fetch;

/// Where an entry comes from: one of the tracked ones, …
const FIRST: u8 = 0;
const SECOND: u8 = 1;
const THIRD: u8 = 2;
/// … the tracked one whose number is the first argument, …
const NAMED: u8 = 3;
/// … or that of the client's address.
const SOURCE: u8 = 4;

/// Which general purpose counter is meant: a single one, or the element that an argument names.
const GPC0: u8 = 0;
const GPC1: u8 = 1;
const ELEMENT: u8 = 2;

pub(super) static TABLE_AVL: FetchDef = fetch("table_avl", Type::Int, |view, args, _| {
    table_of(view, args).map_or(Fetched::Absent, |table| {
        let used = table.used(table.milliseconds(view.now.instant)) as i64;
        number((i64::from(table.settings.size) - used) as u64)
    })
});

pub(super) static TABLE_CNT: FetchDef = fetch("table_cnt", Type::Int, |view, args, _| {
    table_of(view, args).map_or(Fetched::Absent, |table| {
        number(table.used(table.milliseconds(view.now.instant)) as u64)
    })
});

fn table_of<'a>(view: &View<'a>, args: &Args) -> Option<&'a Arc<Table>> {
    Some(view.live.table(args.table(0)?))
}

/// A table and, where there is one, the entry in it.
struct Found<'a> {
    table: &'a Arc<Table>,
    entry: Option<Arc<Entry>>,
    now_ms: u64,
}

/// `before`: how many arguments stand before the table, apart from the number of [`NAMED`].
fn find<'a, const FROM: u8>(
    view: &View<'a>,
    args: &Args,
    before: usize,
    arena: &Arena,
    make: bool,
) -> Option<Found<'a>> {
    let lookup = |table: &'a Arc<Table>, key: &[u8]| {
        let now_ms = table.milliseconds(view.now.instant);
        let entry = if make {
            table.obtain(key, now_ms)
        } else {
            table.find(key, now_ms)
        };
        Found {
            table,
            entry,
            now_ms,
        }
    };
    if FROM == SOURCE {
        let table = view.live.table(args.table(before)?);
        let source = Value::Ip(view.session.source?.ip());
        let key = key_of(table.settings.key, source, arena)?;
        return Some(lookup(table, key));
    }
    let (number, at) = if FROM == NAMED {
        // Of words with an element, that comes first.
        (usize::try_from(args.int(before)?).ok()?, before + 1)
    } else {
        (usize::from(FROM), before)
    };
    let tracked = view.tracked(number)?;
    let table = args
        .table(at)
        .map_or(tracked.table(), |id| view.live.table(id));
    if Arc::ptr_eq(table, tracked.table()) {
        return Some(Found {
            table,
            entry: Some(tracked.entry().clone()),
            now_ms: table.milliseconds(view.now.instant),
        });
    }
    if std::mem::discriminant(&table.settings.key)
        != std::mem::discriminant(&tracked.table().settings.key)
    {
        let now_ms = table.milliseconds(view.now.instant);
        return Some(Found {
            table,
            entry: None,
            now_ms,
        });
    }
    Some(lookup(table, &tracked.entry().key))
}

fn number<'a>(number: u64) -> Fetched<'a> {
    Fetched::Value(Value::Int(number as i64))
}

fn value_of<'a>(
    found: Option<Found<'_>>,
    read: impl Fn(&Table, &Entry, u64) -> Option<u64>,
) -> Fetched<'a> {
    let Some(found) = found else {
        return Fetched::Absent;
    };
    match &found.entry {
        None => number(0),
        Some(entry) => read(found.table, entry, found.now_ms).map_or(Fetched::Absent, number),
    }
}

fn data(kind: u8) -> DataType {
    DataType::ALL[usize::from(kind)]
}

fn read<'a, const FROM: u8, const DATA: u8>(
    view: &View<'a>,
    args: &'a Args,
    arena: &'a Arena,
) -> Fetched<'a> {
    let found = find::<FROM>(view, args, 0, arena, false);
    value_of(found, |table, entry, now_ms| {
        general::read(table, entry, data(DATA), now_ms)
    })
}

fn kilobytes<'a, const FROM: u8, const DATA: u8>(
    view: &View<'a>,
    args: &'a Args,
    arena: &'a Arena,
) -> Fetched<'a> {
    let found = find::<FROM>(view, args, 0, arena, false);
    value_of(found, |table, entry, now_ms| {
        general::read(table, entry, data(DATA), now_ms).map(|bytes| bytes >> 10)
    })
}

/// An element of an array; its number is the first argument.
fn element<'a, const FROM: u8, const DATA: u8>(
    view: &View<'a>,
    args: &'a Args,
    arena: &'a Arena,
) -> Fetched<'a> {
    let index = index(args);
    let found = find::<FROM>(view, args, 1, arena, false);
    value_of(found, |table, entry, now_ms| {
        entry.read(&table.layout, data(DATA), index, now_ms)
    })
}

fn index(args: &Args) -> u32 {
    let index = args.int(0).unwrap_or(-1);
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn counter<const WHICH: u8>(args: &Args) -> (General, usize) {
    match WHICH {
        GPC0 => (General::Single(false), 0),
        GPC1 => (General::Single(true), 0),
        _ => (General::Element(index(args)), 1),
    }
}

fn increment<'a, const FROM: u8, const WHICH: u8>(
    view: &View<'a>,
    args: &'a Args,
    arena: &'a Arena,
) -> Fetched<'a> {
    let (which, before) = counter::<WHICH>(args);
    let found = find::<FROM>(view, args, before, arena, true);
    value_of(found, |table, entry, now_ms| {
        Some(general::increment(table, entry, which, now_ms))
    })
}

fn clear<'a, const FROM: u8, const WHICH: u8>(
    view: &View<'a>,
    args: &'a Args,
    arena: &'a Arena,
) -> Fetched<'a> {
    let (which, before) = counter::<WHICH>(args);
    let found = find::<FROM>(view, args, before, arena, true);
    value_of(found, |table, entry, now_ms| {
        general::clear(table, entry, which, now_ms)
    })
}

/// Counts a connection of the client's address.
fn count_connection<'a>(view: &View<'a>, args: &'a Args, arena: &'a Arena) -> Fetched<'a> {
    let found = find::<SOURCE>(view, args, 0, arena, true);
    value_of(found, |table, entry, now_ms| {
        entry.touch(now_ms);
        entry.add(&table.layout, DataType::ConnCnt, 0, 1, now_ms)
    })
}

/// Whether anything is tracked under the number, in whatever table.
fn tracked<'a, const FROM: u8>(view: &View<'a>, args: &'a Args, arena: &'a Arena) -> Fetched<'a> {
    let found = find::<FROM>(view, args, 0, arena, false);
    Fetched::Value(Value::Bool(found.is_some()))
}

fn trackers<'a, const FROM: u8>(view: &View<'a>, args: &'a Args, arena: &'a Arena) -> Fetched<'a> {
    let found = find::<FROM>(view, args, 0, arena, false);
    value_of(found, |_, entry, _| Some(u64::from(entry.uses())))
}
