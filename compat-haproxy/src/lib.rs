//! HAProxy's face: every word, option, log alias, command and message of HAProxy.

pub mod converter;
pub mod fetch;
