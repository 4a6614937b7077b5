//! Messages about a configuration in the reference's layout, and the exit status they add up to.
//!
//! ```text
//! (Line 2) Unknown keyword 'frobnicate'
//! (keepalived.conf: Line 4) number '256' outside range [1, 255]
//! ```
//! The parent names only the line as long as it reads the file given to it; children, which read a copy, name the file.

use locum_model::Origin;

/// What a message means for a configuration test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Nothing: it is only told.
    Information,
    /// Nothing, and only a daemon's log has it.
    Log,
    /// The configuration has an error, or something that is probably one.
    Error,
    /// The daemon can't start with this.
    Fatal,
    /// A script could be replaced by someone it shouldn't be.
    Security,
    /// A parameter is missing: reading ends here.
    Missing,
}

/// A line of text about the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it means.
    pub kind: Kind,
    /// The line, with its place where it has one, without a line feed.
    pub text: String,
    /// The place, where it has one.
    pub at: Option<Origin>,
}

/// The exit status of a configuration test; the worst of several counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// 0: nothing was said that matters.
    #[default]
    Good,
    /// 5: an error or a warning.
    Faulty,
    /// 4: the daemon can't start.
    Fatal,
    /// 6: script security.
    Insecure,
    /// 2: a parameter is missing.
    Missing,
}

impl Status {
    /// What the process ends with.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Missing => 2,
            Self::Fatal => 4,
            Self::Faulty => 5,
            Self::Insecure => 6,
        }
    }

    /// The status that a message alone gives.
    pub fn of(kind: Kind) -> Self {
        match kind {
            Kind::Information | Kind::Log => Self::Good,
            Kind::Error => Self::Faulty,
            Kind::Fatal => Self::Fatal,
            Kind::Security => Self::Insecure,
            Kind::Missing => Self::Missing,
        }
    }
}
