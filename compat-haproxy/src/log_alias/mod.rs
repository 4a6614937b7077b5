//! Aliases of log formats: `%ci` and its kin (manual 8.2.4).

use locum_runtime::vocab::AliasDef;

/// All aliases we execute, sorted by name.
pub static ALIASES: &[&AliasDef] = &[];

/// All aliases of the reference, sorted.
pub static KNOWN: &[&str] = &[];

/// The definition of an alias, by its name without the percent sign.
pub fn definition(name: &str) -> Option<&'static AliasDef> {
    let at = ALIASES.binary_search_by(|row| row.name.cmp(name)).ok()?;
    ALIASES.get(at).copied()
}
