//! Mail that tells of changes (`notification_email`, `smtp_server` …; RFC 5321).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::address::Address;

/// How alerts are mailed; instances, groups and virtual servers say by their own `smtp_alert` whether they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Smtp {
    /// Recipients (`notification_email`).
    pub to: Vec<String>,
    /// Sender (`notification_email_from`); `None`: keepalived@ and the local host name.
    pub from: Option<String>,
    /// Server (`smtp_server`, port 25 by default); `None`: no mail leaves.
    pub server: Option<Address>,
    /// Name given in HELO (`smtp_helo_name`); `None`: the local host name.
    pub helo_name: Option<String>,
    /// Bound on the connection and on every answer (`smtp_connect_timeout`, default 30 s).
    pub connect_timeout: Duration,
    /// No mail for fault states (`no_email_faults`).
    pub no_email_faults: bool,
    /// Default of every `smtp_alert`; `None`: not given.
    pub alert: Option<bool>,
    /// Default for VRRP instances and groups (`smtp_alert_vrrp`).
    pub alert_vrrp: Option<bool>,
    /// Default for virtual servers (`smtp_alert_checker`).
    pub alert_checker: Option<bool>,
    /// Mail only when a real server is added or removed (`no_checker_emails`).
    pub no_checker_emails: bool,
}

impl Default for Smtp {
    fn default() -> Self {
        Self {
            to: Vec::new(),
            from: None,
            server: None,
            helo_name: None,
            connect_timeout: Duration::from_secs(30),
            no_email_faults: false,
            alert: None,
            alert_vrrp: None,
            alert_checker: None,
            no_checker_emails: false,
        }
    }
}
