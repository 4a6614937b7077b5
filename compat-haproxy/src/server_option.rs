//! Words of `server` and `default-server` lines (manual 5.2).

pub mod check;
mod reach;
mod reaction;
mod rows;
mod share;
pub mod source;
mod value;

pub use rows::ROWS;

use locum_model::{Located, address::Address, proxy::Server};

use crate::{
    address::Family,
    keyword::State,
    load::{Fault, Lowered, ProxyLine, ServerDraft},
};

/// An option of `server` lines.
pub struct ServerOption {
    /// The word.
    pub name: &'static str,
    /// How many words follow it.
    pub arguments: usize,
    /// Whether `default-server` takes it.
    pub in_default: bool,
    /// Whether we execute it.
    pub state: State,
    /// Reads it. The error is the reference's wording behind `'server b/s' : `, without the closing full stop.
    pub lower: fn(&mut OptionWord<'_, '_, '_>) -> Result<(), String>,
}

/// One option being read.
pub struct OptionWord<'w, 'l, 'o> {
    /// The line.
    pub line: &'w mut ProxyLine<'l, 'o>,
    /// Where the option stands in it.
    pub at: usize,
    /// The server.
    pub server: &'w mut ServerDraft,
    /// The server's name; empty for `default-server`.
    pub name: &'w str,
    /// Words taken besides those the row counts.
    pub extra: usize,
}

impl OptionWord<'_, '_, '_> {
    /// The n-th word behind the option; empty behind the end.
    pub fn text(&self, offset: usize) -> String {
        self.line.line.text(self.at + offset)
    }

    /// The n-th word behind the option as C's `atol` reads it.
    pub fn number(&self, offset: usize) -> i64 {
        self.line.line.lenient_number(self.at + offset)
    }

    /// The word behind the option.
    ///
    /// # Errors
    /// `otherwise` if there is none.
    pub fn required(&self, otherwise: &str) -> Result<String, String> {
        let text = self.text(1);
        if text.is_empty() {
            Err(otherwise.to_owned())
        } else {
            Ok(text)
        }
    }
}

/// Reads the options from the n-th word on; without a name the line is `default-server`.
///
/// # Errors
/// The first one that is wrong, as the reference does.
pub fn read(
    line: &mut ProxyLine<'_, '_>,
    from: usize,
    server: &mut ServerDraft,
    name: Option<&str>,
) -> Lowered {
    let at_line = line.line.at.clone();
    let prefix = match name {
        Some(name) => format!("[{at_line}] : 'server {}/{name}' : ", line.draft.name()),
        None => format!("[{at_line}] : "),
    };
    let mut at = from;
    while line.line.has(at) {
        let word = line.line.text(at);
        let Some(row) = ROWS.iter().find(|row| row.name == word) else {
            let hint = crate::suggest::hint(&word, ROWS.iter().map(|row| row.name));
            let end = match (hint.is_empty(), name) {
                (_, None) if at == from => {
                    ". Hint: no address was expected for this server.".to_owned()
                }
                (true, _) => ".".to_owned(),
                (false, _) => hint,
            };
            return Err(Fault::Whole(format!(
                "{prefix}unknown keyword '{word}'{end}"
            )));
        };
        if name.is_none() && !row.in_default {
            let had = line.line.shared.fatal;
            let text =
                format!("{prefix}'{word}' option is not accepted in default-server sections");
            line.line.shared.alert(&at_line, text);
            line.line.shared.fatal = had;
            at += 1 + row.arguments;
            continue;
        }
        let mut option = OptionWord {
            line,
            at,
            server,
            name: name.unwrap_or(""),
            extra: 0,
        };
        let result = (row.lower)(&mut option);
        let extra = option.extra;
        result.map_err(|reason| Fault::Whole(format!("{prefix}{reason}.")))?;
        match row.state {
            State::Executed => {}
            State::Tuning => line.line.shared.tuning(&word, &at_line),
            State::Unexecuted => line.line.shared.unexecuted(word, &at_line),
        }
        at += 1 + row.arguments + extra;
    }
    Ok(())
}

impl ServerDraft {
    /// A server with every option at its default.
    pub fn new() -> Self {
        Self {
            server: Located::built_in(Server::at(Address::Ip {
                ip: std::net::Ipv4Addr::UNSPECIFIED.into(),
                port: 0,
            })),
            check: false,
            probe: check::CheckDraft::default(),
            port_missing: false,
            hostname: None,
            family: Family::Any,
            resolvers: None,
            tls: false,
            tls_verify: None,
            proxy_options: Vec::new(),
            weight_said: false,
            has_id: false,
        }
    }
}

impl Default for ServerDraft {
    fn default() -> Self {
        Self::new()
    }
}
