//! Filters: one file a word (manual 9).

mod trace;

use locum_runtime::filter::FilterDef;

/// All filters we execute, sorted by name.
pub static FILTERS: &[&FilterDef] = &[&trace::TRACE];

/// The definition of a filter.
pub fn definition(name: &str) -> Option<&'static FilterDef> {
    let at = FILTERS.binary_search_by(|row| row.name.cmp(name)).ok()?;
    FILTERS.get(at).copied()
}
