//! `-S address[,option,…]`: the master's command sockets, which are read like `stats socket` (management manual 9.4).
//!
//! ```text
//! haproxy -W -S /run/haproxy/master.sock,mode,660,level,operator -f haproxy.cfg
//! ```

use locum_model::{
    Origin,
    proxy::{Bind, StatsLevel},
};
use locum_parser::haproxy::Word;

use super::{Fault, Loader, SectionLine};
use crate::{
    bind_option::{self, BindLine},
    keyword::bind::addresses as bind_addresses,
};

/// Stands for the address and the option in faults until both are known.
const SHOWN: &str = "-S";

/// Reads the sockets into the model; false if one is wrong, after saying so.
pub(super) fn read(loader: &mut Loader<'_>) -> bool {
    let options = loader.shared.options;
    if options.master_sockets.is_empty() {
        return true;
    }
    if !options.master_worker && loader.model.process.master_worker.is_none() {
        loader.shared.warn_plain(
            "a master CLI socket was defined, but master-worker mode (-W) is not enabled.",
        );
        return true;
    }
    for text in &options.master_sockets {
        match one(loader, text) {
            Ok(binds) => loader.model.process.master_sockets.extend(binds),
            Err(reasons) => {
                for reason in reasons {
                    loader.shared.alert_plain(reason);
                }
                loader.shared.alert_plain("Can't create the master's CLI.");
                return false;
            }
        }
    }
    true
}

fn one(loader: &mut Loader<'_>, text: &str) -> Result<Vec<Bind>, Vec<String>> {
    let parts = text.split(',').filter(|part| !part.is_empty());
    let words: Vec<Word> = parts.map(|part| Word::new(part, 1)).collect();
    let Some(address) = words.first().map(|word| word.as_str().into_owned()) else {
        return Ok(Vec::new());
    };
    let addresses = bind_addresses(&address, &loader.shared.environment).map_err(|reason| {
        let what = "Cannot create the listener of the master CLI".to_owned();
        // The reference ends this one twice.
        let end = if reason.ends_with('.') { "\n" } else { "" };
        vec![what, reason + end]
    })?;
    let mut line = BindLine::new(SHOWN, true);
    line.bind.level = Some(StatsLevel::Admin);
    let mut section = SectionLine {
        words: &words,
        at: Origin::default(),
        shared: &mut loader.shared,
        negated: None,
    };
    bind_option::read(&mut section, 1, &mut line).map_err(|fault| vec![worded(&address, fault)])?;
    let at = |address| Bind {
        address,
        ..line.bind.clone()
    };
    Ok(addresses.into_iter().map(at).collect())
}

/// The reference's words for an option that is wrong.
fn worded(address: &str, fault: Fault) -> String {
    let (Fault::Spaced(text) | Fault::Tight(text) | Fault::Whole(text)) = fault else {
        return address.to_owned();
    };
    let option = text.split('\'').nth(1).unwrap_or_default().to_owned();
    match text.strip_prefix(SHOWN) {
        Some(unknown) if unknown.starts_with(": ") => {
            let text = bind_option::as_sentence(unknown);
            format!("'{address} {option}' {text}")
        }
        Some(reason) => {
            let reason = reason.trim_start_matches(" : ");
            format!("'{address} {option}' : '{reason}'")
        }
        None => text,
    }
}
