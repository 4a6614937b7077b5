//! Answers and verdicts: `accept`, `allow`, `auth`, `close`, `deny`, `reject`, `return`, `silent-drop`, `tarpit` (manual
//! 4.2).
//!
//! ```text
//! http-request deny deny_status 429 if { fe_req_rate gt 1000 }
//! http-request auth realm Private unless { http_auth(users) }
//! ```

use locum_model::{Text, expr::Arg, rule::ReplyBody};
use locum_runtime::{
    plan::args::Args,
    rules::{ActionView, Outcome, Respond, Verdict},
    vocab::{ActionDef, ActionFn, RuleSets},
};

use super::{ALL_HTTP, reply};
use crate::lowering::{ActionWord, RuleWords};

pub(super) static ACCEPT: ActionWord = ActionWord {
    def: &last("accept", ALL_TCP, |_, _| Outcome::Final(Verdict::Allow)),
    parse: nothing,
};

pub(super) static ALLOW: ActionWord = ActionWord {
    def: &last("allow", ALL_HTTP, |_, _| Outcome::Final(Verdict::Allow)),
    parse: nothing,
};

pub(super) static AUTH: ActionWord = ActionWord {
    def: &last("auth", RuleSets::HTTP_REQUEST, auth),
    parse: realm,
};

/// What the server has sent is passed on, and no more.
pub(super) static CLOSE: ActionWord = ActionWord {
    def: &last("close", RuleSets::TCP_RESPONSE_CONTENT, |_, _| {
        Outcome::Final(Verdict::Close)
    }),
    parse: nothing,
};

pub(super) static DENY: ActionWord = ActionWord {
    def: &last(
        "deny",
        RuleSets::HTTP_REQUEST.union(RuleSets::HTTP_RESPONSE),
        deny,
    ),
    parse: |words| {
        let status = if words.set == RuleSets::HTTP_RESPONSE {
            502
        } else {
            403
        };
        reply::parse(words, ReplyBody::DefaultErrorPage, status)
    },
};

pub(super) static REJECT: ActionWord = ActionWord {
    def: &last("reject", RuleSets::HTTP_REQUEST.union(ALL_TCP), |_, _| {
        Outcome::Final(Verdict::Reject)
    }),
    parse: nothing,
};

pub(super) static RETURN: ActionWord = ActionWord {
    def: &last(
        "return",
        RuleSets::HTTP_REQUEST.union(RuleSets::HTTP_RESPONSE),
        |_, args| match args.reply(0) {
            Some(reply) => Outcome::Final(Verdict::Return(reply)),
            None => Outcome::Next,
        },
    ),
    parse: |words| {
        let mut args = reply::parse(words, ReplyBody::Empty, 200)?;
        if let Some(Arg::Reply(reply)) = args.first_mut() {
            reply.status = reply.status.or(Some(200));
        }
        Ok(args)
    },
};

pub(super) static SILENT_DROP: ActionWord = ActionWord {
    def: &last(
        "silent-drop",
        RuleSets::HTTP_REQUEST
            .union(RuleSets::HTTP_RESPONSE)
            .union(ALL_TCP),
        |_, _| Outcome::Final(Verdict::SilentDrop),
    ),
    parse: nothing,
};

pub(super) static TARPIT: ActionWord = ActionWord {
    def: &last("tarpit", RuleSets::HTTP_REQUEST, |_, args| {
        Outcome::Final(Verdict::Tarpit {
            status: 500,
            reply: args.reply(0),
        })
    }),
    parse: |words| reply::parse(words, ReplyBody::DefaultErrorPage, 500),
};

const ALL_TCP: RuleSets = RuleSets::TCP_REQUEST_CONNECTION
    .union(RuleSets::TCP_REQUEST_SESSION)
    .union(RuleSets::TCP_REQUEST_CONTENT)
    .union(RuleSets::TCP_RESPONSE_CONTENT);

const fn last(name: &'static str, rule_sets: RuleSets, run: ActionFn) -> ActionDef {
    ActionDef {
        name,
        rule_sets,
        is_final: true,
        run,
    }
}

fn nothing(_: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    Ok(Vec::new())
}

fn realm(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    if words.peek() != b"realm" {
        return Ok(vec![Arg::Absent]);
    }
    words.take();
    if words.at_end() {
        return Err("missing realm value.\n".to_owned());
    }
    Ok(vec![Arg::Str(Text::from(words.take()))])
}

fn deny<'a>(view: &mut ActionView<'a>, args: &'a Args) -> Outcome<'a> {
    // A refused request is the client's fault, a refused response the server's.
    let status = if view.response.is_some() { 502 } else { 403 };
    Outcome::Final(Verdict::Deny {
        status,
        reply: args.reply(0),
    })
}

/// 401 with the error page's body and a challenge; the realm is the proxy's name when none is given.
fn auth<'a>(view: &mut ActionView<'a>, args: &'a Args) -> Outcome<'a> {
    view.count_error();
    let mut reply = view.error_page(401);
    let realm = args
        .text(0)
        .unwrap_or_else(|| view.plan.proxy(view.proxy).name.as_bytes());
    let challenge = [b"Basic realm=\"", realm, b"\""].concat();
    reply.head.add(b"www-authenticate", &challenge);
    Outcome::Final(Verdict::Respond(Box::new(Respond {
        reply,
        close: false,
    })))
}
