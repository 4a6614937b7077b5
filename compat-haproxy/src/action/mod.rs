//! Actions of rules: one file a word or tight family (manual 4.2).

use crate::lowering::ActionWord;

/// All actions we execute, sorted by name.
pub static ACTIONS: &[&ActionWord] = &[];
