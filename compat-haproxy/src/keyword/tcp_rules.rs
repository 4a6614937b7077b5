//! `tcp-request`, `tcp-response`: rules below HTTP and the delays they may wait (manual 4.2).
//!
//! ```text
//! tcp-request connection reject if { src -f /etc/haproxy/blocked.lst }
//! tcp-request inspect-delay 5s
//! ```

use std::time::Duration;

use locum_model::{Located, acl::Test, rule::Rule};
use locum_parser::haproxy::units::{self, TimeUnit};
use locum_runtime::vocab::RuleSets;

use super::{ProxyKeyword, Sections, State, http_rules::points};
use crate::{
    load::{Capability, ContentTrack, Fault, Lowered, ProxyLine},
    lowering::AclFacts,
    lowering::{
        Point, Points, RuleError,
        known::{expected_actions, known_fetch},
        lower_rule,
    },
};

/// Rows.
pub static ROWS: &[ProxyKeyword] = &[
    row("tcp-request", State::Executed, tcp_request),
    row("tcp-response", State::Executed, tcp_response),
];

const fn row(
    name: &'static str,
    state: State,
    lower: fn(&mut ProxyLine<'_, '_>) -> Lowered,
) -> ProxyKeyword {
    ProxyKeyword {
        name,
        sections: Sections::ALL,
        arguments: "{ connection | session | content } <action> [{ if | unless } <condition>]",
        state,
        lower,
    }
}

fn tcp_request(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let kind = kind(line)?;
    let frontend_only = |line: &ProxyLine<'_, '_>| -> Lowered {
        if line.draft.can(Capability::Frontend) {
            return Ok(());
        }
        Err(format!(
            "'tcp-request {}' is not allowed because {} is not a frontend",
            line.line.text(1),
            line.proxy_shown()
        )
        .into())
    };
    match kind.as_str() {
        "inspect-delay" => {
            let delay = delay(line, "tcp-request")?;
            line.draft.proxy.rules.inspect_delay = delay;
        }
        "connection" => {
            frontend_only(line)?;
            let points = Points::of(Point::FrontendConnection);
            let rule = rule(line, RuleSets::TCP_REQUEST_CONNECTION, points)?;
            line.warn_order("tcp-request connection");
            line.draft.proxy.rules.tcp_request_connection.extend(rule);
        }
        "session" => {
            frontend_only(line)?;
            let points = Points::of(Point::FrontendSession);
            let rule = rule(line, RuleSets::TCP_REQUEST_SESSION, points)?;
            line.warn_order("tcp-request session");
            line.draft.proxy.rules.tcp_request_session.extend(rule);
        }
        "content" => {
            let points = points(line.draft, Point::FrontendContent, Point::BackendContent);
            let rule = rule(line, RuleSets::TCP_REQUEST_CONTENT, points)?;
            line.warn_order("tcp-request content");
            note_track(line, rule.as_ref());
            line.draft.proxy.rules.tcp_request_content.extend(rule);
        }
        _ => {
            return Err(format!(
                "'tcp-request' expects 'inspect-delay', 'connection', or 'content' in {} (got '{kind}')",
                line.proxy_shown()
            )
            .into());
        }
    }
    Ok(())
}

/// Remembers what a rule that tracks depends on: the warnings about it want to know the whole proxy.
fn note_track(line: &mut ProxyLine<'_, '_>, rule: Option<&Located<Rule>>) {
    let Some(key) = line.line.shared.notes.last_track_points.take() else {
        return;
    };
    let Some(rule) = rule.filter(|_| line.draft.can(Capability::Frontend)) else {
        return;
    };
    let needs_request = |points: Points| !points.intersects(Points::of(Point::FrontendSession));
    let of_test = |test: &Test| match test {
        Test::Named(name) => line.draft.acls.get(name).map(AclFacts::points),
        Test::Anonymous(acl) => known_fetch(&acl.expr.fetch.name).map(|fetch| fetch.points),
    };
    let mut tests = rule
        .condition
        .iter()
        .flat_map(|condition| condition.any_of.iter().flatten());
    let condition_needs_request = tests.any(|term| of_test(&term.test).is_some_and(needs_request));
    line.draft.facts.content_tracks.push(ContentTrack {
        key_needs_request: needs_request(key),
        condition_needs_request,
    });
}

fn tcp_response(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let kind = kind(line)?;
    if kind == "content" && !line.draft.can(Capability::Backend) {
        return Err(
            "tcp-response content is only allowed in 'backend' sections or 'defaults' section with a name".into(),
        );
    }
    match kind.as_str() {
        "inspect-delay" => {
            let delay = delay(line, "tcp-response")?;
            line.draft.proxy.rules.response_inspect_delay = delay;
        }
        "content" => {
            let points = points(
                line.draft,
                Point::FrontendResponseContent,
                Point::BackendResponseContent,
            );
            let rule = rule(line, RuleSets::TCP_RESPONSE_CONTENT, points)?;
            line.draft.proxy.rules.tcp_response_content.extend(rule);
        }
        _ => {
            return Err(format!(
                "'tcp-response' expects 'inspect-delay' or 'content' in {} (got '{kind}')",
                line.proxy_shown()
            )
            .into());
        }
    }
    Ok(())
}

fn kind(line: &ProxyLine<'_, '_>) -> Result<String, Fault> {
    let word = line.line.text(0);
    if !line.line.has(1) {
        return Err(format!("missing argument for '{word}' in {}", line.proxy_shown()).into());
    }
    let kind = line.line.text(1);
    if line.draft.is_defaults && line.draft.name().is_empty() && kind != "inspect-delay" {
        return Err(format!("'{word} {kind}' not allowed in anonymous 'defaults' section.").into());
    }
    Ok(kind)
}

fn delay(line: &mut ProxyLine<'_, '_>, word: &str) -> Result<Option<Duration>, Fault> {
    let text = line.line.text(2);
    let missing = || {
        format!(
            "'{word} inspect-delay' expects a positive delay in milliseconds, in {}",
            line.proxy_shown()
        )
    };
    match units::time(text.as_bytes(), TimeUnit::Milliseconds) {
        Ok(time) if time.trailing.is_none() => {
            Ok((time.value > 0).then(|| Duration::from_millis(u64::from(time.value))))
        }
        Ok(units::Time {
            trailing: Some(byte),
            ..
        })
        | Err(units::TimeError::Unexpected(byte)) => Err(format!(
            "{} (unexpected character '{}')",
            missing(),
            char::from(byte)
        )
        .into()),
        _ => Err(missing().into()),
    }
}

fn rule(
    line: &mut ProxyLine<'_, '_>,
    set: RuleSets,
    points: Points,
) -> Result<Option<Located<locum_model::rule::Rule>>, Fault> {
    let (word, kind) = (line.line.text(0), line.line.text(1));
    let words = line.line.words;
    let surroundings = if word == "tcp-request" {
        "tcp-request expression"
    } else {
        "tcp-response expression"
    };
    if let Some(reason) = misplaced(line, set) {
        return Err(reason.into());
    }
    let result = lower_rule(
        set,
        &words[2.min(words.len())..],
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
    let shown = line.proxy_shown();
    Err(match error {
        RuleError::UnknownAction(found) => {
            let known = expected_actions(set);
            // The built-in actions stand first; the tracking ones belong behind the fifth.
            let is_request = word == "tcp-request";
            let mut names: Vec<String> = known.iter().map(|name| format!("'{name}'")).collect();
            if is_request {
                names.insert(5, "'track-sc0' ... 'track-sc2'".to_owned());
            }
            let near = crate::suggest::nearest(&found, known.iter().map(|name| name.trim_end_matches("(*)")));
            // The reference's text ends with a line feed of its own for requests.
            let end = if is_request { "\n" } else { "" };
            let hint = near.map_or_else(String::new, |near| format!(" Did you mean '{near}' maybe ?"));
            format!("'{word} {kind}' expects {} in {shown} (got '{found}').{hint}{end}", names.join(", "))
        }
        RuleError::Arguments(reason) => reason,
        RuleError::Trailing(found) => format!(
            "'{word} {kind} {}' only accepts 'if' or 'unless', in {shown} (got '{found}')",
            line.line.text(2)
        ),
        RuleError::Condition(reason) => format!(
            "'{word} {kind} {}' : error detected in {shown} while parsing '{}' condition : {reason}",
            line.line.text(2),
            if words.iter().any(|word| &*word.text == b"unless") { "unless" } else { "if" },
        ),
    }
    .into())
}

/// Actions that the reference knows in all rule sets, only to say that they belong to another one.
fn misplaced(line: &ProxyLine<'_, '_>, set: RuleSets) -> Option<String> {
    let (kind, action, found) = (line.line.text(1), line.line.text(2), line.line.text(3));
    let shown = line.proxy_shown();
    let belongs = match action.as_ref() {
        "capture" => RuleSets::TCP_REQUEST_CONTENT,
        "expect-proxy" | "expect-netscaler-cip" => RuleSets::TCP_REQUEST_CONNECTION,
        _ => return None,
    };
    if belongs.contains(set) || set == RuleSets::TCP_RESPONSE_CONTENT {
        return None;
    }
    Some(if action == "capture" || found == "layer4" {
        format!("'{action} {found}' is not allowed in 'tcp-request {kind}' rules in {shown}")
    } else {
        format!("'tcp-request {kind} {action}' only supports 'layer4' in {shown} (got '{found}')")
    })
}
