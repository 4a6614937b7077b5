//! `filter NAME …`: hooks on the way of messages (manual 9).
//!
//! ```text
//! filter trace name BEFORE-HTTP-COMP
//! ```

use locum_model::{Located, proxy::Filter};

use super::{ProxyKeyword, Sections, State};
use crate::load::{Fault, Lowered, ProxyLine};

/// The row.
pub static ROWS: &[ProxyKeyword] = &[ProxyKeyword {
    name: "filter",
    sections: Sections::PROXIES,
    arguments: "<name> [param*]",
    state: State::Executed,
    lower: filter,
}];

fn filter(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let at = line.line.at.clone();
    if line.draft.is_defaults {
        return Err(
            format!("parsing [{at}] : filter is not allowed in a 'default' section.").into(),
        );
    }
    let name = line.line.text(1);
    match name.as_str() {
        "" => {
            let shown = line.proxy_shown();
            return Err(
                format!("parsing [{at}] : missing argument for 'filter' in {shown}.").into(),
            );
        }
        "trace" => trace(line)?,
        "cache" | "compression" | "fcgi-app" | "opentracing" | "spoe" => {
            line.line.shared.unexecuted(format!("filter {name}"), &at);
        }
        _ => {
            return Err(Fault::Spaced(format!(
                "'filter' : unknown keyword '{name}'. Registered keywords :\n    [CACHE] cache\n    [COMP] compression\n    [FCGI] fcgi-app\n    [  OT] opentracing\n    [SPOE] spoe\n    [TRACE] trace"
            )));
        }
    }
    let args = (2..line.line.words.len())
        .map(|index| line.line.text(index))
        .collect();
    line.draft
        .proxy
        .filters
        .push(Located::new(Filter { name, args }, at));
    Ok(())
}

/// The words of `filter trace` (manual 9.1).
fn trace(line: &ProxyLine<'_, '_>) -> Lowered {
    let mut at = 2;
    while line.line.has(at) {
        match line.line.bytes(at) {
            b"name" if !line.line.has(at + 1) => {
                return Err("'filter trace' : '<name>' option expects a string.".into());
            }
            b"name" => at += 2,
            b"quiet" | b"random-forwarding" | b"hexdump" => at += 1,
            _ => {
                return Err(
                    format!("'filter trace' : unknown keyword '{}'.", line.line.text(at)).into(),
                );
            }
        }
    }
    Ok(())
}
