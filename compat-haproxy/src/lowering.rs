//! The parts that many lines share: expressions, conditions, access lists, log formats, rules.
//!
//! A keyword's file cuts its own line and calls these for what is inside. Everything here works on words whose quotes
//! and variables are resolved already; errors are the reference's wording without the place, which the caller adds
//! ("error detected in frontend 'f' while parsing 'http-request deny' rule : …").
//!
//! ```text
//! lower_rule ──> ActionWord.parse(RuleWords) ──> lower_expr, lower_format …
//!     └────────> lower_condition ──> lower_acl ──> lower_expr_keyword
//! ```

pub mod acl;
pub mod arguments;
pub mod condition;
mod dotted;
pub mod expr;
pub mod format;
pub mod known;
pub mod list;
pub mod pattern;
pub mod place;
pub mod regex;
pub mod rule;

pub use acl::{LoweredAcl, lower_acl};
pub use condition::{ConditionError, lower_condition, lower_required_condition};
pub use expr::{LoweredExpr, lower_expr, lower_expr_words};
pub use format::{lower_format, lower_rule_format};
pub use place::{
    AclFacts, CaptureSlot, GroupTest, Notes, Place, Point, Points, Reference, ReferenceKind,
    ReplyPages, Track, shown_proxy,
};
pub use rule::{ActionWord, ParseAction, RuleError, RuleWords, lower_rule};
