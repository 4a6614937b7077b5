//! Programs that the daemon starts: notify scripts, tracking scripts, readers of FIFOs.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Text;

/// A program with its arguments and the account it runs as (keepalived.conf(5), SCRIPTS).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Script {
    /// The program and its arguments, split; never empty. The program is as the file spells it, or with its path where
    /// that was searched for.
    pub argv: Vec<Text>,
    /// Whom it runs as.
    pub account: Account,
}

/// A user and a group, resolved to numbers when the configuration was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Account {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// A FIFO that events are written to and the program that reads it (`notify_fifo`, `notify_fifo_script`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fifo {
    /// The FIFO; `None`: only a script was named, or neither.
    pub path: Option<PathBuf>,
    /// Who owns it.
    pub owner: Account,
    /// The reader; it gets the FIFO's path as its last argument.
    pub script: Option<Script>,
}
