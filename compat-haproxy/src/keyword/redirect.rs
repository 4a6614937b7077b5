//! `redirect { location | prefix | scheme } …`: the old form of `http-request redirect` (manual 4.2).
//!
//! ```text
//! redirect prefix https://www.example.com code 301 if { hdr(host) example.com }
//! ```

use locum_model::Located;
use locum_parser::haproxy::Word;
use locum_runtime::vocab::RuleSets;

use super::{ProxyKeyword, Sections, State, http_rules::points};
use crate::{
    load::{Lowered, ProxyLine},
    lowering::{Point, RuleError, lower_rule},
};

/// The row.
pub static ROWS: &[ProxyKeyword] = &[ProxyKeyword {
    name: "redirect",
    sections: Sections::PROXIES,
    arguments: "{ location | prefix | scheme } <value> [code <code>] <option> [{ if | unless } <condition>]",
    state: State::Executed,
    lower: redirect,
}];

fn redirect(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.not_in_defaults("redirect")?;
    let points = points(
        line.draft,
        Point::FrontendHttpRequest,
        Point::BackendHttpRequest,
    );
    // The words of the rule set's action are the same, after its name, but targets are plain text here.
    let mut words: Vec<Word> = line.line.words.to_vec();
    double_percent_signs(&mut words);
    let result = lower_rule(
        RuleSets::HTTP_REQUEST,
        &words,
        &mut line.place(points, "http-request expression"),
    );
    let rule = result.map_err(|error| {
        let shown = line.proxy_shown();
        match error {
            RuleError::Arguments(reason) | RuleError::UnknownAction(reason) => {
                format!("error detected in {shown} while parsing redirect rule : {reason}.")
            }
            RuleError::Trailing(found) => format!(
                "error detected in {shown} while parsing redirect rule : expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'clear-cookie', 'drop-query', 'ignore-empty' or 'append-slash' (was '{found}')."
            ),
            RuleError::Condition(reason) => {
                format!("error detected in {shown} while parsing redirect rule : error in condition: {reason}.")
            }
        }
    })?;
    line.warn_order("redirect");
    if let Some(rule) = rule {
        line.draft
            .proxy
            .rules
            .redirect
            .push(Located::new(rule, line.line.at.clone()));
    }
    Ok(())
}

/// Makes log formats of plain targets: what stands behind `location`, `prefix` and `scheme` means itself.
fn double_percent_signs(words: &mut [Word]) {
    for at in 1..words.len() {
        let (before, after) = words.split_at_mut(at);
        let names_target = before
            .last()
            .is_some_and(|word| matches!(&*word.text, b"location" | b"prefix" | b"scheme"));
        if let Some(word) = after.first_mut().filter(|_| names_target) {
            let doubled = word.text.iter().flat_map(|byte| match byte {
                b'%' => &b"%%"[..],
                other => std::slice::from_ref(other),
            });
            word.text = doubled.copied().collect();
        }
    }
}
