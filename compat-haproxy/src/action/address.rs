//! The connection's addresses: `set-dst`, `set-dst-port`, `set-src`, `set-src-port` (manual 4.2).
//!
//! ```text
//! http-request set-src req.hdr_ip(x-forwarded-for)
//! ```

use std::net::SocketAddr;

use locum_model::expr::Arg;
use locum_runtime::{
    plan::args::Args,
    rules::{ActionView, Outcome},
    sample::value::{Type, Value},
    vocab::{ActionDef, ActionFn, RuleSets},
};

use crate::lowering::{ActionWord, Point, Points, RuleWords};

pub(super) static SET_DST: ActionWord = ActionWord {
    def: &action("set-dst", |view, args| {
        ip(view, args, |view| &mut view.session.destination)
    }),
    parse: expression,
};
pub(super) static SET_DST_PORT: ActionWord = ActionWord {
    def: &action("set-dst-port", |view, args| {
        port(view, args, |view| &mut view.session.destination)
    }),
    parse: expression,
};
pub(super) static SET_SRC: ActionWord = ActionWord {
    def: &action("set-src", |view, args| {
        ip(view, args, |view| &mut view.session.source)
    }),
    parse: expression,
};
pub(super) static SET_SRC_PORT: ActionWord = ActionWord {
    def: &action("set-src-port", |view, args| {
        port(view, args, |view| &mut view.session.source)
    }),
    parse: expression,
};

const fn action(name: &'static str, run: ActionFn) -> ActionDef {
    ActionDef {
        name,
        rule_sets: RuleSets::TCP_REQUEST_CONNECTION
            .union(RuleSets::TCP_REQUEST_SESSION)
            .union(RuleSets::TCP_REQUEST_CONTENT)
            .union(RuleSets::HTTP_REQUEST),
        is_final: false,
        run,
    }
}

fn expression(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    // What isn't there yet on a new connection may be named, and has no value (observed).
    let request = Points::of(Point::FrontendHttpRequest);
    Ok(vec![Arg::Expr(words.expr_of(request)?.value)])
}

type Address = for<'v, 'a> fn(&'v mut ActionView<'a>) -> &'v mut Option<SocketAddr>;

/// The address changes, the port becomes 0 where the family does.
fn ip<'a>(view: &mut ActionView<'a>, args: &'a Args, address: Address) -> Outcome<'a> {
    let value = value(view, args, Type::Ip);
    if let Some(Value::Ip(ip)) = value {
        keep_ends(view);
        let slot = address(view);
        let port = slot.map_or(0, |before| before.port());
        *slot = Some(SocketAddr::new(ip, port));
    }
    Outcome::Next
}

fn port<'a>(view: &mut ActionView<'a>, args: &'a Args, address: Address) -> Outcome<'a> {
    let value = value(view, args, Type::Int);
    if let Some(Value::Int(port)) = value {
        keep_ends(view);
        if let Some(address) = address(view) {
            address.set_port(port as u16);
        }
    }
    Outcome::Next
}

/// `fc_src` and its kin go on telling the connection's own ends; only rules on the connection itself change those (manual:
/// "fc_src").
fn keep_ends(view: &mut ActionView<'_>) {
    if view.request.is_some() {
        view.session.keep_ends();
    }
}

/// An address or a number: nothing that borrows from the view.
fn value(view: &ActionView<'_>, args: &Args, wanted: Type) -> Option<Value<'static>> {
    let shared = view.view();
    let value = args.expr(0)?.eval(&shared, view.arena).value()?;
    match value.cast(wanted, view.arena)? {
        Value::Ip(ip) => Some(Value::Ip(ip)),
        Value::Int(number) => Some(Value::Int(number)),
        _ => None,
    }
}
