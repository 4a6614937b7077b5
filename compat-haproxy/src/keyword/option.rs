//! `option NAME …`, `no option NAME`: switches of a proxy (manual 4.2). The rows of the switches are in [`crate::option`].
//!
//! ```text
//! option httplog
//! no option dontlognull
//! ```

use super::{ProxyKeyword, Sections, State};
use crate::{
    load::{Capability, Fault, Lowered, Negation, ProxyLine},
    option,
};

/// The row.
pub static ROWS: &[ProxyKeyword] = &[ProxyKeyword {
    name: "option",
    sections: Sections::ALL,
    arguments: "<name> [args]",
    state: State::Executed,
    lower: option,
}];

fn option(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let name = line.line.text(1);
    if name.is_empty() {
        return Err(Fault::tight("'option' expects an option name."));
    }
    if let Some(switch) = option::SWITCHES.iter().find(|switch| switch.name == name) {
        if switch.removed {
            return Err(
                format!("option '{name}' is not supported any more since HAProxy 2.0.").into(),
            );
        }
        let capability = match switch.side {
            option::Side::Clients => Some(Capability::Frontend),
            option::Side::Servers => Some(Capability::Backend),
            option::Side::Both => None,
        };
        line.line.at_most(0, 2)?;
        if let Some(capability) = capability
            && line.lacks(capability, &name)
        {
            return Ok(());
        }
        let on = line.line.negated.is_none();
        *(switch.field)(&mut line.draft.proxy.options) = on;
        if on {
            line.draft
                .option_places
                .insert(switch.name, line.line.at.clone());
            match switch.state {
                State::Executed => {}
                State::Tuning => line
                    .line
                    .shared
                    .tuning(&format!("option {name}"), &line.line.at),
                State::Unexecuted => line
                    .line
                    .shared
                    .unexecuted(format!("option {name}"), &line.line.at),
            }
        } else {
            line.draft.option_places.remove(switch.name);
        }
        return Ok(());
    }
    let Some(special) = option::SPECIAL.iter().find(|special| special.name == name) else {
        if line.line.negated.is_some() {
            return Err(Fault::tight(format!(
                "negation/default is not supported for option '{name}'."
            )));
        }
        let names = option::SWITCHES.iter().map(|switch| switch.name);
        let hint = crate::suggest::hint(
            &name,
            names.chain(option::SPECIAL.iter().map(|special| special.name)),
        );
        let end = if hint.is_empty() { "." } else { hint.as_str() };
        return Err(format!("unknown option '{name}'{end}").into());
    };
    if line.line.negated.is_some() && !special.negatable {
        return Err(Fault::tight(format!(
            "negation/default is not supported for option '{name}'."
        )));
    }
    let negated =
        line.line.negated == Some(Negation::No) || line.line.negated == Some(Negation::Default);
    (special.lower)(line, negated)?;
    match special.state {
        State::Executed => {}
        State::Tuning => line
            .line
            .shared
            .tuning(&format!("option {name}"), &line.line.at),
        State::Unexecuted => line
            .line
            .shared
            .unexecuted(format!("option {name}"), &line.line.at),
    }
    Ok(())
}
