//! Process-wide variables that have a value before the first client comes (manual 3.1 "set-var").

use std::cell::RefCell;

use locum_model::proxy::Mode;

use super::{
    value::{Arena, Value},
    variables::{SetWhen, Variables},
    view::{Buffered, View},
};
use crate::{
    live::Live,
    plan::{InitialValue, ListenerId, Plan, ProxyId},
    stream::facts::SessionFacts,
    vocab::Now,
};

/// Sets them in their order, so that one may be made of those before. What has no value sets nothing.
pub fn set(plan: &Plan, live: &Live, now: Now) {
    // Only what needs neither client nor proxy was let in by the configuration's checks.
    let nobody = SessionFacts {
        mode: Mode::Http,
        frontend: ProxyId(0),
        listener: ListenerId(0),
        accepted: now,
        source: None,
        destination: None,
        handshake_ms: 0,
        requests: 0,
        descriptor: -1,
        worker: 0,
        failed: None,
        expects_proxy_header: false,
        proxy_header: None,
        variables: RefCell::new(Variables::default()),
        tracking: crate::stick::Tracking::default(),
    };
    let view = View {
        now,
        plan,
        live,
        proxy: ProxyId(0),
        session: &nobody,
        stream: None,
        request: None,
        request_body: Buffered::default(),
        response: None,
        response_body: None,
        last_look: true,
    };
    for (var, value) in &plan.variables {
        let arena = Arena::new();
        match value {
            InitialValue::Expr(expr) => {
                if let Some(value) = expr.eval(&view, &arena).value() {
                    view.set_variable(var, value, SetWhen::default());
                }
            }
            InitialValue::Format(format) => {
                let mut text = Vec::new();
                format.write(&view, &arena, &mut text);
                view.set_variable(var, Value::Str(&text), SetWhen::default());
            }
        }
    }
}
