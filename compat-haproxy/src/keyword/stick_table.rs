//! `stick-table`: what a proxy remembers of its clients (manual 4.2).
//!
//! ```text
//! stick-table type ip size 1m expire 5m store gpc0,conn_rate(30s)
//! ```

use std::time::Duration;

use locum_model::{
    Located,
    proxy::{DataType, KeyType, StickTable, StoredData},
};
use locum_parser::haproxy::units::{self, SizeError, TimeError, TimeUnit};

use super::{ProxyKeyword, Sections};
use crate::{
    load::{Fault, Lowered, ProxyLine},
    stick::data_type,
};

/// Rows.
pub static ROWS: &[ProxyKeyword] = &[ProxyKeyword::executed(
    "stick-table",
    Sections::PROXIES,
    "type {ip | ipv6 | integer | string [len <length>] | binary [len <length>]} size <size> [expire <expire>] [nopurge] [peers <peersect>] [srvkey <srvkey>] [store <data_type>]*",
    stick_table,
)];

/// Bytes of a text and of a block whose length isn't said (observed).
const DEFAULT_LENGTHS: (u32, u32) = (31, 32);

/// Elements of an array at most.
const MAX_ELEMENTS: i64 = 100;

fn stick_table(line: &mut ProxyLine<'_, '_>) -> Lowered {
    if line.draft.is_defaults {
        return Err("'stick-table' is not supported in 'defaults' section.".into());
    }
    unique(line)?;
    let mut key = None;
    let mut table = StickTable {
        key: KeyType::Ip,
        size: 0,
        expire: None,
        nopurge: false,
        peers: None,
        server_key_is_address: false,
        stores: Vec::new(),
    };
    let mut at = 1;
    while line.line.has(at) {
        let (word, value) = (line.line.text(at), line.line.text(at + 1));
        at += 2;
        match word.as_str() {
            "type" => key = Some(key_type(line, &value, &mut at)?),
            "size" => table.size = size(&value)?,
            "expire" => table.expire = expire(&value)?,
            "peers" if value.is_empty() => return Err(missing("peers")),
            "peers" => {
                line.draft.peers.push(value.clone());
                table.peers = Some(value);
            }
            "srvkey" => {
                table.server_key_is_address = match value.as_str() {
                    "name" => false,
                    "addr" => true,
                    _ => {
                        return Err(
                            format!("stick-table : unknown server key type '{value}'.").into()
                        );
                    }
                }
            }
            "store" => store(line, &value, &mut table.stores)?,
            "nopurge" => {
                table.nopurge = true;
                at -= 1;
            }
            _ => return Err(format!("stick-table: unknown argument '{word}'.").into()),
        }
    }
    exclusive(&table.stores)?;
    if table.size == 0 {
        return Err("stick-table: missing size.".into());
    }
    table.key = key.ok_or("stick-table: missing type.")?;
    line.draft.proxy.stick_table = Some(Located::new(table, line.line.at.clone()));
    Ok(())
}

/// There is one table per proxy, and its name is the proxy's.
fn unique(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let name = line.draft.name().to_owned();
    let tables = &mut line.line.shared.tables;
    if let Some((kind, at)) = tables.get(&name) {
        return Err(format!(
            "stick-table name '{name}' conflicts with table declared in {kind} '{name}' at {at}."
        )
        .into());
    }
    let here = (line.draft.section, line.line.at.clone());
    tables.insert(name, here);
    Ok(())
}

fn missing(word: &str) -> Fault {
    format!("stick-table: missing argument after '{word}'.").into()
}

fn unexpected(byte: u8, word: &str) -> Fault {
    let found = char::from(byte);
    format!("stick-table: unexpected character '{found}' in argument of '{word}'.").into()
}

fn key_type(line: &ProxyLine<'_, '_>, name: &str, at: &mut usize) -> Result<KeyType, Fault> {
    let plain = match name {
        "ip" => Some(KeyType::Ip),
        "ipv6" => Some(KeyType::Ipv6),
        "integer" => Some(KeyType::Integer),
        "string" | "binary" => None,
        _ => return Err(format!("stick-table: unknown type '{name}'.").into()),
    };
    if let Some(plain) = plain {
        return Ok(plain);
    }
    let is_text = name == "string";
    let mut length = if is_text {
        DEFAULT_LENGTHS.0
    } else {
        DEFAULT_LENGTHS.1
    };
    if line.line.bytes(*at) == b"len" {
        let value = line.line.text(*at + 1);
        *at += 2;
        length = match value.parse() {
            Ok(length) if length > 0 => length,
            _ => return Err(format!("stick-table: unknown type '{value}'.").into()),
        };
    }
    Ok(if is_text {
        KeyType::String(length)
    } else {
        KeyType::Binary(length)
    })
}

fn size(text: &str) -> Result<u32, Fault> {
    units::size(text.as_bytes()).map_err(|error| match error {
        SizeError::Empty => missing("size"),
        SizeError::Unexpected(byte) => unexpected(byte, "size"),
    })
}

fn expire(text: &str) -> Result<Option<Duration>, Fault> {
    match units::time(text.as_bytes(), TimeUnit::Milliseconds) {
        Ok(units::Time {
            trailing: Some(byte),
            ..
        })
        | Err(TimeError::Unexpected(byte)) => Err(unexpected(byte, "expire")),
        Ok(time) => Ok((time.value > 0).then(|| Duration::from_millis(time.value.into()))),
        Err(TimeError::Overflow) => Err(Fault::tight(format!(
            "stick-table: timer overflow in argument <{text}> to <expire>, maximum value is 2147483647 ms (~24.8 days)."
        ))),
        Err(TimeError::Empty) => Err(missing("expire")),
    }
}

/// `gpc0,conn_rate(30s)`
fn store(line: &mut ProxyLine<'_, '_>, text: &str, stores: &mut Vec<StoredData>) -> Lowered {
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(['(', ',']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let mut argument = None;
        rest = behind;
        if let Some(inside) = behind.strip_prefix('(') {
            let (inside, behind) = inside.split_once(')').ok_or_else(|| {
                Fault::from(format!(
                    "stick-table: missing closing parenthesis after store option '{name}'."
                ))
            })?;
            argument = Some(inside);
            rest = behind;
        }
        // What stands between a parenthesis and the comma isn't looked at (observed).
        rest = rest.split_once(',').map_or("", |(_, next)| next);
        let stored = stored(name, argument)?;
        if stores.iter().any(|other| other.kind == stored.kind) {
            let at = line.line.at.clone();
            let text = format!(
                "parsing [{at}]: stick-table: store option '{name}' already enabled, ignored."
            );
            line.line.shared.warn(&at, text);
        } else {
            stores.push(stored);
        }
    }
    Ok(())
}

fn stored(name: &str, argument: Option<&str>) -> Result<StoredData, Fault> {
    let Some(kind) = data_type(name) else {
        return Err(format!("stick-table: unknown store option '{name}'.").into());
    };
    let lacking = || {
        Fault::from(format!(
            "stick-table: missing argument to store option '{name}'."
        ))
    };
    let is_array = matches!(kind, DataType::Gpt | DataType::Gpc | DataType::GpcRate);
    let mut stored = StoredData {
        kind,
        count: 1,
        period_ms: 0,
    };
    if !is_array && !kind.is_rate() {
        return match argument {
            None => Ok(stored),
            Some(_) => {
                Err(format!("stick-table: unexpected argument to store option '{name}'.").into())
            }
        };
    }
    let mut arguments = argument.ok_or_else(lacking)?.split(',');
    if is_array {
        let count = arguments.next().unwrap_or_default();
        let period_is_there =
            kind != DataType::GpcRate || argument.is_some_and(|all| all.contains(','));
        if !period_is_there {
            return Err(lacking());
        }
        let count = locum_runtime::sample::value::leading_int(count.as_bytes()).unwrap_or(0);
        if !(1..=MAX_ELEMENTS).contains(&count) {
            return Err(format!(
                "stick-table: array size is out of allowed range (1-{MAX_ELEMENTS}) for store option '{name}'."
            )
            .into());
        }
        stored.count = count as u8;
    }
    if kind.is_rate() {
        let period = arguments.next().unwrap_or_default();
        match units::time(period.as_bytes(), TimeUnit::Milliseconds) {
            Ok(units::Time {
                value,
                trailing: None,
            }) => stored.period_ms = value,
            _ => {
                return Err(
                    format!("stick-table: error when processing store option '{name}'.").into(),
                );
            }
        }
    }
    Ok(stored)
}

/// Arrays take the places of the single values.
fn exclusive(stores: &[StoredData]) -> Lowered {
    let has = |kind| stores.iter().any(|stored| stored.kind == kind);
    let clash = |array: &str, single: &str| -> Lowered {
        Err(format!(
            "stick-table: simultaneous usage of '{array}' and '{single}' in a same table is not permitted as '{array}' overrides '{single}'."
        )
        .into())
    };
    if has(DataType::Gpt) && has(DataType::Gpt0) {
        return clash("gpt", "gpt0");
    }
    if has(DataType::Gpc) && (has(DataType::Gpc0) || has(DataType::Gpc1)) {
        return clash("gpc", "gpc[0/1]");
    }
    if has(DataType::GpcRate) && (has(DataType::Gpc0Rate) || has(DataType::Gpc1Rate)) {
        return clash("gpc_rate", "gpc[0/1]_rate");
    }
    Ok(())
}
