//! `show env [var]`: the environment that the process has.

use locum_model::proxy::StatsLevel;
use locum_runtime::admin::{CommandDef, Reply};

pub(super) static SHOW: CommandDef = CommandDef {
    words: &["show", "env"],
    usage: "show env [var]",
    summary: "dump environment variables known to the process",
    level: StatsLevel::Operator,
    run: |_, words| match words.first() {
        Some(name) => match std::env::var_os(name) {
            Some(value) => Reply::line(format!("{name}={}", value.to_string_lossy())),
            None => Reply::line("Variable not found"),
        },
        None => {
            let mut out = String::new();
            for (name, value) in std::env::vars_os() {
                let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
                out.push_str(&format!("{name}={value}\n"));
            }
            Reply::Text(out)
        }
    },
};
