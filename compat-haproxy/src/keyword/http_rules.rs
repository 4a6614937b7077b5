//! `http-request`, `http-response`, `http-after-response`: rules of the HTTP phases (manual 4.2).
//!
//! ```text
//! http-request deny if { path_beg /private }
//! ```

use locum_model::{
    Located,
    rule::{Rule, Rules},
};
use locum_runtime::vocab::RuleSets;

use super::{ProxyKeyword, Sections, State};
use crate::{
    load::{Draft, Fault, Lowered, ProxyLine},
    lowering::{Point, Points, RuleError, known::expected_actions, lower_rule},
};

/// Rows.
pub static ROWS: &[ProxyKeyword] = &[
    row("http-after-response", http_after_response),
    row("http-request", http_request),
    row("http-response", http_response),
];

const fn row(name: &'static str, lower: fn(&mut ProxyLine<'_, '_>) -> Lowered) -> ProxyKeyword {
    ProxyKeyword {
        name,
        sections: Sections::ALL,
        arguments: "<action> [options] [{ if|unless } <condition>]",
        state: State::Executed,
        lower,
    }
}

fn http_request(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let points = points(
        line.draft,
        Point::FrontendHttpRequest,
        Point::BackendHttpRequest,
    );
    let rule = rule(
        line,
        RuleSets::HTTP_REQUEST,
        points,
        "http-request expression",
    )?;
    warn_unreachable(line, RuleSets::HTTP_REQUEST, |rules| &rules.http_request);
    line.draft.facts.http_request = true;
    line.warn_order("http-request");
    if let Some(rule) = rule {
        line.draft.proxy.rules.http_request.push(rule);
    }
    Ok(())
}

fn http_response(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let points = points(
        line.draft,
        Point::FrontendHttpResponse,
        Point::BackendHttpResponse,
    );
    let rule = rule(
        line,
        RuleSets::HTTP_RESPONSE,
        points,
        "http-response expression",
    )?;
    warn_unreachable(line, RuleSets::HTTP_RESPONSE, |rules| &rules.http_response);
    line.draft.facts.http_response = true;
    if let Some(rule) = rule {
        line.draft.proxy.rules.http_response.push(rule);
    }
    Ok(())
}

fn http_after_response(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let points = points(
        line.draft,
        Point::FrontendHttpResponse,
        Point::BackendHttpResponse,
    );
    let rule = rule(
        line,
        RuleSets::HTTP_AFTER_RESPONSE,
        points,
        "http-after-response expression",
    )?;
    warn_unreachable(line, RuleSets::HTTP_AFTER_RESPONSE, |rules| {
        &rules.http_after_response
    });
    line.draft.facts.http_after_response = true;
    if let Some(rule) = rule {
        line.draft.proxy.rules.http_after_response.push(rule);
    }
    Ok(())
}

/// Warns about a rule right behind one that ends the evaluation whatever comes.
fn warn_unreachable(
    line: &mut ProxyLine<'_, '_>,
    set: RuleSets,
    rules: fn(&Rules) -> &Vec<Located<Rule>>,
) {
    /// Actions that end it all the same, without the reference's warning.
    const UNTOLD: &[&str] = &["reject", "silent-drop"];
    let Some(last) = rules(&line.draft.proxy.rules).last() else {
        return;
    };
    let action = last.value.action.as_str();
    let ends = last.value.condition.is_none()
        && !UNTOLD.contains(&action)
        && crate::action::definition(action, set).is_some_and(|known| known.is_final);
    if ends {
        let word = line.line.text(0);
        let at = line.line.at.clone();
        let text = format!(
            "parsing [{at}]: previous '{word}' action is final and has no condition attached, further entries are NOOP."
        );
        line.line.shared.warn(&at, text);
    }
}

/// The points at which something of this proxy is evaluated, for its sides.
pub fn points(draft: &Draft, frontend: Point, backend: Point) -> Points {
    let mut points = Points::default();
    if draft.has_frontend || draft.is_defaults {
        points = points.or(Points::of(frontend));
    }
    if draft.has_backend || draft.is_defaults {
        points = points.or(Points::of(backend));
    }
    points
}

fn rule(
    line: &mut ProxyLine<'_, '_>,
    set: RuleSets,
    points: Points,
    surroundings: &'static str,
) -> Result<Option<Located<Rule>>, Fault> {
    let word = line.line.text(0);
    if line.draft.is_defaults && line.draft.name().is_empty() {
        return Err(format!("'{word}' not allowed in anonymous 'defaults' section.").into());
    }
    let action = line.line.text(1);
    if action == "normalize-uri" && !line.line.shared.notes.allows_experimental {
        let allow = "must be allowed via a global 'expose-experimental-directives'";
        return Err(Fault::from(format!("'{action}' action is experimental, {allow}")).aborting());
    }
    let words = line.line.words;
    let result = lower_rule(
        set,
        &words[1.min(words.len())..],
        &mut line.place(points, surroundings),
    );
    let error = match result {
        Ok(mut rule) => {
            if let Some(rule) = &mut rule {
                super::capture::declare_slot(line, rule);
            }
            return Ok(rule.map(|rule| Located::new(rule, line.line.at.clone())));
        }
        Err(error) => error,
    };
    Err(match error {
        RuleError::UnknownAction(found) => Fault::Tight(unknown_action(&word, set, &found)),
        RuleError::Arguments(reason) => Fault::Spaced(format!(
            "error detected in {} while parsing '{word} {action}' rule : {reason}.",
            line.proxy_shown()
        )),
        RuleError::Trailing(found) => Fault::Tight(format!(
            "'{word} {action}' expects either 'if' or 'unless' followed by a condition but found '{found}'."
        )),
        RuleError::Condition(reason) => {
            Fault::Spaced(format!("error detected while parsing an '{word} {action}' condition : {reason}."))
        }
    }
    .aborting())
}

fn unknown_action(word: &str, set: RuleSets, found: &str) -> String {
    let known: Vec<String> = expected_actions(set)
        .iter()
        .map(|name| format!("'{name}'"))
        .collect();
    let known = known.join(", ");
    let missing = if found.is_empty() {
        " (missing argument)"
    } else {
        ""
    };
    let names = expected_actions(set)
        .iter()
        .map(|name| name.trim_end_matches("(*)"));
    let hint = match crate::suggest::nearest(found, names) {
        Some(near) => format!(" Did you mean '{near}' maybe ?"),
        None => String::new(),
    };
    format!("'{word}' expects {known}, but got '{found}'{missing}.{hint}")
}

/// Rules of a named `defaults` section go before the proxy's own. Access lists there are invisible outside, so they get
/// names that no configuration can write.
pub fn inherit(draft: &mut Draft) {
    for acl in &mut draft.proxy.acls {
        acl.name = inherited(&acl.name);
    }
    let rename = |condition: &mut Option<locum_model::acl::Condition>| {
        let Some(condition) = condition else { return };
        for term in condition.any_of.iter_mut().flatten() {
            if let locum_model::acl::Test::Named(name) = &mut term.test {
                *name = inherited(name);
            }
        }
    };
    let rules = &mut draft.proxy.rules;
    let sets = [
        &mut rules.tcp_request_connection,
        &mut rules.tcp_request_session,
        &mut rules.tcp_request_content,
        &mut rules.tcp_response_content,
        &mut rules.http_request,
        &mut rules.http_response,
        &mut rules.http_after_response,
    ];
    for rule in sets.into_iter().flatten() {
        rename(&mut rule.value.condition);
    }
}

fn inherited(name: &str) -> String {
    format!("{name} of defaults")
}
