//! `get var proc.NAME`: a process-wide variable.

use locum_model::proxy::StatsLevel;
use locum_runtime::{
    admin::{CommandDef, Reply},
    sample::value::{Arena, Value},
};

pub(super) static GET: CommandDef = CommandDef {
    words: &["get", "var"],
    usage: "get var <name>",
    summary: "retrieve contents of a process-wide variable",
    level: StatsLevel::Operator,
    run: |view, words| {
        let Some(name) = words.first() else {
            return Reply::line("Missing process-wide variable identifier.");
        };
        let arena = Arena::new();
        let own = name.strip_prefix("proc.");
        let variables = view.live.variables.lock();
        match own.and_then(|own| variables.value(own, &arena)) {
            // The line that ends the answer is the end of this one too.
            Some(value) => {
                let (kind, text) = (kind(value), shown(value, &arena));
                Reply::Text(format!("{name}: type={kind} value=<{text}>"))
            }
            None => Reply::line("Variable not found."),
        }
    },
};

fn kind(value: Value<'_>) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::Int(_) => "sint",
        Value::Ip(ip) if ip.is_ipv4() => "ipv4",
        Value::Ip(_) => "ipv6",
        Value::Str(_) => "str",
        Value::Bin(_) => "bin",
        Value::Method(_) => "meth",
    }
}

/// Bytes are shown as they are, up to a NUL.
fn shown(value: Value<'_>, arena: &Arena) -> String {
    let bytes = match value {
        Value::Bin(bytes) => bytes,
        value => value.to_text(arena),
    };
    let end = bytes.iter().position(|byte| *byte == 0);
    let bytes = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}
