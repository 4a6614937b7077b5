//! Words of virtual servers, real servers and their checkers (keepalived.conf(5), LVS CONFIGURATION).

/// Virtual servers in the making.
#[derive(Debug, Default)]
pub struct Draft {}
