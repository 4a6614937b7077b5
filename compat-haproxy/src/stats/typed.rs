//! `show stat typed` and `show stat json`: one line or object per field, with its place, name, tags and type.

use std::fmt::Write;

use locum_runtime::stats::Row;

use super::columns::{COLUMNS, Value};

/// The shape of the JSON, as a JSON schema.
pub const SCHEMA: &str = include_str!("schema.json");

/// Kind, proxy and number of a row, as the keys of fields have them.
fn key(row: &Row<'_>) -> (char, &'static str, u32, u32) {
    match row {
        Row::Frontend(row) => ('F', "Frontend", row.proxy.number, 0),
        Row::Listener(row) => ('L', "Listener", row.proxy.number, row.listener.bind.id),
        Row::Server(row) => ('S', "Server", row.proxy.number, row.state.rules.id),
        Row::Backend(row) => ('B', "Backend", row.proxy.number, 0),
    }
}

/// Fields that have a value: place, name, tag, type, value.
fn fields(row: &Row<'_>) -> Vec<(usize, &'static str, &'static str, &'static str, Value)> {
    let columns = COLUMNS.iter().filter(|column| !column.tag.is_empty());
    columns
        .enumerate()
        .filter_map(|(place, column)| {
            let (tag, kind) = column.tag_in(row).split_once(':')?;
            let value = column.value(row);
            (value != Value::None).then_some((place, column.name, tag, kind, value))
        })
        .collect()
}

/// A row as lines; an empty line follows each row.
pub fn lines(row: &Row<'_>, out: &mut String) {
    let (kind, _, proxy, id) = key(row);
    for (place, name, tag, of, value) in fields(row) {
        let _ = write!(out, "{kind}.{proxy}.{id}.{place}.{name}.1:{tag}:{of}:");
        let _ = match value {
            Value::Text(text) => writeln!(out, "{text}"),
            Value::Number(number) => writeln!(out, "{number}"),
            Value::Signed(number) => writeln!(out, "{number}"),
            Value::None => Ok(()),
        };
    }
    out.push('\n');
}

/// A row as an array of objects.
pub fn json(row: &Row<'_>, out: &mut String) {
    let (_, kind, proxy, id) = key(row);
    out.push('[');
    for (at, (place, name, tag, of, value)) in fields(row).into_iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let tags = tags(tag);
        let _ = write!(
            out,
            "{comma}{{\"objType\":\"{kind}\",\"proxyId\":{proxy},\"id\":{id},\"field\":{{\"pos\":{place},\
             \"name\":\"{name}\"}},\"processNum\":1,\"tags\":{tags},\"value\":{{\"type\":\"{of}\",\"value\":"
        );
        let _ = match value {
            Value::Text(text) => write!(out, "\"{}\"", escape(&text)),
            Value::Number(number) => write!(out, "{number}"),
            Value::Signed(number) => write!(out, "{number}"),
            Value::None => Ok(()),
        };
        out.push_str("}}");
    }
    out.push(']');
}

/// The letters of a tag in words (management.txt 9.2).
pub(super) fn tags(tag: &str) -> String {
    let mut letters = tag.chars();
    let origin = match letters.next() {
        Some('M') => "Metric",
        Some('S') => "Status",
        Some('K') => "Key",
        Some('C') => "Config",
        Some('P') => "Product",
        _ => "Unknown",
    };
    let nature = match letters.next() {
        Some('A') => "Age",
        Some('a') => "Avg",
        Some('C') => "Counter",
        Some('D') => "Duration",
        Some('G') => "Gauge",
        Some('L') => "Limit",
        Some('M') => "Max",
        Some('m') => "Min",
        Some('N') => "Name",
        Some('O') => "Output",
        Some('R') => "Rate",
        Some('T') => "Time",
        _ => "Unknown",
    };
    let scope = match letters.next() {
        Some('C') => "Cluster",
        Some('P') => "Process",
        Some('S') => "Service",
        Some('s') => "System",
        _ => "Unknown",
    };
    format!("{{\"origin\":\"{origin}\",\"nature\":\"{nature}\",\"scope\":\"{scope}\"}}")
}

pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_in_words() {
        assert_eq!(
            tags("MGP"),
            "{\"origin\":\"Metric\",\"nature\":\"Gauge\",\"scope\":\"Process\"}"
        );
        assert_eq!(escape("a\"b\\\n"), "a\\\"b\\\\\\u000a");
    }
}
