//! `show stat` and the page's `;csv`.

use locum_runtime::{live::Live, plan::Plan, stats, stats::Row, vocab::Now};

use super::{
    columns::{COLUMNS, Selection, Value},
    typed,
};

/// The names of the columns.
pub fn header(out: &mut String) {
    out.push_str("# ");
    for column in COLUMNS {
        out.push_str(column.name);
        out.push(',');
    }
    out.push('\n');
}

/// One row.
pub fn row(row: &Row<'_>, out: &mut String) {
    for column in COLUMNS {
        match column.value(row) {
            Value::None => {}
            Value::Text(text) => field(&text, out),
            Value::Number(number) => out.push_str(&number.to_string()),
            Value::Signed(number) => out.push_str(&number.to_string()),
        }
        out.push(',');
    }
    out.push('\n');
}

/// Text, in quotes where it would be misread.
fn field(text: &str, out: &mut String) {
    if text.contains([',', '"', '\n', '\r']) {
        out.push('"');
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(text);
    }
}

/// How a table of statistics is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A line per row, under a header.
    Csv,
    /// A line per field.
    Typed,
    /// An array of arrays of objects.
    Json,
}

/// All rows that are asked for, of the proxies that `shown` lets through.
pub fn table(
    plan: &Plan,
    live: &Live,
    now: Now,
    (shape, selection): (Shape, Selection),
    shown: impl Fn(&locum_runtime::plan::Proxy) -> bool,
) -> String {
    let mut out = String::new();
    match shape {
        Shape::Csv => header(&mut out),
        Shape::Typed => {}
        Shape::Json => out.push('['),
    }
    for proxy in plan.proxies.iter().filter(|proxy| shown(proxy)) {
        for found in stats::rows(plan, live, proxy, now) {
            if !selection.wants(&found) {
                continue;
            }
            match shape {
                Shape::Csv => row(&found, &mut out),
                Shape::Typed => typed::lines(&found, &mut out),
                Shape::Json => {
                    if out.len() > 1 {
                        out.push(',');
                    }
                    typed::json(&found, &mut out);
                }
            }
        }
    }
    if shape == Shape::Json {
        out.push_str("]\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_the_reference_s() {
        let mut out = String::new();
        header(&mut out);
        assert_eq!(out, include_str!("header-2.6.12.csv"));
    }

    #[test]
    fn text_that_would_be_misread_stands_in_quotes() {
        let mut out = String::new();
        field("a,\"b\"", &mut out);
        assert_eq!(out, "\"a,\"\"b\"\"\"");
    }
}
