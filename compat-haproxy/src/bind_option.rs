//! Words of `bind` lines and of `stats socket` (manual 5.1).

mod rows;

pub use rows::ROWS;

use locum_model::{
    Origin,
    address::Address,
    proxy::{Bind, SocketAccess},
};

use crate::load::{Fault, Lowered, SectionLine};

/// A `bind` line being read.
pub struct BindLine {
    /// What the model gets; the address is filled in later.
    pub bind: Bind,
    /// `'bind :80' in section 'frontend'`, as messages name the line.
    pub shown: String,
    /// It is a `stats socket`.
    pub is_stats: bool,
    /// Words that make it a TLS socket.
    pub tls: Option<TlsBind>,
    /// Its threads are counted within a thread group.
    pub thread_of_group: bool,
}

/// What the checks want to know of a TLS socket.
#[derive(Debug, Clone)]
pub struct TlsBind {
    /// The address as written.
    pub address: String,
    /// The line.
    pub at: Origin,
    /// A certificate was named.
    pub has_certificate: bool,
    /// `ssl` was said.
    pub enabled: bool,
}

/// Threads that a socket is restricted to, for the check that they exist.
#[derive(Debug, Clone)]
pub struct ThreadBind {
    /// The address as written.
    pub address: String,
    /// The line.
    pub at: Origin,
    /// The lowest thread.
    pub first: u32,
    /// The number counts within a thread group.
    pub of_group: bool,
}

/// `unix-bind`: what unix sockets begin with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnixBind {
    /// Put before paths.
    pub prefix: Option<String>,
    /// Access unless the line says otherwise.
    pub access: SocketAccess,
}

/// An option of `bind` lines.
pub struct BindOption {
    /// The word.
    pub name: &'static str,
    /// How many words follow it.
    pub arguments: usize,
    /// Whether we execute it.
    pub state: crate::keyword::State,
    /// Reads it; the index is the word's own. The error is the reference's wording behind `'bind …' in section '…' : `.
    pub lower: fn(&mut BindLine, &mut SectionLine<'_, '_>, usize) -> Result<(), String>,
}

impl BindLine {
    /// A line with nothing said.
    pub fn new(shown: &str, is_stats: bool) -> Self {
        Self {
            bind: Bind::at(Address::Unix("".into())),
            shown: shown.to_owned(),
            is_stats,
            tls: None,
            thread_of_group: false,
        }
    }
}

/// Reads the options from the n-th word on.
///
/// # Errors
/// The first one that is wrong, as the reference does.
pub fn read(line: &mut SectionLine<'_, '_>, from: usize, bind: &mut BindLine) -> Lowered {
    let mut at = from;
    while line.has(at) {
        let word = line.text(at);
        let Some(row) = ROWS.iter().find(|row| row.name == word) else {
            let hint = crate::suggest::hint(&word, ROWS.iter().map(|row| row.name));
            return Err(Fault::from(format!(
                "{}: unknown keyword '{word}'{hint}",
                bind.shown
            )));
        };
        (row.lower)(bind, line, at).map_err(|reason| {
            if reason.starts_with("Proxy '") {
                Fault::Whole(reason)
            } else {
                Fault::from(format!("{} : {reason}", bind.shown))
            }
        })?;
        match row.state {
            crate::keyword::State::Executed => {}
            crate::keyword::State::Tuning => line.shared.tuning(&word, &line.at),
            crate::keyword::State::Unexecuted => line.shared.unexecuted(word, &line.at),
        }
        at += 1 + row.arguments;
    }
    Ok(())
}

/// An unknown word as it is told where no section is named: the hint is a sentence of its own.
pub fn as_sentence(unknown: &str) -> String {
    match unknown.split_once("; did you mean ") {
        Some((text, hint)) => format!("{text}. Did you mean {hint}"),
        None => format!("{unknown}."),
    }
}
