//! Filters: one file a word (manual 9).

use locum_runtime::filter::FilterDef;

/// All filters we execute, sorted by name.
pub static FILTERS: &[&FilterDef] = &[];

/// The definition of a filter.
pub fn definition(name: &str) -> Option<&'static FilterDef> {
    let at = FILTERS.binary_search_by(|row| row.name.cmp(name)).ok()?;
    FILTERS.get(at).copied()
}
