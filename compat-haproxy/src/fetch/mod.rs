//! Sample fetches: one file a word or tight family (manual 7.3).

use locum_runtime::vocab::FetchDef;

/// All fetches we execute, sorted by name.
pub static FETCHES: &[&FetchDef] = &[];

/// Other names of fetches: alias, name; sorted.
pub static ALIASES: &[(&str, &str)] = &[];

/// The name a word's definition has, if the word is an alias.
pub fn canonical(word: &str) -> Option<&'static str> {
    let at = ALIASES.binary_search_by(|row| row.0.cmp(word)).ok()?;
    ALIASES.get(at).map(|row| row.1)
}

/// The definition of a fetch.
pub fn definition(name: &str) -> Option<&'static FetchDef> {
    let at = FETCHES.binary_search_by(|row| row.name.cmp(name)).ok()?;
    FETCHES.get(at).copied()
}
