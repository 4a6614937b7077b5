//! How the program lives as processes.

use serde::{Deserialize, Serialize};

/// Process settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Process {}
