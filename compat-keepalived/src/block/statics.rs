//! What stays on the machine: `static_ipaddress`, `static_routes`, `static_rules`.

use locum_parser::keepalived::Line;

use crate::{
    inside::{Owner, address, route, rule},
    load::{Abort, Pass, Process},
    row::{Row, row},
};

pub(super) const ROWS: &[Row] = &[
    row("static_ipaddress", |pass, line| {
        of_vrrp(pass, line, |pass, line| {
            if let Some(address) = address::read(pass, line, Owner::Static)? {
                let address = pass.located(address);
                pass.draft.configuration.static_addresses.push(address);
            }
            Ok(())
        })
    }),
    row("static_routes", |pass, line| {
        of_vrrp(pass, line, |pass, line| {
            if let Some(route) = route::read(pass, line, Owner::Static)? {
                let route = pass.located(route);
                pass.draft.configuration.static_routes.push(route);
            }
            Ok(())
        })
    }),
    row("static_rules", |pass, line| {
        of_vrrp(pass, line, |pass, line| {
            if let Some(rule) = rule::read(pass, line, Owner::Static)? {
                let rule = pass.located(rule);
                pass.draft.configuration.static_rules.push(rule);
            }
            Ok(())
        })
    }),
];

fn of_vrrp(
    pass: &mut Pass<'_>,
    line: &Line,
    each: fn(&mut Pass<'_>, &Line) -> Result<(), Abort>,
) -> Result<(), Abort> {
    pass.present.vrrp = true;
    if pass.process != Process::Vrrp {
        pass.skip_block();
        return Ok(());
    }
    pass.no_parameters(line);
    pass.lines(each)
}
