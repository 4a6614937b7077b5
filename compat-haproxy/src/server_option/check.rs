//! What a server's check is made of while its line is read: `check`, `inter`, `rise`, `addr` … (manual 5.2).

use std::time::Duration;

use locum_model::address::Address;

/// The check's settings as the line and `default-server` gave them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckDraft {
    /// `inter`
    pub inter: Duration,
    /// `fastinter`
    pub fast_inter: Option<Duration>,
    /// `downinter`
    pub down_inter: Option<Duration>,
    /// `rise`
    pub rise: u32,
    /// `fall`
    pub fall: u32,
    /// `addr`
    pub address: Option<Address>,
    /// `port`
    pub port: Option<u16>,
    /// `check-send-proxy`
    pub send_proxy: bool,
    /// `agent-check`
    pub agent: bool,
    /// `agent-port`
    pub agent_port: u16,
}

impl Default for CheckDraft {
    fn default() -> Self {
        Self {
            inter: Duration::from_millis(2000),
            fast_inter: None,
            down_inter: None,
            rise: 2,
            fall: 3,
            address: None,
            port: None,
            send_proxy: false,
            agent: false,
            agent_port: 0,
        }
    }
}
