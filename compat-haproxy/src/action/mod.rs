//! Actions of rules: one file a word or tight family (manual 4.2).

mod address;
mod answer;
mod capture;
mod flow;
mod header;
mod line;
mod message;
mod normalize;
mod pattern;
mod redirect;
pub(crate) mod reply;
mod socket;
mod target;
mod tracking;
mod variable;

use locum_model::{
    Text,
    expr::{Arg, Regex},
};
use locum_runtime::vocab::{ActionDef, RuleSets};

use crate::lowering::ActionWord;

/// All actions we execute, sorted by name.
#[rustfmt::skip]
pub static ACTIONS: &[&ActionWord] = &[
    &answer::ACCEPT,
    &pattern::ADD_ACL,
    &header::ADD_HEADER,
    &answer::ALLOW,
    &answer::AUTH,
    &capture::CAPTURE,
    &answer::CLOSE,
    &pattern::DEL_ACL,
    &header::DEL_HEADER,
    &pattern::DEL_MAP,
    &answer::DENY,
    &flow::DISABLE_L7_RETRY,
    &header::EARLY_HINT,
    &flow::EXPECT_PROXY,
    &normalize::NORMALIZE_URI,
    &redirect::REDIRECT,
    &answer::REJECT,
    &header::REPLACE_HEADER,
    &target::REPLACE_PATH,
    &target::REPLACE_PATHQ,
    &target::REPLACE_URI,
    &header::REPLACE_VALUE,
    &answer::RETURN,
    &tracking::SC_INC_GPC,
    &tracking::SC_INC_GPC0,
    &tracking::SC_INC_GPC1,
    &tracking::SC_SET_GPT,
    &tracking::SC_SET_GPT0,
    &address::SET_DST,
    &address::SET_DST_PORT,
    &header::SET_HEADER,
    &message::SET_LOG_LEVEL,
    &pattern::SET_MAP,
    &socket::SET_MARK,
    &target::SET_METHOD,
    &message::SET_NICE,
    &target::SET_PATH,
    &target::SET_PATHQ,
    &flow::SET_PRIORITY_CLASS,
    &flow::SET_PRIORITY_OFFSET,
    &target::SET_QUERY,
    &address::SET_SRC,
    &address::SET_SRC_PORT,
    &message::SET_STATUS,
    &flow::SET_TIMEOUT,
    &socket::SET_TOS,
    &target::SET_URI,
    &variable::SET_VAR,
    &variable::SET_VAR_FMT,
    &answer::SILENT_DROP,
    &flow::STRICT_MODE,
    &flow::SWITCH_MODE,
    &answer::TARPIT,
    &tracking::TRACK_SESSION,
    &tracking::TRACK_STREAM,
    &variable::UNSET_VAR,
    &message::WAIT_FOR_BODY,
    &flow::WAIT_FOR_HANDSHAKE,
];

/// The definition of an action in a rule set.
pub fn definition(name: &str, set: RuleSets) -> Option<&'static ActionDef> {
    let actions = ACTIONS.iter().map(|row| row.def);
    actions
        .chain(line::LINE_ACTIONS.iter().copied())
        .find(|def| def.name == name && def.rule_sets.contains(set))
}

/// All HTTP rule sets.
const ALL_HTTP: RuleSets = RuleSets::HTTP_REQUEST
    .union(RuleSets::HTTP_RESPONSE)
    .union(RuleSets::HTTP_AFTER_RESPONSE);

/// A regular expression that compiles.
fn checked_regex(pattern: &[u8]) -> Result<Arg, String> {
    crate::lowering::regex::check(pattern, false)?;
    Ok(Arg::Regex(Regex {
        pattern: Text::from(pattern),
        ignore_case: false,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted() {
        let unsorted = ACTIONS
            .windows(2)
            .find(|pair| pair[0].def.name > pair[1].def.name);
        assert!(
            unsorted.is_none(),
            "{:?}",
            unsorted.map(|pair| pair[1].def.name)
        );
        assert!(definition("deny", RuleSets::HTTP_RESPONSE).is_some());
        assert!(definition("deny", RuleSets::HTTP_AFTER_RESPONSE).is_none());
    }
}
