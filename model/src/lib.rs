//! The shared intermediate model: what a configuration says, as plain data.
//!
//! Both configuration languages lower into these types; the runtime builds its plan from them. Names stand for
//! what they refer to (a backend is called by its name, never by a pointer), every option is one typed field, and
//! the whole can be printed, compared and serialised. It depends on nothing of ours.

pub mod acl;
pub mod address;
pub mod alert;
pub mod bfd;
pub mod check;
pub mod expr;
pub mod keepalived;
pub mod located;
pub mod log;
pub mod lvs;
pub mod pattern;
pub mod pool;
pub mod process;
pub mod proxy;
pub mod rule;
pub mod script;
pub mod text;
pub mod track;
pub mod vrrp;

pub use located::{Located, Origin};
pub use text::Text;

use serde::{Deserialize, Serialize};

/// Everything the configuration files said, after includes, environment and `defaults` were applied.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// How the program lives as processes: users, limits, daemon mode, pid file.
    pub process: process::Process,
    /// Settings that all proxies share.
    pub global: proxy::Global,
    /// Frontends, backends and listens, in the order of the file.
    pub proxies: Vec<proxy::Proxy>,
    /// Lists of users for HTTP authentication.
    pub userlists: Vec<proxy::Userlist>,
    /// Named collections of error replies.
    pub error_pages: Vec<proxy::ErrorPages>,
    /// Lists of patterns, in the order in which the configuration first names them.
    pub pattern_lists: Vec<pattern::PatternList>,
    /// Ring buffers, in the order of the file.
    pub rings: Vec<log::RingSettings>,
}
