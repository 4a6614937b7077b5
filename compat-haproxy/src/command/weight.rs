//! `get weight` and `set weight`.

use locum_model::proxy::StatsLevel;
use locum_runtime::{
    admin::{CommandDef, CommandView, Reply},
    plan::ServerId,
};

use super::{answer, emit, farm, find_server};

pub(super) static GET: CommandDef = CommandDef {
    words: &["get", "weight"],
    usage: "get weight <bk>/<srv>",
    summary: "report a server's current weight",
    level: StatsLevel::User,
    run: |view, words| {
        answer(find_server(view, words.first()).and_then(|id| {
            let state = &farm(view, id)?.servers[id.index as usize];
            Ok(Reply::line(format!(
                "{} (initial {})",
                state.user_weight(),
                state.rules.initial_weight
            )))
        }))
    },
};

pub(super) static SET: CommandDef = CommandDef {
    words: &["set", "weight"],
    usage: "set weight <bk>/<srv>  (DEPRECATED)",
    summary: "change a server's weight (use 'set server' instead)",
    level: StatsLevel::Admin,
    run: |view, words| {
        answer(find_server(view, words.first()).and_then(|id| change(view, id, words.get(1))))
    },
};

const NO_NUMBER: &str = "Empty weight string empty or preceded by garbage";

/// Sets a weight as `set weight` and `set server … weight` take it.
pub(super) fn change(
    view: &CommandView<'_>,
    id: ServerId,
    word: Option<&&str>,
) -> Result<Reply, Reply> {
    let farm = farm(view, id)?;
    let state = &farm.servers[id.index as usize];
    let word = word.ok_or_else(|| Reply::line("Require <weight> or <weight%>."))?;
    let weight = parse(word, state.rules.initial_weight).map_err(|reason| match reason {
        // The one message that comes without the empty line behind it.
        NO_NUMBER => Reply::Text(reason.to_owned()),
        reason => Reply::line(reason),
    })?;
    let fixed = matches!(
        view.plan
            .proxy(id.backend)
            .backend
            .as_ref()
            .map(|b| &b.settings.balance),
        Some(locum_model::pool::Balance::StaticRoundRobin)
    );
    if fixed && weight != 0 && weight != state.rules.initial_weight {
        return Err(Reply::line(
            "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.",
        ));
    }
    emit(
        view,
        id.backend,
        farm.set_weight(view.now.instant, id.index, weight),
    );
    Ok(Reply::done())
}

/// `10`, or `50%` of the configured weight.
fn parse(word: &str, initial: u32) -> Result<u32, &'static str> {
    let digits = word
        .find(|c: char| !c.is_ascii_digit() && c != '-')
        .unwrap_or(word.len());
    let (number, rest) = word.split_at(digits);
    let number: i64 = number.parse().map_err(|_| NO_NUMBER)?;
    match rest {
        "%" if number < 0 => Err("Relative weight must be positive."),
        "%" => {
            let weight = i64::from(initial).saturating_mul(number) / 100;
            Ok(u32::try_from(weight.min(256)).unwrap_or(256))
        }
        "" if (0..=256).contains(&number) => Ok(u32::try_from(number).unwrap_or(0)),
        "" => Err("Absolute weight can only be between 0 and 256 inclusive."),
        _ => Err("Trailing garbage in weight string"),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn weights_are_absolute_or_a_share_of_the_configured_one() {
        assert_eq!(parse("10", 1), Ok(10));
        assert_eq!(parse("50%", 1), Ok(0));
        assert_eq!(parse("101%", 10), Ok(10));
        assert!(parse("257", 1).unwrap_err().starts_with("Absolute"));
        assert!(parse("-1", 1).unwrap_err().starts_with("Absolute"));
        assert!(parse("foo", 1).unwrap_err().starts_with("Empty"));
    }
}
