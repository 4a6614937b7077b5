//! HAProxy's face: every word, option, log alias, command and message of HAProxy.

pub mod converter;
pub mod fetch;
pub mod log_alias;
pub mod matcher;
