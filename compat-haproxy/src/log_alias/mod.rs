//! Aliases of log formats: `%ci` and its kin (manual 8.2.4).

use locum_runtime::vocab::AliasDef;

/// All aliases we execute, sorted by name.
pub static ALIASES: &[&AliasDef] = &[];

/// All aliases of the reference, sorted.
#[rustfmt::skip]
pub static KNOWN: &[&str] = &[
    "B", "CC", "CS", "H", "HM", "HP", "HPO", "HQ", "HU", "HV", "ID", "ST", "T", "TR",
    "Ta", "Tc", "Td", "Th", "Ti", "Tl", "Tq", "Tr", "Ts", "Tt", "Tu", "Tw", "U", "ac",
    "b", "bc", "bi", "bp", "bq", "ci", "cp", "f", "fc", "fi", "fp", "ft", "hr", "hrl",
    "hs", "hsl", "lc", "ms", "o", "pid", "r", "rc", "rt", "s", "sc", "si", "sp", "sq",
    "sslc", "sslv", "t", "tr", "trg", "trl", "ts", "tsc",
];

/// The definition of an alias, by its name without the percent sign.
pub fn definition(name: &str) -> Option<&'static AliasDef> {
    let at = ALIASES.binary_search_by(|row| row.name.cmp(name)).ok()?;
    ALIASES.get(at).copied()
}
