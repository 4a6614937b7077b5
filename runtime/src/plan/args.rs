//! Arguments of words, resolved and compiled.

use std::{sync::Arc, time::Duration};

use locum_model::{address::Network, expr::Var};
use smallvec::SmallVec;

use super::{ProxyId, ServerId, TableId, userlist::Userlist};
use crate::{
    rules::{
        pattern::{Map, Reference},
        reply::Reply,
    },
    sample::{expr::Expr, format::Format, regex::Regex},
};

/// One argument; the definition row of its word says which kind stands where.
#[derive(Debug)]
pub enum Arg {
    /// An optional one that was left out.
    Absent,
    /// Text; what is short stands where the arguments do.
    Str(SmallVec<[u8; 40]>),
    /// A word of a closed set.
    Word(Box<str>),
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
    Format(Format),
    /// A regular expression.
    Regex(Regex),
    /// A proxy.
    Proxy(ProxyId),
    /// A server.
    Server(ServerId),
    /// A user list.
    Userlist(Arc<Userlist>),
    /// A stick table.
    Table(TableId),
    /// A variable.
    Var(Var),
    /// A reply.
    Reply(Box<Reply>),
    /// How a map is searched.
    Map(Map),
    /// A list of patterns.
    Patterns(Arc<Reference>),
    /// Several that belong together.
    List(Box<[Arg]>),
}

/// The arguments of one call of a word. Accessors answer with "not there" for a kind that the row didn't ask for.
#[derive(Debug, Default)]
pub struct Args(pub Box<[Arg]>);

impl Args {
    /// Text at a place.
    pub fn text(&self, at: usize) -> Option<&[u8]> {
        match self.0.get(at)? {
            Arg::Str(text) => Some(text),
            Arg::Word(word) => Some(word.as_bytes()),
            _ => None,
        }
    }

    /// A word at a place.
    pub fn word(&self, at: usize) -> Option<&str> {
        match self.0.get(at)? {
            Arg::Word(word) => Some(word),
            _ => None,
        }
    }

    /// A number at a place; times are in milliseconds.
    pub fn int(&self, at: usize) -> Option<i64> {
        match self.0.get(at)? {
            Arg::Int(n) => Some(*n),
            Arg::Size(n) => i64::try_from(*n).ok(),
            Arg::Time(t) => i64::try_from(t.as_millis()).ok(),
            _ => None,
        }
    }

    /// A time at a place.
    pub fn time(&self, at: usize) -> Option<Duration> {
        match self.0.get(at)? {
            Arg::Time(time) => Some(*time),
            _ => None,
        }
    }

    /// An expression at a place.
    pub fn expr(&self, at: usize) -> Option<&Expr> {
        match self.0.get(at)? {
            Arg::Expr(expr) => Some(expr),
            _ => None,
        }
    }

    /// A log format at a place.
    pub fn format(&self, at: usize) -> Option<&Format> {
        match self.0.get(at)? {
            Arg::Format(format) => Some(format),
            _ => None,
        }
    }

    /// A regular expression at a place.
    pub fn regex(&self, at: usize) -> Option<&Regex> {
        match self.0.get(at)? {
            Arg::Regex(regex) => Some(regex),
            _ => None,
        }
    }

    /// A proxy at a place.
    pub fn proxy(&self, at: usize) -> Option<ProxyId> {
        match self.0.get(at)? {
            Arg::Proxy(id) => Some(*id),
            _ => None,
        }
    }

    /// A server at a place.
    pub fn server(&self, at: usize) -> Option<ServerId> {
        match self.0.get(at)? {
            Arg::Server(id) => Some(*id),
            _ => None,
        }
    }

    /// A user list at a place.
    pub fn userlist(&self, at: usize) -> Option<&Userlist> {
        match self.0.get(at)? {
            Arg::Userlist(list) => Some(list),
            _ => None,
        }
    }

    /// A stick table at a place.
    pub fn table(&self, at: usize) -> Option<TableId> {
        match self.0.get(at)? {
            Arg::Table(id) => Some(*id),
            _ => None,
        }
    }

    /// A variable at a place.
    pub fn var(&self, at: usize) -> Option<&Var> {
        match self.0.get(at)? {
            Arg::Var(var) => Some(var),
            _ => None,
        }
    }

    /// A reply at a place.
    pub fn reply(&self, at: usize) -> Option<&Reply> {
        match self.0.get(at)? {
            Arg::Reply(reply) => Some(reply),
            _ => None,
        }
    }

    /// A network at a place.
    pub fn net(&self, at: usize) -> Option<Network> {
        match self.0.get(at)? {
            Arg::Net(net) => Some(*net),
            _ => None,
        }
    }

    /// A map at a place.
    pub fn map(&self, at: usize) -> Option<&Map> {
        match self.0.get(at)? {
            Arg::Map(map) => Some(map),
            _ => None,
        }
    }

    /// A list of patterns at a place.
    pub fn patterns(&self, at: usize) -> Option<&Reference> {
        match self.0.get(at)? {
            Arg::Patterns(list) => Some(list),
            _ => None,
        }
    }

    /// A group of arguments at a place.
    pub fn list(&self, at: usize) -> Option<&[Arg]> {
        match self.0.get(at)? {
            Arg::List(list) => Some(list),
            _ => None,
        }
    }
}
