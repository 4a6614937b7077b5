//! `show sess`: the sessions of all workers, one a line.

use std::fmt::Write;

use locum_model::proxy::StatsLevel;
use locum_runtime::admin::{CommandDef, CommandView, Reply, SessionRow};

use crate::stats::short_time;

pub(super) static SHOW: CommandDef = CommandDef {
    words: &["show", "sess"],
    usage: "show sess [id]",
    summary: "report the list of current sessions or dump this exact session",
    level: StatsLevel::Operator,
    run: |view, words| {
        let wanted = match words.first() {
            None | Some(&"all") => None,
            Some(word) => match number(word) {
                Some(number) => Some(number),
                None => return Reply::line("Session not found."),
            },
        };
        let names = Names::of(view);
        Reply::Sessions(Box::new(move |rows| {
            let mut out = String::new();
            for row in rows
                .iter()
                .filter(|row| wanted.is_none_or(|n| n == row.number))
            {
                names.line(row, &mut out);
            }
            if out.is_empty() && wanted.is_some() {
                out.push_str("Session not found.\n");
            }
            out
        }))
    },
};

/// A session's number, as `show sess` writes it.
pub(super) fn number(word: &str) -> Option<u64> {
    let digits = word.strip_prefix("0x").unwrap_or(word);
    u64::from_str_radix(digits, 16).ok()
}

/// Names of proxies and their servers: sessions come when the view is gone.
struct Names(Vec<(String, Vec<String>)>);

impl Names {
    fn of(view: &CommandView<'_>) -> Self {
        let servers = |proxy: &locum_runtime::plan::Proxy| {
            let servers = proxy.backend.iter().flat_map(|backend| &backend.servers);
            servers.map(|server| server.name.to_string()).collect()
        };
        let proxies = view.plan.proxies.iter();
        Self(
            proxies
                .map(|proxy| (proxy.name.to_string(), servers(proxy)))
                .collect(),
        )
    }

    fn line(&self, row: &SessionRow, out: &mut String) {
        let proxy = |id: locum_runtime::plan::ProxyId| {
            self.0.get(id.index()).map_or("<NONE>", |found| &found.0)
        };
        let server = row.server.and_then(|id| {
            let servers = &self.0.get(id.backend.index())?.1;
            servers.get(id.index as usize)
        });
        let (proto, source) = match row.source {
            Some(address) if address.is_ipv4() => {
                ("tcpv4", format!("{}:{}", address.ip(), address.port()))
            }
            Some(address) => ("tcpv6", format!("{}:{}", address.ip(), address.port())),
            None => ("unix_stream", "unix:1".into()),
        };
        let expires = row.expires.map_or(String::new(), short_time);
        let _ = writeln!(
            out,
            "{:#x}: proto={proto} src={source} fe={} be={} srv={} ts={:02x} epoch=0 age={} calls=0 rate=0 cpu=0 lat=0 \
             exp={expires} rc=0 c_exp=",
            row.number,
            row.frontend.map_or("GLOBAL", proxy),
            row.backend.map_or("<NONE>", proxy),
            server.map_or("<none>", |name| name),
            row.worker,
            short_time(row.age),
        );
    }
}
