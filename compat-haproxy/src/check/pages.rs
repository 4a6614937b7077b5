//! Collections of error pages (`http-errors`) that replies of rules and `errorfiles` name, and pages they don't have.

use crate::{
    load::{Draft, Loader},
    lowering::ReplyPages,
};

/// Checks the collections that replies of a proxy's rules name.
pub(super) fn replies(loader: &mut Loader<'_>, draft: &Draft) {
    let named = std::mem::take(&mut loader.shared.notes.reply_pages);
    let (mut own, others): (Vec<_>, Vec<_>) = named
        .into_iter()
        .partition(|reply| reply.proxy == draft.name());
    loader.shared.notes.reply_pages = others;
    // Rules on requests are looked at first.
    own.sort_by_key(|reply| reply.is_response);
    for ReplyPages {
        proxy,
        pages,
        status,
        ..
    } in own
    {
        let known = &loader.model.error_pages;
        match known.iter().find(|known| known.name.value == pages) {
            None => loader.shared.alert_plain(format!(
                "Proxy '{proxy}': unknown http-errors section '{pages}' referenced by an http reply ."
            )),
            Some(found) if !found.pages.contains_key(&status) => loader.shared.warn_plain(format!(
                "Proxy '{proxy}': status '{status}' referenced by an http reply not declared in http-errors section '{pages}'."
            )),
            Some(_) => {}
        }
    }
}

/// Gives a proxy the pages of the collections that its `errorfiles` lines name.
pub(super) fn collections(loader: &mut Loader<'_>, draft: &mut Draft) {
    for (pages, codes, at) in std::mem::take(&mut draft.error_page_uses) {
        let Some(found) = loader
            .model
            .error_pages
            .iter()
            .find(|known| known.name.value == pages)
        else {
            let text = format!(
                "proxy '{}': unknown http-errors section '{pages}' (at {at}).",
                draft.name()
            );
            loader.shared.alert(&at, text);
            continue;
        };
        for status in codes
            .iter()
            .filter(|status| !found.pages.contains_key(status))
        {
            let text = format!(
                "config: proxy '{}' : status '{status}' not declared in http-errors section '{pages}' (at {at}).",
                draft.name()
            );
            loader.shared.messages.push(crate::message::Message {
                level: crate::message::Level::Warning,
                text,
                at: Some(at.clone()),
            });
        }
        for (status, reply) in &found.pages {
            if codes.is_empty() || codes.contains(status) {
                let reply = locum_model::Located::new(reply.clone(), at.clone());
                draft.proxy.errors.entry(*status).or_insert(reply);
            }
        }
    }
}
