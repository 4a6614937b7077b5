//! Words inside lines: those of addresses, routes and rules, which are the words of ip(8).

pub mod address;
pub mod encap;
pub mod names;
pub mod route;
pub mod rule;

use locum_parser::keepalived::Line;

use crate::{
    load::{Pass, value},
    row::State,
};

/// Whose addresses, routes and rules they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A VRRP instance's: they come and go.
    Instance,
    /// Nobody's: they stay, and a `track_group` may watch them.
    Static,
}

/// Words inside the lines of a block that keep the daemon from starting: they aren't executed yet.
pub fn refused_in(block: &str, line: &Line) -> impl Iterator<Item = &'static str> {
    let word = match block {
        "static_ipaddress" | "static_routes" | "static_rules" => Some("track_group"),
        _ => None,
    };
    word.into_iter()
        .filter(|word| line.words.iter().skip(1).any(|one| one.is(word)))
}

/// `track_group NAME`, or what there is to say.
fn track_group(pass: &mut Pass<'_>, line: &Line, index: usize) -> Option<String> {
    let name = value::word(line, index)?;
    pass.note("track_group", State::Refused);
    let groups = &pass.draft.configuration.track_groups;
    if groups.iter().any(|group| group.name.value == name) {
        return Some(name);
    }
    pass.error(format!("track_group {name} not found"));
    None
}
