//! What the kernel says of the client's connection: `fc_rtt`, `fc_rttvar`, and counters such as `fc_retrans`
//! (manual 7.3.3; tcp(7), TCP_INFO).
//!
//! ```text
//! log-format "%ci rtt=%[fc_rtt(us)]us lost=%[fc_lost]"
//! ```

use locum_model::expr::Arg;
use locum_runtime::{
    plan::args::Args,
    sample::{
        value::{Fetched, Type, Value},
        view::View,
    },
    vocab::FetchDef,
};

use super::{fetch, fetch_checked};

pub(super) static FC_RTT: FetchDef = fetch_checked("fc_rtt", Type::Int, unit, |view, args, _| {
    time(view.client_tcp_info().map(|info| info.rtt), args)
});

pub(super) static FC_RTTVAR: FetchDef =
    fetch_checked("fc_rttvar", Type::Int, unit, |view, args, _| {
        time(view.client_tcp_info().map(|info| info.rtt_variance), args)
    });

pub(super) static FC_FACKETS: FetchDef = fetch("fc_fackets", Type::Int, |view, _, _| {
    count(view, |info| info.fackets)
});

pub(super) static FC_LOST: FetchDef = fetch("fc_lost", Type::Int, |view, _, _| {
    count(view, |info| info.lost)
});

pub(super) static FC_REORDERING: FetchDef = fetch("fc_reordering", Type::Int, |view, _, _| {
    count(view, |info| info.reordering)
});

pub(super) static FC_RETRANS: FetchDef = fetch("fc_retrans", Type::Int, |view, _, _| {
    count(view, |info| info.retrans)
});

pub(super) static FC_SACKED: FetchDef = fetch("fc_sacked", Type::Int, |view, _, _| {
    count(view, |info| info.sacked)
});

pub(super) static FC_UNACKED: FetchDef = fetch("fc_unacked", Type::Int, |view, _, _| {
    count(view, |info| info.unacked)
});

/// Counters: they take an argument, and don't look at it.
pub(super) static COUNTERS: [&FetchDef; 6] = [
    &FC_FACKETS,
    &FC_LOST,
    &FC_REORDERING,
    &FC_RETRANS,
    &FC_SACKED,
    &FC_UNACKED,
];

fn count<'a>(view: &View<'_>, figure: fn(&locum_runtime::net::TcpInfo) -> u32) -> Fetched<'a> {
    let info = view.client_tcp_info();
    info.map(|info| Value::Int(i64::from(figure(&info)))).into()
}

/// Whole milliseconds unless the argument asks for microseconds.
fn time<'a>(micros: Option<u32>, args: &Args) -> Fetched<'a> {
    let scale = if args.word(0) == Some("us") { 1 } else { 1000 };
    micros
        .map(|micros| Value::Int(i64::from(micros / scale)))
        .into()
}

fn unit(args: &mut [Arg]) -> Result<(), String> {
    let Some(arg) = args.first_mut() else {
        return Ok(());
    };
    let word = match arg {
        Arg::Str(text) => match &**text {
            b"ms" => "ms",
            b"us" => "us",
            _ => return Err(format!("expects 'us' or 'ms', got '{text}'")),
        },
        _ => return Ok(()),
    };
    *arg = Arg::Word(word.to_owned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use locum_model::Text;

    #[test]
    fn times_are_asked_for_in_milliseconds_or_microseconds() {
        assert_eq!(
            unit(&mut [Arg::Str(Text::from("s"))]).unwrap_err(),
            "expects 'us' or 'ms', got 's'"
        );
        let none = Args::default();
        assert_eq!(time(Some(2999), &none), Fetched::Value(Value::Int(2)));
    }
}
