//! `stats …` of a proxy: the statistics page (manual 4.2).
//!
//! ```text
//! stats uri /admin?stats
//! stats auth admin:secret
//! ```

use std::time::Duration;

use locum_model::{Located, Text, proxy::StatsPage};
use locum_parser::haproxy::units::{self, TimeUnit};
use locum_runtime::vocab::RuleSets;

use super::{ProxyKeyword, Sections, State, http_rules::points};
use crate::{
    load::{Fault, Lowered, ProxyLine},
    lowering::{ConditionError, Point, RuleError, lower_required_condition, lower_rule},
};

/// The row.
pub static ROWS: &[ProxyKeyword] = &[ProxyKeyword {
    name: "stats",
    sections: Sections::ALL,
    arguments: "{ admin | auth | enable | hide-version | http-request | realm | refresh | scope | show-… | uri } …",
    state: State::Executed,
    lower: stats,
}];

const EXPECTED: &str = "expects 'admin', 'uri', 'realm', 'auth', 'scope', 'enable', 'hide-version', 'show-node', 'show-desc' or 'show-legends'.";

fn stats(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let word = line.line.text(1);
    if word.is_empty() {
        return Err(Fault::tight(format!(
            "missing keyword in 'stats', {EXPECTED}"
        )));
    }
    line.draft.facts.stats = true;
    match word.as_str() {
        "admin" => return admin(line),
        "http-request" => return http_request(line),
        _ => {}
    }
    let value = line.line.text(2);
    let given = !value.is_empty();
    match word.as_str() {
        "uri" if !given => return Err("'uri' needs an URI prefix.".into()),
        "realm" if !given => return Err("'realm' needs an realm name.".into()),
        "scope" if !given => return Err("'scope' needs a proxy name.".into()),
        "auth" if !given => return Err("'auth' needs a user:password account.".into()),
        "refresh" => {
            let refresh = refresh(line, &value)?;
            page(line).refresh = Some(refresh);
        }
        "uri" => page(line).uri = Text::from(value),
        "realm" => page(line).realm = Text::from(value),
        "scope" => page(line).scope.push(value),
        "auth" => {
            let (user, password) = value.split_once(':').unwrap_or((&value, ""));
            let account = (user.to_owned(), password.to_owned());
            page(line).auth.push(account);
        }
        "enable" => {
            page(line);
        }
        "hide-version" => page(line).hide_version = true,
        "show-legends" => page(line).show_legends = true,
        "show-modules" => page(line).show_modules = true,
        "show-node" => page(line).show_node = Some(value),
        "show-desc" => {
            let words: Vec<String> = (2..line.line.words.len())
                .map(|index| line.line.text(index))
                .collect();
            page(line).show_desc = Some(words.join(" ").trim_end().to_owned());
        }
        _ => {
            return Err(Fault::tight(format!(
                "unknown stats parameter '{word}', {EXPECTED}"
            )));
        }
    }
    Ok(())
}

/// The page, begun with its defaults at the first word.
fn page<'d>(line: &'d mut ProxyLine<'_, '_>) -> &'d mut StatsPage {
    line.draft.proxy.stats.get_or_insert_with(|| StatsPage {
        uri: Text::from("/haproxy?stats"),
        realm: Text::from("HAProxy Statistics"),
        auth: Vec::new(),
        refresh: None,
        hide_version: false,
        show_legends: false,
        show_modules: false,
        show_node: None,
        show_desc: None,
        scope: Vec::new(),
        http_request: Vec::new(),
        admin: Vec::new(),
    })
}

fn refresh(line: &ProxyLine<'_, '_>, value: &str) -> Result<Duration, Fault> {
    let _ = line;
    match units::time(value.as_bytes(), TimeUnit::Seconds) {
        Ok(time) if time.trailing.is_none() => Ok(Duration::from_secs(u64::from(time.value))),
        Ok(units::Time {
            trailing: Some(byte),
            ..
        })
        | Err(units::TimeError::Unexpected(byte)) => Err(Fault::tight(format!(
            "unexpected character '{}' in argument to stats refresh interval.",
            char::from(byte)
        ))),
        // The reference prints the end of the text as the unexpected character, and its message ends there.
        Err(units::TimeError::Empty) => Err(Fault::tight("unexpected character '\0")),
        _ => Err(Fault::tight(format!(
            "timer overflow in argument <{value}> to stats refresh interval, maximum value is 2147483647 s (~68 years)."
        ))),
    }
}

fn admin(line: &mut ProxyLine<'_, '_>) -> Lowered {
    if line.draft.is_defaults {
        return Err(Fault::tight(
            "'stats admin' not allowed in 'defaults' section.",
        ));
    }
    let words = line.line.words;
    let points = points(
        line.draft,
        Point::FrontendHttpRequest,
        Point::BackendHttpRequest,
    );
    let condition = lower_required_condition(
        &words[2..],
        &mut line.place(points, "stats admin expression"),
    )
    .map_err(|error| match error {
        ConditionError::Unexpected(_) => {
            "'stats admin' requires either 'if' or 'unless' followed by a condition.".to_owned()
        }
        ConditionError::Wrong(reason) => {
            format!("error detected while parsing a 'stats admin' rule : {reason}.")
        }
    })?;
    let at = line.line.at.clone();
    page(line).admin.push(Located::new(condition, at));
    Ok(())
}

fn http_request(line: &mut ProxyLine<'_, '_>) -> Lowered {
    if line.draft.is_defaults {
        return Err(Fault::tight(
            "'stats http-request' not allowed in 'defaults' section.",
        ));
    }
    let words = line.line.words;
    let points = points(
        line.draft,
        Point::FrontendHttpRequest,
        Point::BackendHttpRequest,
    );
    let result = lower_rule(
        RuleSets::HTTP_REQUEST,
        &words[2..],
        &mut line.place(points, "stats http-request expression"),
    );
    match result {
        Ok(Some(rule)) => {
            let at = line.line.at.clone();
            page(line).http_request.push(Located::new(rule, at));
            Ok(())
        }
        Ok(None) => Ok(()),
        Err(RuleError::UnknownAction(found)) => Err(Fault::tight(format!(
            "'stats http-request' expects 'allow', 'deny', 'auth', but got '{found}'."
        ))),
        Err(
            RuleError::Arguments(reason)
            | RuleError::Trailing(reason)
            | RuleError::Condition(reason),
        ) => Err(Fault::Spaced(format!(
            "error detected while parsing a 'stats http-request' rule : {reason}."
        ))),
    }
}
