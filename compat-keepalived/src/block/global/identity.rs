//! Who we are: `router_id`, `default_interface`, D-Bus.

use crate::{
    load::value,
    row::{Row, accepted, row},
};

pub(super) const ROWS: &[Row] = &[
    accepted("dbus_service_name", |pass, line| {
        match value::word(line, 1) {
            Some(name) => pass.draft.configuration.global.dbus_service_name = Some(name),
            None => pass.error("dbus_service_name missing - ignoring"),
        }
        Ok(())
    }),
    row("default_interface", |pass, line| {
        match value::word(line, 1) {
            Some(name) => {
                let name = pass.located(name);
                pass.draft.configuration.global.default_interface = Some(name);
            }
            None => pass.error("default_interface requires interface name"),
        }
        Ok(())
    }),
    accepted("enable_dbus", |pass, _| {
        pass.draft.configuration.global.dbus = true;
        Ok(())
    }),
    row("router_id", |pass, line| {
        match value::word(line, 1) {
            Some(name) => pass.draft.configuration.global.router_id = Some(name),
            None => pass.error("routerid name missing - ignoring"),
        }
        Ok(())
    }),
];
