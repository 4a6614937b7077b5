//! Words of `vrrp_instance` (keepalived.conf(5), VRRP instance(s)): one file a tight family.

mod addresses;
mod authentication;
mod election;
mod garp;
mod identity;
pub(crate) mod notify;
mod source;
pub(crate) mod tracking;
mod vmac;

use locum_model::vrrp::Family;
use locum_parser::keepalived::Line;

use crate::{
    draft::Instance,
    load::{Abort, Pass, Process, number, value},
    row::Rows,
};

pub(crate) use authentication::INSIDE as AUTHENTICATION;
pub(crate) use vmac::LONGEST_NAME;

/// The words of the block.
pub const ROWS: Rows = &[
    addresses::ROWS,
    authentication::ROWS,
    election::ROWS,
    garp::ROWS,
    identity::ROWS,
    notify::ROWS,
    source::ROWS,
    tracking::ROWS,
    vmac::ROWS,
];

/// `vrrp_instance NAME { … }`
pub fn vrrp_instance(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    pass.present.vrrp = true;
    if pass.process != Process::Vrrp {
        pass.skip_block();
        return Ok(());
    }
    let (Some(name), 2) = (value::word(line, 1), line.words.len()) else {
        pass.error("vrrp_instance must have a name");
        pass.skip_block();
        return Ok(());
    };
    if pass.draft.instances.iter().any(|one| one.name() == name) {
        pass.error(format!("vrrp instance {name} already defined"));
        pass.skip_block();
        return Ok(());
    }
    let name = pass.located(name);
    pass.draft.instances.push(Instance::new(name));
    pass.block(ROWS)?;
    finish(pass);
    Ok(())
}

/// What is checked at the block's closing brace.
fn finish(pass: &mut Pass<'_>) {
    let instance = current(pass);
    let name = instance.name().to_owned();
    let unicast = !instance.model.unicast_peers.is_empty();
    let virtual_interface = instance.model.vmac.is_some() || instance.model.ipvlan.is_some();
    if !unicast && instance.model.unicast_ttl.take().is_some() {
        pass.error(format!(
            "({name}): Cannot use unicast_ttl without unicast peers - resetting"
        ));
    }
    let instance = current(pass);
    if unicast && virtual_interface {
        if instance.model.interface.is_none() {
            instance.model.vmac = None;
            instance.model.ipvlan = None;
            pass.error(format!(
                "({name}): Cannot use VMAC/ipvlan with unicast and no interface - clearing use_vmac"
            ));
        } else if instance.model.vmac.is_some() && !instance.model.vmac_xmit_base {
            instance.model.vmac_xmit_base = true;
            pass.error(format!(
                "({name}) unicast with use_vmac requires vmac_xmit_base - setting"
            ));
        }
    }
}

/// The instance that is being read. One is made up if there is none, which no row can see.
pub(crate) fn current<'a>(pass: &'a mut Pass<'_>) -> &'a mut Instance {
    if pass.draft.instances.is_empty() {
        let name = pass.located(String::new());
        pass.draft.instances.push(Instance::new(name));
    }
    let last = pass.draft.instances.len() - 1;
    &mut pass.draft.instances[last]
}

/// Its name.
pub(crate) fn name(pass: &mut Pass<'_>) -> String {
    current(pass).name().to_owned()
}

/// A number that must be there; `complaint` words a bad one, given the instance's name and the text.
fn required_number(
    pass: &mut Pass<'_>,
    line: &Line,
    (low, high): (u32, u32),
    complaint: impl FnOnce(&str, &str) -> String,
) -> Result<Option<u32>, Abort> {
    let text = pass.parameter(line, 1)?;
    let value = pass.number(number::unsigned(&text, low, high));
    if value.is_none() {
        let name = name(pass);
        pass.error(complaint(&name, &text));
    }
    Ok(value)
}

/// A switch: `(VI_1) invalid strict_mode x specified`.
fn switch(pass: &mut Pass<'_>, line: &Line) -> Option<bool> {
    match value::switch(line) {
        Ok(on) => Some(on),
        Err(text) => {
            let (name, word) = (name(pass), value::word(line, 0).unwrap_or_default());
            pass.error(format!("({name}) invalid {word} {text} specified"));
            None
        }
    }
}

/// Takes an address' family for the instance's unless that is another one.
fn agrees(instance: &mut Instance, family: Family) -> bool {
    *instance.family.get_or_insert(family) == family
}
