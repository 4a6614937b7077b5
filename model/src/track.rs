//! What VRRP instances and sync groups watch: interfaces, scripts, files, processes, BFD sessions.
//!
//! A tracker is declared once and tracked by name; weights and `reverse` of a tracking line are resolved against the
//! tracker's own when the configuration is read.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Located, Text, script::Script};

/// How a tracker's state moves a priority. 0: a failure means the fault state (a success, when reversed).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weight {
    /// The weight: −253…253 for interfaces, scripts and BFD, −254…254 for processes and files in tracking lines.
    pub value: i32,
    /// Up and down change places.
    pub reverse: bool,
}

/// A line in a `track_…` block: who is tracked, with which weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tracked {
    /// An interface, or the name of a declared tracker.
    pub name: Located<String>,
    /// The line's weight, else the tracker's.
    pub weight: Weight,
}

/// All `track_…` blocks of an instance or of a sync group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tracks {
    /// `track_interface`.
    pub interfaces: Vec<Tracked>,
    /// `track_script`.
    pub scripts: Vec<Tracked>,
    /// `track_file`.
    pub files: Vec<Tracked>,
    /// `track_process`.
    pub processes: Vec<Tracked>,
    /// `track_bfd`.
    pub bfd: Vec<Tracked>,
}

impl Tracks {
    /// Gives back the room that lists were given for growing.
    pub fn shrink(&mut self) {
        for list in [
            &mut self.interfaces,
            &mut self.scripts,
            &mut self.files,
            &mut self.processes,
            &mut self.bfd,
        ] {
            list.shrink_to_fit();
        }
    }
}

/// A `vrrp_script`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackScript {
    /// Its name.
    pub name: Located<String>,
    /// What is run.
    pub script: Script,
    /// From start to start (default 1 s).
    pub interval: Duration,
    /// The script is killed and has failed after this; `None`: `interval`.
    pub timeout: Option<Duration>,
    /// Successes in a row that bring it up (default 1).
    pub rise: u32,
    /// Failures in a row that take it down (default 1).
    pub fall: u32,
    /// Default weight.
    pub weight: Weight,
    /// Down until it has succeeded.
    pub init_fail: bool,
}

/// A `track_file` (`vrrp_track_file`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackFile {
    /// Its name.
    pub name: Located<String>,
    /// The file whose number is read.
    pub path: PathBuf,
    /// What the number is multiplied with (default 1).
    pub weight: Weight,
    /// `init_file`: what is written at start.
    pub init: Option<InitFile>,
}

/// `init_file [VALUE] [overwrite]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitFile {
    /// The value (default 0).
    pub value: i32,
    /// Also if the file exists.
    pub overwrite: bool,
}

/// A `vrrp_track_process`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackProcess {
    /// Its name.
    pub name: Located<String>,
    /// The process' name, or the whole command.
    pub process: Text,
    /// The arguments that must match, by `param_match`.
    pub parameters: Vec<Text>,
    /// How parameters are compared; `None`: exactly if there are any, else not at all.
    pub param_match: Option<ParamMatch>,
    /// Default weight (default 1).
    pub weight: Weight,
    /// Processes needed (default 1).
    pub quorum: u32,
    /// More than these are a failure; `None`: no limit.
    pub quorum_max: Option<u32>,
    /// Wait after the quorum was gained.
    pub fork_delay: Duration,
    /// Wait after the quorum was lost.
    pub terminate_delay: Duration,
    /// Compare the command line instead of the name.
    pub full_command: bool,
}

/// `param_match`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParamMatch {
    /// The last parameter may be longer than configured.
    Initial,
    /// The first parameters match, more may follow.
    Partial,
}

/// A `track_group`: instances that watch static addresses, routes and rules naming the group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackGroup {
    /// Its name.
    pub name: Located<String>,
    /// Names of instances.
    pub instances: Vec<Located<String>>,
}
