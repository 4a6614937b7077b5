//! What comes and goes with the master: `virtual_ipaddress`, `virtual_ipaddress_excluded`, `virtual_routes`,
//! `virtual_rules`.

use locum_model::vrrp::Family;
use locum_parser::keepalived::Line;

use super::{agrees, current, name};
use crate::{
    inside::{Owner, address, route, rule},
    load::{Abort, Pass},
    row::{Row, row},
};

pub(super) const ROWS: &[Row] = &[
    row("promote_secondaries", |pass, _| {
        current(pass).model.promote_secondaries = true;
        Ok(())
    }),
    row("virtual_ipaddress", virtual_ipaddress),
    row("virtual_ipaddress_excluded", |pass, line| {
        pass.no_parameters(line);
        pass.lines(|pass, line| {
            if let Some(address) = address::read(pass, line, Owner::Instance)? {
                let address = pass.located(address);
                current(pass).model.excluded_addresses.push(address);
            }
            Ok(())
        })
    }),
    row("virtual_routes", |pass, line| {
        pass.no_parameters(line);
        pass.lines(|pass, line| {
            if let Some(route) = route::read(pass, line, Owner::Instance)? {
                let route = pass.located(route);
                current(pass).model.routes.push(route);
            }
            Ok(())
        })
    }),
    row("virtual_rules", |pass, line| {
        pass.no_parameters(line);
        pass.lines(|pass, line| {
            if let Some(rule) = rule::read(pass, line, Owner::Instance)? {
                let rule = pass.located(rule);
                current(pass).model.rules.push(rule);
            }
            Ok(())
        })
    }),
];

/// The first address tells the instance's family.
fn virtual_ipaddress(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    pass.no_parameters(line);
    pass.lines(|pass, line| {
        let Some(address) = address::read(pass, line, Owner::Instance)? else {
            return Ok(());
        };
        if !agrees(current(pass), Family::of(address.ip())) {
            let (name, text) = (name(pass), pass.parameter(line, 0)?);
            pass.error(format!(
                "({name}): address family must match VRRP instance [{text}] - ignoring"
            ));
            return Ok(());
        }
        let address = pass.located(address);
        current(pass).model.addresses.push(address);
        Ok(())
    })
}
