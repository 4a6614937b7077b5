//! Virtual servers and what stands behind them (keepalived.conf(5), LVS CONFIGURATION).

use serde::{Deserialize, Serialize};

/// All virtual servers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Lvs {}
