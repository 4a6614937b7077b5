//! The blocks and words of the top level (keepalived.conf(5), TOP HIERACHY), one file a block or tight family.

use locum_parser::keepalived::Line;

use crate::{
    load::{Abort, Pass, Process},
    row::{Row, Rows, row},
};

/// Everything that may stand outside of blocks.
pub const ROOT: Rows = &[BLOCKS];

const BLOCKS: &[Row] = &[
    row("bfd_instance", bfd_instance),
    row("virtual_server", virtual_server),
    row("vrrp_instance", vrrp_instance),
];

fn bfd_instance(pass: &mut Pass<'_>, _line: &Line) -> Result<(), Abort> {
    pass.present.bfd = true;
    pass.skip_block();
    Ok(())
}

fn virtual_server(pass: &mut Pass<'_>, _line: &Line) -> Result<(), Abort> {
    pass.present.checkers = true;
    pass.skip_block();
    Ok(())
}

fn vrrp_instance(pass: &mut Pass<'_>, _line: &Line) -> Result<(), Abort> {
    pass.present.vrrp = true;
    if pass.process != Process::Vrrp {
        pass.skip_block();
        return Ok(());
    }
    pass.block(&[])
}
