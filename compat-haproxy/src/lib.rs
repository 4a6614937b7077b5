//! HAProxy's face: every word, option, log alias, command and message of HAProxy.

pub mod action;
pub mod address;
pub mod admin;
pub mod args;
pub mod bind_option;
pub mod check;
pub mod command;
pub mod converter;
pub mod dump;
pub mod event;
pub mod face;
pub mod fetch;
pub mod filter;
pub mod keyword;
pub mod load;
pub mod log_alias;
pub mod lowering;
pub mod matcher;
pub mod message;
pub mod message_dump;
pub mod option;
pub mod section;
pub mod server_option;
pub mod stats;
pub mod stick;
pub mod suggest;
pub mod version;
pub mod word_list;
pub mod words;

#[cfg(test)]
mod shown_tests;
