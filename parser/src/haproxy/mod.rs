//! HAProxy's configuration language (configuration manual, chapters 2.1 to 2.5 and 7).
//!
//! The way of a file: [`syntax::Syntax`] keeps every byte; an [`expand::Expander`] walks its lines as
//! lowering asks for them, resolves quotes and variables ([`line`]), and obeys `.if` and its kin
//! ([`condition`]). Lowering then cuts words further: [`section`] headers, rule conditions
//! ([`acl_condition`]), sample expressions ([`expr`]), log formats ([`logformat`]), numbers with
//! units ([`units`]).

pub mod args;
pub mod condition;
pub mod expand;
pub mod line;
pub mod section;
pub mod syntax;
mod version;

pub use condition::{ConditionError, evaluate, evaluate_argument};
pub use expand::{Expander, Host, Line};
pub use line::Word;
pub use syntax::Syntax;
