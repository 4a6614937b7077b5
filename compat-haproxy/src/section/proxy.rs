//! `frontend`, `backend` and `listen`: headers, and the way of their lines to the keywords (manual 4).

use locum_model::{Located, Origin};
use locum_parser::haproxy::Word;

use super::{Section, bad_name_character, negation};
use crate::{
    keyword,
    load::{Draft, Fault, Loader, Lowered, ProxyLine, SectionLine, Shared},
};

/// Opens a proxy.
pub(super) fn open(
    loader: &mut Loader<'_>,
    section: &'static str,
    words: &[Word],
    at: &Origin,
) -> Lowered {
    let word = |index: usize| {
        words
            .get(index)
            .map(|word| word.as_str().into_owned())
            .unwrap_or_default()
    };
    let name = word(1);
    loader.enter(Section::Broken);
    if name.is_empty() {
        return Err(Fault::from(format!("'{section}' expects an <id> argument")).aborting());
    }
    if let Some(bad) = bad_name_character(&name) {
        let text = format!(
            "parsing [{at}] : character '{bad}' is not permitted in '{section}' name '{name}'."
        );
        loader.shared.alert(at, text);
        listening_address(loader, words, at);
        return Err(Fault::Reported);
    }
    same_name(loader, section, &name, at);
    let has_from = word(2) == "from" && !word(3).is_empty();
    if has_from && !word(4).is_empty() {
        let text = format!(
            "parsing [{at}] : '{section}' cannot handle unexpected argument '{}'.",
            word(4)
        );
        loader.shared.alert(at, text);
    }
    let located = Located::new(name.clone(), at.clone());
    let base = match has_from {
        true if word(4).is_empty() => Some(find_defaults(loader, &word(3), section, &name)?),
        true => None,
        false => loader.defaults.current,
    };
    let mut draft = match base {
        Some(base) => {
            let defaults = &loader.defaults.sections[base];
            let mut draft = Draft::from_defaults(defaults, section, located);
            // Rules of a named section come before the proxy's own, with access lists of their own.
            keyword::http_rules::inherit(&mut draft);
            draft.defaults = Some(base);
            draft
        }
        None => Draft::new(section, located),
    };
    draft.acls.clear();
    let place = base
        .map(|base| loader.defaults.sections[base].proxy.name.at.clone())
        .unwrap_or_default();
    let out_of_place = match section {
        "backend" if draft.has_early_rules() => Some(format!(
            "'tcp-request connection' or 'tcp-request session' rules (defaults section at {place})."
        )),
        "frontend" if !draft.proxy.rules.tcp_response_content.is_empty() => Some(format!(
            "'tcp-response content' rules (defaults section at {place})."
        )),
        "listen" if draft.has_inherited_rules() => Some("TCP/HTTP rules.".to_owned()),
        _ => None,
    };
    let is_shared = base.is_some_and(|base| {
        draft.has_inherited_rules() && {
            let mut others = loader
                .proxies
                .iter()
                .filter(|other| other.defaults == Some(base));
            others.any(|other| other.has_backend != draft.has_backend)
        }
    });
    if is_shared {
        return Err(Fault::tight(format!(
            "frontends and backends cannot inherit from the same defaults section if it defines TCP/HTTP rules (defaults section at {place})."
        ))
        .aborting());
    }
    if let Some(rules) = out_of_place {
        let text =
            format!("a {section} section cannot inherit from a defaults section defining {rules}");
        return Err(Fault::tight(text).aborting());
    }
    let has_address = !word(2).is_empty() && (!has_from || !word(4).is_empty());
    let is_bound_here =
        has_address && !has_from && draft.has_frontend && !loader.shared.options.refuse_old_words;
    if has_address && !is_bound_here {
        // An old way to say `bind`: the proxy is dropped, and its lines have no home.
        if draft.has_frontend {
            listening_address(loader, words, at);
        }
        return Ok(());
    }
    let index = loader.proxies.len();
    if draft.has_frontend {
        loader.frontends.entry(name.clone()).or_insert(index);
    }
    if draft.has_backend {
        loader.backends.entry(name).or_insert(index);
    }
    loader.proxies.push(draft);
    loader.enter(Section::Proxy(index));
    if is_bound_here {
        return bind_in_header(loader, index, words, at);
    }
    Ok(())
}

/// `listen web 0.0.0.0:80`, as older versions had it: what stands behind the name is a `bind` line.
fn bind_in_header(loader: &mut Loader<'_>, index: usize, words: &[Word], at: &Origin) -> Lowered {
    let section = words[0].as_str().into_owned();
    loader
        .shared
        .old_word(at, &format!("{section} <name> <address>"), "bind", || {
            Fault::Reported
        })?;
    let mut bind = vec![Word::new("bind", words[0].column)];
    bind.extend_from_slice(&words[2..]);
    line(loader, index, &bind, at)
}

/// An address behind the name was an old way to say `bind`. The reference says so as an alert, but goes on.
fn listening_address(loader: &mut Loader<'_>, words: &[Word], at: &Origin) {
    if words.get(2).is_some_and(|word| !word.is_empty()) {
        let had = loader.shared.fatal;
        let text =
            format!("parsing [{at}] : please use the 'bind' keyword for listening addresses.");
        loader.shared.alert(at, text);
        loader.shared.fatal = had;
    }
}

/// Two proxies of one name may exist if one has clients only and the other servers only.
fn same_name(loader: &mut Loader<'_>, section: &str, name: &str, at: &Origin) {
    let (has_frontend, has_backend) = (section != "backend", section != "frontend");
    let other = has_frontend
        .then(|| loader.frontends.get(name))
        .flatten()
        .or_else(|| has_backend.then(|| loader.backends.get(name)).flatten());
    let Some(other) = other.and_then(|other| loader.proxies.get(*other)) else {
        return;
    };
    let kind = if section == "listen" {
        "proxy"
    } else {
        section
    };
    let text = format!(
        "Parsing [{at}]: {kind} '{name}' has the same name as {} '{}' declared at {}.",
        other.type_word(),
        other.name(),
        other.proxy.name.at
    );
    loader.shared.alert(at, text);
}

/// The `defaults` section of a name.
///
/// # Errors
/// It doesn't exist, or there are several.
pub(super) fn find_defaults(
    loader: &Loader<'_>,
    from: &str,
    section: &str,
    name: &str,
) -> Result<usize, Fault> {
    match loader.defaults.names.get(from).map(Vec::as_slice) {
        None | Some([]) => Err(Fault::from(format!(
            "defaults section '{from}' not found for {section} '{name}'."
        ))
        .aborting()),
        Some([one]) => Ok(*one),
        Some([first, .., last]) => {
            let place = |index: usize| loader.defaults.sections[index].proxy.name.at.clone();
            Err(Fault::from(format!(
                "ambiguous defaults section name '{from}' referenced by {section} '{name}' exists at least at {} and {}.",
                place(*first),
                place(*last)
            )))
        }
    }
}

/// A line of a proxy.
pub(super) fn line(loader: &mut Loader<'_>, index: usize, words: &[Word], at: &Origin) -> Lowered {
    let Some(draft) = loader.proxies.get_mut(index) else {
        return Err(Fault::Reported);
    };
    keyword(&mut loader.shared, draft, words, at)
}

/// A line of a proxy or of `defaults`.
pub(super) fn keyword(
    shared: &mut Shared<'_>,
    draft: &mut Draft,
    words: &[Word],
    at: &Origin,
) -> Lowered {
    let (negated, words) = negation(shared, words, at);
    let name = words
        .first()
        .map(|word| word.as_str().into_owned())
        .unwrap_or_default();
    let Some(row) = keyword::proxy_keyword(&name) else {
        let hint = crate::suggest::keyword(&name);
        return Err(Fault::from(format!(
            "unknown keyword '{name}' in '{}' section{hint}",
            draft.section
        )));
    };
    let line = SectionLine {
        words,
        at: at.clone(),
        shared,
        negated,
    };
    let mut line = ProxyLine { line, draft };
    let result = (row.lower)(&mut line);
    let shared = line.line.shared;
    shared.take_warnings(at);
    if result.is_ok() {
        match row.state {
            keyword::State::Executed => {}
            keyword::State::Tuning => shared.tuning(&name, at),
            keyword::State::Unexecuted => shared.unexecuted(name, at),
        }
    }
    result
}
