//! The blocks and words of the top level (keepalived.conf(5), TOP HIERACHY), one file a block or tight family.
//!
//! A block belongs to processes; the others pass over it by its braces.

mod bfd;
mod garp_group;
pub mod global;
mod interfaces;
mod process;
mod script;
mod statics;
mod sync_group;
pub mod table;
mod top;
mod track_file;
mod track_group;

use crate::{
    checker, lvs,
    row::{Row, Rows, row},
    vrrp_option,
};

/// Everything that may stand outside of blocks.
pub const ROOT: Rows = &[
    BLOCKS,
    interfaces::ROWS,
    statics::ROWS,
    top::ROWS,
    lvs::ROWS,
];

const BLOCKS: &[Row] = &[
    row("bfd_instance", bfd::bfd_instance),
    row("garp_group", garp_group::garp_group),
    row("global_defs", global::global_defs),
    row("track_file", track_file::track_file),
    row("track_group", track_group::track_group),
    row("vrrp_instance", vrrp_option::vrrp_instance),
    row("vrrp_script", script::vrrp_script),
    row("vrrp_sync_group", sync_group::vrrp_sync_group),
    row("vrrp_track_file", track_file::track_file),
    row("vrrp_track_process", process::vrrp_track_process),
];

/// A block with its words, for `docs/keywords.md`.
pub struct Block {
    /// The block's path, as the manual nests it.
    pub name: &'static str,
    /// Its words.
    pub rows: Rows,
}

/// The words of a block of the top level.
pub fn rows_of(name: &str) -> Option<Rows> {
    let block = ALL.iter().find(|block| block.name == name);
    block.map(|block| block.rows)
}

/// All blocks of words.
pub const ALL: &[Block] = &[
    Block {
        name: "top level",
        rows: ROOT,
    },
    Block {
        name: "global_defs",
        rows: global::ROWS,
    },
    Block {
        name: "vrrp_instance",
        rows: vrrp_option::ROWS,
    },
    Block {
        name: "vrrp_instance/authentication",
        rows: &[vrrp_option::AUTHENTICATION],
    },
    Block {
        name: "vrrp_sync_group",
        rows: &[sync_group::ROWS],
    },
    Block {
        name: "vrrp_script",
        rows: &[script::ROWS],
    },
    Block {
        name: "track_file",
        rows: &[track_file::ROWS],
    },
    Block {
        name: "vrrp_track_process",
        rows: &[process::ROWS],
    },
    Block {
        name: "track_group",
        rows: &[track_group::ROWS],
    },
    Block {
        name: "garp_group",
        rows: &[garp_group::ROWS],
    },
    Block {
        name: "bfd_instance",
        rows: &[bfd::ROWS],
    },
    Block {
        name: "SSL",
        rows: lvs::SSL,
    },
    Block {
        name: "virtual_server",
        rows: lvs::VIRTUAL_SERVER,
    },
    Block {
        name: "virtual_server/real_server",
        rows: lvs::REAL_SERVER,
    },
    Block {
        name: "virtual_server/real_server/BFD_CHECK",
        rows: checker::BFD,
    },
    Block {
        name: "virtual_server/real_server/DNS_CHECK",
        rows: checker::DNS,
    },
    Block {
        name: "virtual_server/real_server/FILE_CHECK",
        rows: checker::FILE,
    },
    Block {
        name: "virtual_server/real_server/HTTP_GET",
        rows: checker::HTTP,
    },
    Block {
        name: "virtual_server/real_server/HTTP_GET/url",
        rows: checker::URL,
    },
    Block {
        name: "virtual_server/real_server/MISC_CHECK",
        rows: checker::MISC,
    },
    Block {
        name: "virtual_server/real_server/PING_CHECK",
        rows: checker::PLAIN,
    },
    Block {
        name: "virtual_server/real_server/SMTP_CHECK",
        rows: checker::SMTP,
    },
    Block {
        name: "virtual_server/real_server/SMTP_CHECK/host",
        rows: checker::PLAIN,
    },
    Block {
        name: "virtual_server/real_server/SSL_GET",
        rows: checker::HTTP,
    },
    Block {
        name: "virtual_server/real_server/SSL_GET/url",
        rows: checker::URL,
    },
    Block {
        name: "virtual_server/real_server/TCP_CHECK",
        rows: checker::PLAIN,
    },
    Block {
        name: "virtual_server/real_server/UDP_CHECK",
        rows: checker::UDP,
    },
];
