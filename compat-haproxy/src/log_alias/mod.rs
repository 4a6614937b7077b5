//! Aliases of log formats: `%ci` and its kin (manual 8.2.4), and the formats that options stand for.

mod address;
pub mod connection;
mod count;
mod date;
mod header;
mod name;
mod request;
mod time;

use locum_runtime::{
    sample::{format::Field, view::View},
    stream::facts::StreamFacts,
    vocab::{AliasDef, Needs},
};

/// All aliases we execute, sorted by name.
#[rustfmt::skip]
pub static ALIASES: &[&AliasDef] = &[
    &count::BYTES_OUT,
    &header::CC,
    &header::CS,
    &name::H,
    &request::HM,
    &request::HP,
    &request::HPO,
    &request::HQ,
    &request::HU,
    &request::HV,
    &name::ID,
    &request::ST,
    &date::T_GMT,
    &time::TR_REQUEST,
    &time::TA,
    &time::TC,
    &time::TD,
    &time::TH,
    &time::TI,
    &date::T_LOCAL,
    &time::TQ,
    &time::TR_RESPONSE,
    &date::TS,
    &time::TT,
    &time::TU,
    &time::TW,
    &count::BYTES_IN,
    &count::AC,
    &name::B,
    &count::BC,
    &address::BI,
    &address::BP,
    &count::BQ,
    &address::CI,
    &address::CP,
    &name::F,
    &count::FC,
    &address::FI,
    &address::FP,
    &name::FT,
    &header::HR,
    &header::HRL,
    &header::HS,
    &header::HSL,
    &count::LC,
    &date::MS,
    &count::PID,
    &request::R,
    &count::RC,
    &count::RT,
    &name::S,
    &count::SC,
    &address::SI,
    &address::SP,
    &count::SQ,
    &name::SSLC,
    &name::SSLV,
    &date::T,
    &date::TR,
    &date::TRG,
    &date::TRL,
    &request::TS,
    &request::TSC,
];

/// All aliases of the reference, sorted.
#[rustfmt::skip]
pub static KNOWN: &[&str] = &[
    "B", "CC", "CS", "H", "HM", "HP", "HPO", "HQ", "HU", "HV", "ID", "ST", "T", "TR", "Ta", "Tc", "Td", "Th", "Ti",
    "Tl", "Tq", "Tr", "Ts", "Tt", "Tu", "Tw", "U", "ac", "b", "bc", "bi", "bp", "bq", "ci", "cp", "f", "fc", "fi",
    "fp", "ft", "hr", "hrl", "hs", "hsl", "lc", "ms", "o", "pid", "r", "rc", "rt", "s", "sc", "si", "sp", "sq",
    "sslc", "sslv", "t", "tr", "trg", "trl", "ts", "tsc",
];

/// `option httplog` (manual 8.2.3).
pub const HTTP_LOG: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r";

/// `option httplog clf` (manual 8.2.3).
pub const HTTP_LOG_CLF: &str = "%{+Q}o %{-Q}ci - - [%trg] %r %ST %B \"\" \"\" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl";

/// `option httpslog` (manual 8.2.4).
pub const HTTPS_LOG: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc";

/// `option tcplog` (manual 8.2.2).
pub const TCP_LOG: &str = "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq";

/// The definition of an alias, by its name without the percent sign.
pub fn definition(name: &str) -> Option<&'static AliasDef> {
    let at = ALIASES.binary_search_by(|row| row.name.cmp(name)).ok()?;
    ALIASES.get(at).copied()
}

type Write = fn(&View<'_>, &mut Field<'_>);

const fn alias(name: &'static str, run: Write) -> AliasDef {
    AliasDef {
        name,
        http_only: false,
        needs: Needs::empty(),
        run,
    }
}

/// An alias that is refused outside HTTP mode.
const fn http_alias(name: &'static str, run: Write) -> AliasDef {
    AliasDef {
        http_only: true,
        ..alias(name, run)
    }
}

/// A plus before what is not final yet, since the line is written early (`option logasap`).
fn early(view: &View<'_>, field: &mut Field<'_>) {
    if view
        .stream
        .is_some_and(|stream| stream.logged && stream.timers.end.is_none())
    {
        field.raw(b"+");
    }
}

/// Whether a line is being written. Rules before it see no sums and no ends yet (observed).
fn is_logging(stream: &StreamFacts) -> bool {
    stream.logged || stream.timers.end.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_agree() {
        let unsorted = ALIASES.windows(2).find(|pair| pair[0].name >= pair[1].name);
        assert!(unsorted.is_none(), "{unsorted:?}");
        assert!(KNOWN.is_sorted());
        let missing: Vec<_> = KNOWN
            .iter()
            .filter(|name| definition(name).is_none())
            .collect();
        assert_eq!(missing, [&"o"]);
    }
}
