//! What a stick table knows of a value: `in_table(TABLE)`, `table_*(TABLE)`, `table_gpc(INDEX,TABLE)` and its kin
//! (manual 7.3.1). Looking touches nothing.
//!
//! ```text
//! http-request deny if { src,table_http_req_rate(limits) gt 100 }
//! ```
//!
//! A key that isn't there counts as 0; data that the table doesn't store has no value.

use std::sync::Arc;

use locum_model::proxy::DataType;
use locum_runtime::{
    plan::args::Args,
    sample::{
        value::{Arena, Type, Value},
        view::View,
    },
    stick::{Entry, Table, general, key::key_of},
    vocab::{ConvertFn, ConverterDef},
};

use super::converter;

pub(super) static IN_TABLE: ConverterDef = converter(
    "in_table",
    Type::Any,
    Type::Bool,
    |value, view, args, arena| {
        let found = find(value, view, args, 0, arena)?;
        Some(Value::Bool(found.entry.is_some()))
    },
);

pub(super) static TABLE_BYTES_IN_RATE: ConverterDef = row(
    "table_bytes_in_rate",
    read::<{ DataType::BytesInRate as u8 }>,
);
pub(super) static TABLE_BYTES_OUT_RATE: ConverterDef = row(
    "table_bytes_out_rate",
    read::<{ DataType::BytesOutRate as u8 }>,
);
pub(super) static TABLE_CONN_CNT: ConverterDef =
    row("table_conn_cnt", read::<{ DataType::ConnCnt as u8 }>);
pub(super) static TABLE_CONN_CUR: ConverterDef =
    row("table_conn_cur", read::<{ DataType::ConnCur as u8 }>);
pub(super) static TABLE_CONN_RATE: ConverterDef =
    row("table_conn_rate", read::<{ DataType::ConnRate as u8 }>);
pub(super) static TABLE_EXPIRE: ConverterDef = row("table_expire", expire);
pub(super) static TABLE_GPC: ConverterDef = row("table_gpc", element::<{ DataType::Gpc as u8 }>);
pub(super) static TABLE_GPC0: ConverterDef = row("table_gpc0", read::<{ DataType::Gpc0 as u8 }>);
pub(super) static TABLE_GPC0_RATE: ConverterDef =
    row("table_gpc0_rate", read::<{ DataType::Gpc0Rate as u8 }>);
pub(super) static TABLE_GPC1: ConverterDef = row("table_gpc1", read::<{ DataType::Gpc1 as u8 }>);
pub(super) static TABLE_GPC1_RATE: ConverterDef =
    row("table_gpc1_rate", read::<{ DataType::Gpc1Rate as u8 }>);
pub(super) static TABLE_GPC_RATE: ConverterDef =
    row("table_gpc_rate", element::<{ DataType::GpcRate as u8 }>);
pub(super) static TABLE_GPT: ConverterDef = row("table_gpt", element::<{ DataType::Gpt as u8 }>);
pub(super) static TABLE_GPT0: ConverterDef = row("table_gpt0", read::<{ DataType::Gpt0 as u8 }>);
pub(super) static TABLE_HTTP_ERR_CNT: ConverterDef =
    row("table_http_err_cnt", read::<{ DataType::HttpErrCnt as u8 }>);
pub(super) static TABLE_HTTP_ERR_RATE: ConverterDef = row(
    "table_http_err_rate",
    read::<{ DataType::HttpErrRate as u8 }>,
);
pub(super) static TABLE_HTTP_FAIL_CNT: ConverterDef = row(
    "table_http_fail_cnt",
    read::<{ DataType::HttpFailCnt as u8 }>,
);
pub(super) static TABLE_HTTP_FAIL_RATE: ConverterDef = row(
    "table_http_fail_rate",
    read::<{ DataType::HttpFailRate as u8 }>,
);
pub(super) static TABLE_HTTP_REQ_CNT: ConverterDef =
    row("table_http_req_cnt", read::<{ DataType::HttpReqCnt as u8 }>);
pub(super) static TABLE_HTTP_REQ_RATE: ConverterDef = row(
    "table_http_req_rate",
    read::<{ DataType::HttpReqRate as u8 }>,
);
pub(super) static TABLE_IDLE: ConverterDef = row("table_idle", idle);
pub(super) static TABLE_KBYTES_IN: ConverterDef = row(
    "table_kbytes_in",
    kilobytes::<{ DataType::BytesInCnt as u8 }>,
);
pub(super) static TABLE_KBYTES_OUT: ConverterDef = row(
    "table_kbytes_out",
    kilobytes::<{ DataType::BytesOutCnt as u8 }>,
);
pub(super) static TABLE_SERVER_ID: ConverterDef =
    row("table_server_id", read::<{ DataType::ServerId as u8 }>);
pub(super) static TABLE_SESS_CNT: ConverterDef =
    row("table_sess_cnt", read::<{ DataType::SessCnt as u8 }>);
pub(super) static TABLE_SESS_RATE: ConverterDef =
    row("table_sess_rate", read::<{ DataType::SessRate as u8 }>);
pub(super) static TABLE_TRACKERS: ConverterDef = row("table_trackers", trackers);

const fn row(name: &'static str, run: ConvertFn) -> ConverterDef {
    converter(name, Type::Any, Type::Int, run)
}

/// A table and, where there is one, the entry in it.
struct Found<'a> {
    table: &'a Table,
    entry: Option<Arc<Entry>>,
    now_ms: u64,
}

/// `None`: the value is no key of the table.
fn find<'a>(
    value: Value<'a>,
    view: &View<'a>,
    args: &Args,
    at: usize,
    arena: &'a Arena,
) -> Option<Found<'a>> {
    let table = view.live.table(args.table(at)?);
    let key = key_of(table.settings.key, value, arena)?;
    let now_ms = table.milliseconds(view.now.instant);
    Some(Found {
        table,
        entry: table.find(key, now_ms),
        now_ms,
    })
}

fn value_of<'a>(
    found: Option<Found<'_>>,
    read: impl Fn(&Table, &Entry, u64) -> Option<u64>,
) -> Option<Value<'a>> {
    let found = found?;
    let number = match &found.entry {
        None => 0,
        Some(entry) => read(found.table, entry, found.now_ms)?,
    };
    Some(Value::Int(number as i64))
}

fn data(kind: u8) -> DataType {
    DataType::ALL[usize::from(kind)]
}

fn read<'a, const DATA: u8>(
    value: Value<'a>,
    view: &View<'a>,
    args: &'a Args,
    arena: &'a Arena,
) -> Option<Value<'a>> {
    let found = find(value, view, args, 0, arena);
    value_of(found, |table, entry, now_ms| {
        general::read(table, entry, data(DATA), now_ms)
    })
}

fn kilobytes<'a, const DATA: u8>(
    value: Value<'a>,
    view: &View<'a>,
    args: &'a Args,
    arena: &'a Arena,
) -> Option<Value<'a>> {
    let found = find(value, view, args, 0, arena);
    value_of(found, |table, entry, now_ms| {
        general::read(table, entry, data(DATA), now_ms).map(|bytes| bytes >> 10)
    })
}

/// An element of an array; its number is the first argument.
fn element<'a, const DATA: u8>(
    value: Value<'a>,
    view: &View<'a>,
    args: &'a Args,
    arena: &'a Arena,
) -> Option<Value<'a>> {
    let index = u32::try_from(args.int(0)?).unwrap_or(u32::MAX);
    let found = find(value, view, args, 1, arena);
    value_of(found, |table, entry, now_ms| {
        entry.read(&table.layout, data(DATA), index, now_ms)
    })
}

/// Milliseconds until the entry expires; without one the second argument.
fn expire<'a>(
    value: Value<'a>,
    view: &View<'a>,
    args: &'a Args,
    arena: &'a Arena,
) -> Option<Value<'a>> {
    time(value, view, args, arena, Table::expires_in)
}

/// Milliseconds since the entry was touched; without one the second argument.
fn idle<'a>(
    value: Value<'a>,
    view: &View<'a>,
    args: &'a Args,
    arena: &'a Arena,
) -> Option<Value<'a>> {
    time(value, view, args, arena, Table::idle)
}

fn time<'a>(
    value: Value<'a>,
    view: &View<'a>,
    args: &'a Args,
    arena: &'a Arena,
    read: fn(&Table, &Entry, u64) -> u64,
) -> Option<Value<'a>> {
    let found = find(value, view, args, 0, arena)?;
    let time = match &found.entry {
        Some(entry) => read(found.table, entry, found.now_ms) as i64,
        None => args.int(1)?,
    };
    Some(Value::Int(time))
}

/// How many track the entry; the reference counts its own look as one (observed).
fn trackers<'a>(
    value: Value<'a>,
    view: &View<'a>,
    args: &'a Args,
    arena: &'a Arena,
) -> Option<Value<'a>> {
    let found = find(value, view, args, 0, arena);
    value_of(found, |_, entry, _| Some(u64::from(entry.uses()) + 1))
}
