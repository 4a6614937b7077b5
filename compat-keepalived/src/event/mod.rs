//! What happens, in the reference's words: log lines of typed events.

pub mod bfd;
pub mod vrrp;

use std::time::Duration;

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it says.
    pub text: String,
    /// It is told only where `-D` asks for details.
    pub detail: bool,
}

impl Line {
    /// A line that is always told.
    pub fn always(text: String) -> Self {
        Self {
            text,
            detail: false,
        }
    }

    /// A line that `-D` asks for.
    pub fn detail(text: String) -> Self {
        Self { text, detail: true }
    }
}

/// The loop woke so long after a timer was due.
fn timer_late(late: Duration) -> Line {
    Line::always(format!(
        "A thread timer expired {}.{:06} seconds ago",
        late.as_secs(),
        late.subsec_micros()
    ))
}
