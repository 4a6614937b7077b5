//! Converters: one file a word or tight family (manual 7.3.1).

use locum_runtime::vocab::ConverterDef;

/// All converters we execute, sorted by name.
pub static CONVERTERS: &[&ConverterDef] = &[];

/// The definition of a converter.
pub fn definition(name: &str) -> Option<&'static ConverterDef> {
    let at = CONVERTERS.binary_search_by(|row| row.name.cmp(name)).ok()?;
    CONVERTERS.get(at).copied()
}
