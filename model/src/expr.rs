//! Sample expressions and log formats: how a configuration asks for a piece of the traffic.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Located, Text, address::Network};

/// `fetch(args),converter(args),…` (manual 7.3). Names are canonical: an alias of the configuration is resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expr {
    /// The fetch that takes the sample.
    pub fetch: Call,
    /// What is done with it, in order.
    pub converters: Vec<Call>,
}

/// One word with its arguments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The word's name in its registry.
    pub name: String,
    /// Its arguments, as the word's definition row asks for them; an omitted optional one is [`Arg::Absent`].
    pub args: Vec<Arg>,
}

/// An argument of a fetch, converter or action, typed by the word's definition row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Arg {
    /// An optional argument that was left out.
    Absent,
    /// Free text.
    Str(Text),
    /// One word of a closed set, or a flag that is there.
    Word(String),
    /// A number.
    Int(i64),
    /// A time.
    Time(Duration),
    /// A size in bytes.
    Size(u64),
    /// An address or network.
    Net(Network),
    /// An expression.
    Expr(Expr),
    /// A log format.
    Format(LogFormat),
    /// A regular expression.
    Regex(Regex),
    /// The name of a frontend, backend or listen.
    Proxy(String),
    /// A server, by backend and name; an empty backend means the current one.
    Server {
        /// The backend's name.
        backend: String,
        /// The server's name.
        server: String,
    },
    /// The name of a user list.
    Userlist(String),
    /// The name of a stick table.
    Table(String),
    /// A variable.
    Var(Var),
    /// A reply made by the proxy.
    Reply(Box<crate::rule::Reply>),
    /// A map's file and how it is searched.
    Map(Map),
    /// A list of patterns, counted from 0 in [`crate::Model::pattern_lists`]: what an action changes.
    Patterns(usize),
    /// Several arguments that belong together.
    List(Vec<Arg>),
}

/// What a map converter looks in (manual 7.3.1 "map").
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Map {
    /// Its list.
    pub list: crate::pattern::PatternRef,
    /// The value where nothing matches.
    pub default: Option<Text>,
}

/// A regular expression in PCRE syntax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regex {
    /// The pattern as written.
    pub pattern: Text,
    /// Whether letters match without regard to case.
    pub ignore_case: bool,
}

/// Where a variable lives (manual 2.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VarScope {
    /// The process.
    Proc,
    /// The client's session.
    Sess,
    /// The transaction: request and response.
    Txn,
    /// The request's processing.
    Req,
    /// The response's processing.
    Res,
    /// One run of a health check.
    Check,
}

/// A variable's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Var {
    /// Its scope.
    pub scope: VarScope,
    /// Its name without the scope.
    pub name: String,
}

/// A log-format string (manual 8.2.4), split.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LogFormat {
    /// Its parts in order.
    pub parts: Vec<FormatPart>,
}

impl LogFormat {
    /// The constant text of a format that has nothing but text.
    pub fn as_constant(&self) -> Option<Text> {
        match self.parts.as_slice() {
            [] => Some(Text::default()),
            [FormatPart::Text(text)] => Some(text.clone()),
            _ => None,
        }
    }

    /// A format that is just this text.
    pub fn constant(text: impl Into<Text>) -> Self {
        Self {
            parts: vec![FormatPart::Text(text.into())],
        }
    }
}

/// A part of a log format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FormatPart {
    /// Literal text.
    Text(Text),
    /// A `%alias`, by its name in the registry of aliases; `arg` is what stood in the braces besides flags.
    Alias {
        /// The alias.
        name: String,
        /// `%{…}` argument, empty if none.
        arg: String,
        /// Quoting and escaping.
        flags: FormatFlags,
    },
    /// A `%[expression]`.
    Expr {
        /// What is taken.
        expr: Located<Expr>,
        /// Quoting and escaping.
        flags: FormatFlags,
    },
}

/// The `+Q`, `+X`, `+E`, `+M` flags of a log-format variable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormatFlags {
    /// `+Q`: between double quotes; an absent value is `""`.
    pub quote: bool,
    /// `+X`: hexadecimal.
    pub hex: bool,
    /// `+E`: escape `"`, `\` and `]` with backslashes.
    pub escape: bool,
    /// `+M`: an absent value is `-` (`option httplog`'s mandatory fields).
    pub mandatory: bool,
}
