//! Words inside lines: those of addresses, routes and rules, which are the words of ip(8).

pub mod address;
pub mod encap;
pub mod names;
pub mod route;
pub mod rule;

use locum_parser::keepalived::Line;

use crate::load::{Pass, value};

/// Whose addresses, routes and rules they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A VRRP instance's: they come and go.
    Instance,
    /// Nobody's: they stay, and a `track_group` may watch them.
    Static,
}

/// `track_group NAME`, or what there is to say; the first one holds.
fn track_group(
    pass: &mut Pass<'_>,
    line: &Line,
    index: usize,
    before: Option<String>,
) -> Option<String> {
    let name = value::word(line, index)?;
    if before.is_some() {
        pass.error(format!("track_group {name} is a duplicate"));
        return before;
    }
    let groups = &pass.draft.configuration.track_groups;
    if groups.iter().any(|group| group.name.value == name) {
        return Some(name);
    }
    pass.error(format!("track_group {name} not found"));
    None
}
