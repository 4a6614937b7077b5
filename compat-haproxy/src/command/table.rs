//! `show table`, `clear table`, `set table`: the entries of stick tables (management.txt 9.3).

use std::{fmt::Write, net::Ipv4Addr, sync::Arc};

use locum_model::proxy::{DataType, KeyType, StatsLevel};
use locum_runtime::{
    admin::{CommandDef, CommandView, Reply},
    stick::{Entry, Table},
};

use super::answer;
use crate::stick::{data_name, data_type, key_type_name};

pub(super) static CLEAR: CommandDef = CommandDef {
    words: &["clear", "table"],
    usage: "clear table <table> [<filter>]*",
    summary: "remove an entry from a table (filter: data/key)",
    level: StatsLevel::Operator,
    run: |view, words| answer(clear(view, words)),
};

pub(super) static SET: CommandDef = CommandDef {
    words: &["set", "table"],
    usage: "set table <table> key <k> [data.* <v>]*",
    summary: "update or create a table entry's data",
    level: StatsLevel::Operator,
    run: |view, words| answer(set(view, words)),
};

pub(super) static SHOW: CommandDef = CommandDef {
    words: &["show", "table"],
    usage: "show table <table> [<filter>]*",
    summary: "report table usage stats or dump this table's contents (filter: data/key)",
    level: StatsLevel::User,
    run: |view, words| answer(show(view, words)),
};

/// Conditions of one command at most.
const MAX_FILTERS: usize = 4;

/// What a command does with a key, in the reference's words.
#[derive(Clone, Copy)]
enum Purpose {
    Show,
    Clear,
    Set,
}

impl Purpose {
    fn word(self) -> &'static str {
        match self {
            Purpose::Show => "Showing keys from",
            Purpose::Clear => "Removing keys from",
            Purpose::Set => "Inserting keys into",
        }
    }
}

fn find<'a>(view: &CommandView<'a>, name: &str) -> Result<&'a Arc<Table>, Reply> {
    let mut tables = view.live.tables.iter();
    tables
        .find(|table| *table.name == *name)
        .ok_or_else(|| Reply::line("No such table"))
}

fn show(view: &CommandView<'_>, words: &[&str]) -> Result<Reply, Reply> {
    let mut out = String::new();
    let Some((name, arguments)) = words.split_first() else {
        // The last one that was declared comes first.
        for table in view.live.tables.iter().rev() {
            head(table, view, &mut out);
        }
        return Ok(Reply::Text(out));
    };
    let table = find(view, name)?;
    let now_ms = table.milliseconds(view.now.instant);
    let shown: Vec<Arc<Entry>> = match arguments {
        [] => table.entries(now_ms),
        ["key", key @ ..] => {
            let key = key_of(table, key.first().copied(), Purpose::Show)?;
            let Some(entry) = table.find(&key, now_ms) else {
                return Ok(Reply::done());
            };
            vec![entry]
        }
        [word, ..] if word.starts_with("data.") => {
            let filters = Filter::parse(table, arguments)?;
            let mut entries = table.entries(now_ms);
            entries.retain(|entry| Filter::all_hold(&filters, table, entry, now_ms));
            entries
        }
        _ => {
            return Err(Reply::line(
                "Optional argument only supports \"data.<store_data_type>\" <operator> <value> and key <key>",
            ));
        }
    };
    head(table, view, &mut out);
    for entry in shown {
        line(table, &entry, now_ms, &mut out);
    }
    Ok(Reply::Text(out))
}

fn clear(view: &CommandView<'_>, words: &[&str]) -> Result<Reply, Reply> {
    let usage = || {
        Reply::line(
            "Required arguments: <table> \"data.<store_data_type>\" <operator> <value> or <table> key <key>",
        )
    };
    let (name, arguments) = words.split_first().ok_or_else(usage)?;
    let table = find(view, name)?;
    let now_ms = table.milliseconds(view.now.instant);
    match arguments {
        [] => table.remove_where(|_| true),
        ["key", key @ ..] => {
            let key = key_of(table, key.first().copied(), Purpose::Clear)?;
            if let Some(entry) = table.find(&key, now_ms)
                && !table.remove(&entry)
            {
                return Err(Reply::line("Entry currently in use, cannot remove"));
            }
        }
        [word, ..] if word.starts_with("data.") => {
            let filters = Filter::parse(table, arguments)?;
            table.remove_where(|entry| Filter::all_hold(&filters, table, entry, now_ms));
        }
        _ => return Err(usage()),
    }
    Ok(Reply::done())
}

fn set(view: &CommandView<'_>, words: &[&str]) -> Result<Reply, Reply> {
    let usage =
        || Reply::line("Required arguments: <table> key <key> [data.<store_data_type> <value>]*");
    let (name, arguments) = words.split_first().ok_or_else(usage)?;
    let table = find(view, name)?;
    let values = match arguments {
        [] => return Ok(Reply::done()),
        ["key", rest @ ..] => rest,
        [word, ..] if word.starts_with("data.") => {
            return Err(Reply::line(
                "content-based lookup is only supported with the \"show\" and \"clear\" actions",
            ));
        }
        _ => return Err(usage()),
    };
    let key = key_of(table, values.first().copied(), Purpose::Set)?;
    let now_ms = table.milliseconds(view.now.instant);
    let entry = table
        .obtain(&key, now_ms)
        .ok_or_else(|| Reply::line("Unable to allocate a new entry"))?;
    let mut rest = values.get(1..).unwrap_or_default();
    while let Some((word, behind)) = rest.split_first() {
        let name = word
            .strip_prefix("data.")
            .ok_or_else(|| Reply::line("\"data.<type>\" followed by a value expected"))?;
        let kind = data_type(name).ok_or_else(|| Reply::line("Unknown data type"))?;
        if table.layout.stored(kind).is_none() {
            return Err(Reply::line("Data type not stored in this table"));
        }
        let value = behind.first().and_then(|word| integer(word));
        let value = value.ok_or_else(|| Reply::line("Require a valid integer value to store"))?;
        if kind != DataType::ServerKey {
            entry.set(&table.layout, kind, 0, value as u64, now_ms);
        }
        rest = &behind[1..];
    }
    Ok(Reply::done())
}

/// A number as C reads one: a larger one is the largest.
fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number
        .then(|| locum_runtime::sample::value::leading_int(text.as_bytes()))
        .flatten()
}

/// The bytes of a key that a command names.
fn key_of(table: &Table, word: Option<&str>, purpose: Purpose) -> Result<Box<[u8]>, Reply> {
    let text = word.ok_or_else(|| Reply::line("Key value expected"))?;
    let invalid = || Reply::line("Invalid key");
    Ok(match table.settings.key {
        // What isn't an address is 0.0.0.0 (observed).
        KeyType::Ip => {
            let ip: Ipv4Addr = text.parse().unwrap_or(Ipv4Addr::UNSPECIFIED);
            Box::from(ip.octets())
        }
        KeyType::Ipv6 => {
            let ip: std::net::Ipv6Addr = text.parse().map_err(|_| invalid())?;
            Box::from(ip.octets())
        }
        KeyType::Integer => {
            let number: u32 = text.parse().map_err(|_| invalid())?;
            Box::from(number.to_ne_bytes())
        }
        KeyType::String(length) => {
            let bytes = text.as_bytes();
            bytes[..bytes.len().min(length as usize)].into()
        }
        KeyType::Binary(_) => {
            return Err(Reply::line(format!(
                "{} tables of type other than ip, ipv6, string and integer is not supported",
                purpose.word()
            )));
        }
    })
}

/// `data.TYPE OPERATOR VALUE`
struct Filter {
    kind: DataType,
    holds: fn(&i64, &i64) -> bool,
    value: i64,
}

impl Filter {
    fn parse(table: &Table, words: &[&str]) -> Result<Vec<Self>, Reply> {
        let mut filters = Vec::new();
        let mut rest = words;
        while let Some((word, behind)) = rest.split_first() {
            let number = filters.len() + 1;
            if number > MAX_FILTERS {
                // Three words before the first condition, three for each.
                let position = 4 + 3 * MAX_FILTERS;
                let before = words[3 * MAX_FILTERS - 1];
                return Err(Reply::line(format!(
                    "Detected extra data in filter, {position}th word of input, after '{before}'"
                )));
            }
            let wrong = |problem: &str| Reply::line(format!("Filter entry #{number}: {problem}"));
            let kind = word
                .strip_prefix("data.")
                .and_then(data_type)
                .ok_or_else(|| wrong("Unknown data type"))?;
            if table.layout.stored(kind).is_none() {
                return Err(wrong("Data type not stored in this table"));
            }
            let holds = behind
                .first()
                .and_then(|word| operator(word))
                .ok_or_else(|| {
                    wrong(
                        "Require and operator among \"eq\", \"ne\", \"le\", \"ge\", \"lt\", \"gt\"",
                    )
                })?;
            let value = behind
                .get(1)
                .and_then(|word| integer(word))
                .ok_or_else(|| wrong("Require a valid integer value to compare against"))?;
            filters.push(Self { kind, holds, value });
            rest = &behind[2..];
        }
        Ok(filters)
    }

    fn all_hold(filters: &[Self], table: &Table, entry: &Entry, now_ms: u64) -> bool {
        filters.iter().all(|filter| {
            let value = entry.read(&table.layout, filter.kind, 0, now_ms);
            let value = value.map(|value| match filter.kind {
                DataType::ServerId => i64::from(value as i32),
                _ => value as i64,
            });
            value.is_some_and(|value| (filter.holds)(&value, &filter.value))
        })
    }
}

fn operator(word: &str) -> Option<fn(&i64, &i64) -> bool> {
    Some(match word {
        "eq" => i64::eq,
        "ne" => i64::ne,
        "le" => i64::le,
        "ge" => i64::ge,
        "lt" => i64::lt,
        "gt" => i64::gt,
        _ => return None,
    })
}

/// `# table: limits, type: ip, size:1024, used:2`
fn head(table: &Table, view: &CommandView<'_>, out: &mut String) {
    let used = table.used(table.milliseconds(view.now.instant));
    let _ = writeln!(
        out,
        "# table: {}, type: {}, size:{}, used:{used}",
        table.name,
        key_type_name(table.settings.key),
        table.settings.size
    );
}

/// `0x55d0c0ffee00: key=127.0.0.1 use=0 exp=29990 gpc0=0 conn_rate(30000)=1`
fn line(table: &Table, entry: &Arc<Entry>, now_ms: u64, out: &mut String) {
    let _ = write!(out, "{:p}: key=", Arc::as_ptr(entry));
    key_text(table.settings.key, &entry.key, out);
    let _ = write!(
        out,
        " use={} exp={}",
        entry.uses(),
        table.expires_in(entry, now_ms)
    );
    for kind in DataType::ALL {
        let Some(stored) = table.layout.stored(kind) else {
            continue;
        };
        for index in 0..u32::from(stored.count) {
            let value = entry.read(&table.layout, kind, index, now_ms).unwrap_or(0);
            out.push(' ');
            match kind {
                DataType::ServerKey => out.push_str("server_key=-"),
                DataType::ServerId => {
                    let _ = write!(out, "server_id={}", value as i32);
                }
                DataType::Gpt | DataType::Gpc => {
                    let _ = write!(out, "{}{index}={value}", data_name(kind));
                }
                DataType::GpcRate => {
                    let _ = write!(out, "gpc{index}_rate({})={value}", stored.period_ms);
                }
                kind if kind.is_rate() => {
                    let _ = write!(out, "{}({})={value}", data_name(kind), stored.period_ms);
                }
                kind => {
                    let _ = write!(out, "{}={value}", data_name(kind));
                }
            }
        }
    }
    out.push('\n');
}

fn key_text(kind: KeyType, key: &[u8], out: &mut String) {
    match (kind, key) {
        (KeyType::Ip, &[a, b, c, d]) => {
            let _ = write!(out, "{}", Ipv4Addr::new(a, b, c, d));
        }
        (KeyType::Ipv6, key) => {
            let octets: [u8; 16] = key.try_into().unwrap_or_default();
            let _ = write!(out, "{}", std::net::Ipv6Addr::from(octets));
        }
        (KeyType::Integer, &[a, b, c, d]) => {
            let _ = write!(out, "{}", u32::from_ne_bytes([a, b, c, d]));
        }
        (KeyType::Binary(_), key) => {
            for byte in key {
                let _ = write!(out, "{byte:02X}");
            }
        }
        (_, key) => key.iter().for_each(|byte| escape(*byte, out)),
    }
}

/// What would end a word, or isn't a printable character, is escaped.
fn escape(byte: u8, out: &mut String) {
    match byte {
        b'\t' => out.push_str("\\t"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        0x1b => out.push_str("\\e"),
        b' ' | b'=' | b'\\' => {
            out.push('\\');
            out.push(char::from(byte));
        }
        0x21..=0x7e => out.push(char::from(byte)),
        other => {
            let _ = write!(out, "\\x{other:02X}");
        }
    }
}
