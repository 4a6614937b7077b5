//! Work beside the traffic: health checks and the command sockets.

use std::sync::Arc;

use locum_runtime::{net::listener::ListeningSocket, plan::Plan, worker::serve::Background};

/// What runs on the first worker besides its traffic.
pub fn background(_plan: &Arc<Plan>, _command_sockets: Vec<ListeningSocket>) -> Vec<Background> {
    Vec::new()
}
