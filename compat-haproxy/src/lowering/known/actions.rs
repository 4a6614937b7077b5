//! The actions of each rule set in the order in which the reference lists them when it doesn't know one.

use locum_runtime::vocab::RuleSets;

/// What the reference prints behind "expects"; the entries of tcp rule sets begin with their built-in ones.
pub fn expected_actions(set: RuleSets) -> &'static [&'static str] {
    match set {
        RuleSets::HTTP_REQUEST => HTTP_REQUEST,
        RuleSets::HTTP_RESPONSE => HTTP_RESPONSE,
        RuleSets::HTTP_AFTER_RESPONSE => HTTP_AFTER_RESPONSE,
        RuleSets::TCP_REQUEST_CONNECTION | RuleSets::TCP_REQUEST_SESSION => TCP_REQUEST_EARLY,
        RuleSets::TCP_REQUEST_CONTENT => TCP_REQUEST_CONTENT,
        RuleSets::TCP_RESPONSE_CONTENT => TCP_RESPONSE_CONTENT,
        _ => &[],
    }
}

/// Whether the reference has that action in that rule set; `word` is as written, parentheses included.
pub fn known_action(set: RuleSets, word: &str) -> bool {
    let is_tcp_request = set.intersects(
        RuleSets::TCP_REQUEST_CONNECTION
            | RuleSets::TCP_REQUEST_SESSION
            | RuleSets::TCP_REQUEST_CONTENT,
    );
    if is_tcp_request && matches!(word, "track-sc0" | "track-sc1" | "track-sc2") {
        return true;
    }
    expected_actions(set)
        .iter()
        .any(|known| match known.strip_suffix("(*)") {
            Some(stem) => word.starts_with(stem),
            None => word == *known,
        })
}

#[rustfmt::skip]
const HTTP_REQUEST: &[&str] = &[
    "wait-for-handshake", "ot-group", "set-log-level", "set-nice", "use-service", "sc-inc-gpc(*)", "sc-inc-gpc0(*)",
    "sc-inc-gpc1(*)", "sc-set-gpt(*)", "sc-set-gpt0(*)", "send-spoe-group", "do-resolve(*)", "cache-use", "add-acl(*)",
    "add-header", "allow", "auth", "capture", "del-acl(*)", "del-header", "del-map(*)", "deny", "disable-l7-retry",
    "early-hint", "normalize-uri", "redirect", "reject", "replace-header", "replace-path", "replace-pathq",
    "replace-uri", "replace-value", "return", "set-header", "set-map(*)", "set-method", "set-path", "set-pathq",
    "set-query", "set-uri", "strict-mode", "tarpit", "track-sc(*)", "set-timeout", "wait-for-body", "set-var-fmt(*)",
    "set-var(*)", "unset-var(*)", "set-dst", "set-dst-port", "set-mark", "set-src", "set-src-port", "set-tos",
    "silent-drop", "set-priority-class", "set-priority-offset",
];

#[rustfmt::skip]
const HTTP_RESPONSE: &[&str] = &[
    "ot-group", "set-log-level", "set-nice", "sc-inc-gpc(*)", "sc-inc-gpc0(*)", "sc-inc-gpc1(*)", "sc-set-gpt(*)",
    "sc-set-gpt0(*)", "send-spoe-group", "cache-store", "add-acl(*)", "add-header", "allow", "capture", "del-acl(*)",
    "del-header", "del-map(*)", "deny", "redirect", "replace-header", "replace-value", "return", "set-header",
    "set-map(*)", "set-status", "strict-mode", "track-sc(*)", "wait-for-body", "set-var-fmt(*)", "set-var(*)",
    "unset-var(*)", "set-mark", "set-tos", "silent-drop",
];

#[rustfmt::skip]
const HTTP_AFTER_RESPONSE: &[&str] = &[
    "ot-group", "add-header", "allow", "capture", "del-header", "replace-header", "replace-value", "set-header",
    "set-status", "strict-mode", "set-var-fmt(*)", "set-var(*)", "unset-var(*)",
];

#[rustfmt::skip]
const TCP_REQUEST_EARLY: &[&str] = &[
    "accept", "reject", "capture", "expect-proxy", "expect-netscaler-cip", "sc-inc-gpc(*)", "sc-inc-gpc0(*)",
    "sc-inc-gpc1(*)", "sc-set-gpt(*)", "sc-set-gpt0(*)", "set-var-fmt(*)", "set-var(*)", "unset-var(*)", "set-dst",
    "set-dst-port", "set-mark", "set-src", "set-src-port", "set-tos", "silent-drop",
];

#[rustfmt::skip]
const TCP_REQUEST_CONTENT: &[&str] = &[
    "accept", "reject", "capture", "expect-proxy", "expect-netscaler-cip", "ot-group", "set-log-level", "set-nice",
    "switch-mode", "use-service", "sc-inc-gpc(*)", "sc-inc-gpc0(*)", "sc-inc-gpc1(*)", "sc-set-gpt(*)",
    "sc-set-gpt0(*)", "send-spoe-group", "do-resolve(*)", "set-var-fmt(*)", "set-var(*)", "unset-var(*)", "set-src",
    "set-src-port", "set-dst", "set-dst-port", "set-mark", "set-tos", "silent-drop", "set-priority-class",
    "set-priority-offset",
];

#[rustfmt::skip]
const TCP_RESPONSE_CONTENT: &[&str] = &[
    "accept", "close", "reject", "ot-group", "set-log-level", "set-nice", "sc-inc-gpc(*)", "sc-inc-gpc0(*)",
    "sc-inc-gpc1(*)", "sc-set-gpt(*)", "sc-set-gpt0(*)", "send-spoe-group", "set-var-fmt(*)", "set-var(*)",
    "unset-var(*)", "set-mark", "set-tos", "silent-drop",
];
