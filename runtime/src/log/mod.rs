//! Log lines: their targets and how they leave.

use crate::sample::format::Format;

/// How one proxy logs.
#[derive(Default)]
pub struct ProxyLog {
    /// Where lines go.
    pub targets: Box<[locum_model::log::LogTarget]>,
    /// What a line says; `None`: traffic isn't logged.
    pub format: Option<Format>,
    /// What a line about a failed connection says.
    pub error_format: Option<Format>,
    /// The tag before the pid.
    pub tag: Box<[u8]>,
}
