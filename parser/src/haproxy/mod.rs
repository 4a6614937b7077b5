//! HAProxy's configuration language (configuration manual, chapters 2.1 to 2.5 and 7).
//!
//! The way of a file: [`syntax::Syntax`] keeps every byte; an [`expand::Expander`] walks its lines as
//! lowering asks for them, resolves quotes and variables ([`line`]), and obeys `.if` and its kin
//! ([`condition`]). Lowering then cuts words further: [`section`] headers, rule conditions
//! ([`acl_condition`]), sample expressions ([`expr`]), log formats ([`logformat`]), numbers with
//! units ([`units`]).

pub mod acl_condition;
pub mod args;
pub mod condition;
mod directive;
pub mod expand;
pub mod expr;
pub mod line;
pub mod logformat;
pub mod section;
pub mod syntax;
pub mod units;
mod version;

pub use acl_condition::Condition;
pub use condition::{ConditionError, evaluate, evaluate_argument};
pub use expand::{Expander, Host, Line};
pub use expr::Expr;
pub use line::Word;
pub use logformat::LogFormat;
pub use section::Header;
pub use syntax::Syntax;
