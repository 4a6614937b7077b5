//! HAProxy's face: every word, option, log alias, command and message of HAProxy.

pub mod action;
pub mod args;
pub mod command;
pub mod converter;
pub mod event;
pub mod fetch;
pub mod log_alias;
pub mod lowering;
pub mod matcher;
pub mod stats;
pub mod version;
