//! How a complete proxy balances: the expression of `balance hash`, and keys that its mode doesn't have.

use locum_model::{pool::Balance, proxy::Mode};

use crate::{
    load::{Draft, Loader},
    lowering::{Place, Point, Points, lower_expr_words},
};

/// Lowers the expression, and falls back to turns where there is no request.
pub(super) fn check(loader: &mut Loader<'_>, draft: &mut Draft) {
    if !draft.has_backend {
        return;
    }
    if draft.balance_hash.is_some() {
        expression(loader, draft);
    } else if draft.proxy.mode != Mode::Http
        && matches!(
            draft.backend.balance,
            Balance::Uri { .. } | Balance::UrlParam { .. } | Balance::Header { .. }
        )
    {
        loader.shared.warn_plain(format!(
            "Layer 7 hash not possible for {} '{}' (needs 'mode http'). Falling back to round robin.",
            draft.type_word(),
            draft.name()
        ));
        draft.backend.balance = Balance::RoundRobin;
    }
}

fn expression(loader: &mut Loader<'_>, draft: &mut Draft) {
    let Some(text) = draft.balance_hash.take() else {
        return;
    };
    let at = draft.proxy.name.at.clone();
    let written = String::from_utf8_lossy(&text).into_owned();
    let mut place = Place {
        section: draft.section,
        proxy: draft.name(),
        points: Points::of(Point::BackendServerChoice),
        at: at.clone(),
        surroundings: "expression",
        acls: &draft.acls,
        notes: &mut loader.shared.notes,
    };
    let words = [locum_parser::haproxy::Word::new(&text[..], 1)];
    let reason = match lower_expr_words(&words, &mut place) {
        Ok((lowered, _)) if lowered.fetch.points.intersects(place.points) => {
            draft.backend.balance = Balance::Hash(lowered.expr);
            return;
        }
        Ok((lowered, _)) => format!(
            "error detected while parsing 'balance hash' expression '{written}' which requires information from {}, which is not available here.",
            lowered.fetch.needs
        ),
        Err(reason) => {
            format!("failed to parse 'balance hash' expression '{written}' in : {reason}.")
        }
    };
    let text = format!("{} '{}' [{at}]: {reason}", draft.type_word(), draft.name());
    loader.shared.alert(&at, text);
}
