//! Variables: values that rules and converters keep for later expressions (manual 7.3.1 "set-var").

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use locum_model::expr::{Var, VarScope};

use super::{
    value::{Arena, Value},
    view::View,
};
use crate::plan::VariableLimits;

/// The variables of one scope. They are few: looked for one by one.
#[derive(Debug, Default)]
pub struct Variables {
    entries: Vec<(Box<str>, Option<Stored>)>,
    /// The process's count of their memory, where it has a limit.
    total: Option<Arc<AtomicUsize>>,
}

impl Drop for Variables {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The scopes that end with the exchange.
#[derive(Debug, Default)]
pub struct StreamVariables {
    /// `txn`
    pub transaction: Variables,
    /// `req`
    pub request: Variables,
    /// `res`
    pub response: Variables,
}

/// A value that outlives the evaluation it was made in.
#[derive(Debug, Clone)]
enum Stored {
    Bool(bool),
    Int(i64),
    Ip(IpAddr),
    Str(Box<[u8]>),
    Bin(Box<[u8]>),
    Method(Box<[u8]>),
}

impl Stored {
    fn of(value: Value<'_>) -> Self {
        match value {
            Value::Bool(truth) => Stored::Bool(truth),
            Value::Int(number) => Stored::Int(number),
            Value::Ip(ip) => Stored::Ip(ip),
            Value::Str(text) => Stored::Str(text.into()),
            Value::Bin(bytes) => Stored::Bin(bytes.into()),
            Value::Method(text) => Stored::Method(text.into()),
        }
    }

    fn value<'a>(&self, arena: &'a Arena) -> Value<'a> {
        match self {
            Stored::Bool(truth) => Value::Bool(*truth),
            Stored::Int(number) => Value::Int(*number),
            Stored::Ip(ip) => Value::Ip(*ip),
            Stored::Str(text) => Value::Str(arena.alloc_slice_copy(text)),
            Stored::Bin(bytes) => Value::Bin(arena.alloc_slice_copy(bytes)),
            Stored::Method(text) => Value::Method(arena.alloc_slice_copy(text)),
        }
    }
}

/// When a variable is set (manual 7.3.1 "set-var"): all that are asked for must be true.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the condition of its name")]
pub struct SetWhen {
    pub exists: Option<bool>,
    pub empty: Option<bool>,
    pub set: Option<bool>,
    pub greater: bool,
    pub less: bool,
}

impl SetWhen {
    fn holds(self, old: Option<&Option<Stored>>, new: Value<'_>) -> bool {
        let is_empty = matches!(new, Value::Str([]) | Value::Bin([]) | Value::Method([]));
        let is_set = matches!(old, Some(Some(_)));
        // Only two numbers can be compared; all else passes.
        let order = match (old, new) {
            (Some(Some(Stored::Int(old))), Value::Int(new)) => Some(old.cmp(&new)),
            _ => None,
        };
        self.exists.is_none_or(|wanted| wanted == old.is_some())
            && self.empty.is_none_or(|wanted| wanted == is_empty)
            && self.set.is_none_or(|wanted| wanted == is_set)
            && !(self.greater && order.is_some_and(|order| order.is_le()))
            && !(self.less && order.is_some_and(|order| order.is_ge()))
    }
}

impl Variables {
    fn slot(&self, name: &str) -> Option<&Option<Stored>> {
        let found = self.entries.iter().find(|(known, _)| **known == *name);
        found.map(|(_, value)| value)
    }

    /// A variable's value.
    pub fn value<'a>(&self, name: &str, arena: &'a Arena) -> Option<Value<'a>> {
        Some(self.slot(name)?.as_ref()?.value(arena))
    }

    /// Sets a variable, if the conditions hold; says whether they do.
    pub fn set(&mut self, name: &str, value: Value<'_>, when: SetWhen) -> bool {
        let holds = when.holds(self.slot(name), value);
        if holds {
            self.store(name, Some(Stored::of(value)));
        } else if when
            .exists
            .is_none_or(|wanted| wanted == self.slot(name).is_some())
            && self.slot(name).is_none()
        {
            // From now on it exists, without a value (observed).
            self.store(name, None);
        }
        holds
    }

    /// Takes a variable away.
    pub fn unset(&mut self, name: &str) {
        let (before, total) = (self.entries.len(), self.total.clone());
        let freed = self.slot(name).map_or(0, cost);
        self.entries.retain(|(known, _)| **known != *name);
        if let Some(total) = total.filter(|_| self.entries.len() < before) {
            give_back(&total, freed);
        }
    }

    fn store(&mut self, name: &str, value: Option<Stored>) {
        match self.entries.iter_mut().find(|(known, _)| **known == *name) {
            Some((_, slot)) => *slot = value,
            None => self.entries.push((name.into(), value)),
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        if let Some(total) = self.total.take() {
            give_back(&total, self.memory());
        }
        self.entries.clear();
    }

    /// What they take, as the reference counts it.
    fn memory(&self) -> usize {
        self.entries.iter().map(|(_, value)| cost(value)).sum()
    }
}

/// What a variable takes, as the reference counts it: a text its length besides.
fn cost(value: &Option<Stored>) -> usize {
    match value {
        None => 0,
        Some(Stored::Str(text) | Stored::Bin(text) | Stored::Method(text)) => VARIABLE + text.len(),
        Some(Stored::Bool(_) | Stored::Int(_) | Stored::Ip(_)) => VARIABLE,
    }
}

fn give_back(total: &AtomicUsize, bytes: usize) {
    // Those that the configuration set were never counted.
    let _ = total.fetch_update(Relaxed, Relaxed, |total| Some(total.saturating_sub(bytes)));
}

/// Bytes of a variable but for its text.
const VARIABLE: usize = 80;

impl StreamVariables {
    fn memory(&self) -> usize {
        self.transaction.memory() + self.request.memory() + self.response.memory()
    }

    fn scope(&mut self, scope: VarScope) -> Option<&mut Variables> {
        match scope {
            VarScope::Txn => Some(&mut self.transaction),
            VarScope::Req => Some(&mut self.request),
            VarScope::Res => Some(&mut self.response),
            VarScope::Proc | VarScope::Sess | VarScope::Check => None,
        }
    }
}

impl View<'_> {
    /// A variable's value.
    pub fn variable<'a>(&self, var: &Var, arena: &'a Arena) -> Option<Value<'a>> {
        self.with_scope(var.scope, |variables| variables.value(&var.name, arena))?
    }

    /// Sets a variable, if the conditions hold and its scope is there; says whether it did.
    pub fn set_variable(&self, var: &Var, value: Value<'_>, when: SetWhen) -> bool {
        let mut when = when;
        if var.scope == VarScope::Proc {
            // Those of the process exist since the configuration was read (manual 7.3.1 "set-var").
            if when.exists == Some(false) {
                return false;
            }
            when.exists = None;
        }
        if let Some(limits) = &self.plan.tune.variables
            && self.with_scope(var.scope, |all| when.holds(all.slot(&var.name), value))
                == Some(true)
            && !self.charge(var, value, limits)
        {
            return false;
        }
        let set = self.with_scope(var.scope, |variables| variables.set(&var.name, value, when));
        set.unwrap_or(false)
    }

    /// Whether a value has room in its scope and in those around it (manual: "tune.vars.proc-max-size"). Where it has
    /// none the old value stays.
    fn charge(&self, var: &Var, value: Value<'_>, limits: &VariableLimits) -> bool {
        let new = cost(&Some(Stored::of(value)));
        let old = self.with_scope(var.scope, |variables| {
            variables.slot(&var.name).map_or(0, cost)
        });
        let more = new.saturating_sub(old.unwrap_or(0));
        let fits = |limit: usize, used: usize| limit == 0 || used + more <= limit;
        let message = self.with_scope(var.scope, |variables| variables.memory());
        let transaction = self
            .stream
            .map_or(0, |stream| stream.variables.borrow().memory());
        let session = self.session.variables.borrow().memory() + transaction;
        let scope = var.scope;
        let in_message = matches!(scope, VarScope::Req | VarScope::Res);
        let in_transaction = in_message || scope == VarScope::Txn;
        let in_session = in_transaction || scope == VarScope::Sess;
        if (in_message && !fits(limits.message, message.unwrap_or(0)))
            || (in_transaction && !fits(limits.transaction, transaction))
            || (in_session && !fits(limits.session, session))
        {
            return false;
        }
        if limits.process == 0 {
            return true;
        }
        let total = &self.live.variables_total;
        let (add, take) = (more, old.unwrap_or(0).saturating_sub(new));
        if total.fetch_add(add, Relaxed) + add > limits.process && add > 0 {
            give_back(total, add);
            return false;
        }
        give_back(total, take);
        self.with_scope(scope, |variables| variables.total = Some(total.clone()));
        true
    }

    /// Takes a variable's value away.
    pub fn unset_variable(&self, var: &Var) {
        self.with_scope(var.scope, |variables| variables.unset(&var.name));
    }

    fn with_scope<T>(&self, scope: VarScope, act: impl FnOnce(&mut Variables) -> T) -> Option<T> {
        match scope {
            VarScope::Proc => Some(act(&mut self.live.variables.lock())),
            VarScope::Sess => Some(act(&mut self.session.variables.borrow_mut())),
            _ => self.stream?.variables.borrow_mut().scope(scope).map(act),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_decide_whether_a_variable_is_set() {
        let arena = Arena::new();
        let mut variables = Variables::default();
        let always = SetWhen::default();
        let existing = SetWhen {
            exists: Some(true),
            ..always
        };
        variables.set("a", Value::Int(1), existing);
        assert_eq!(variables.value("a", &arena), None);
        variables.set("a", Value::Int(1), always);
        let greater = SetWhen {
            greater: true,
            ..always
        };
        variables.set("a", Value::Int(2), greater);
        assert_eq!(variables.value("a", &arena), Some(Value::Int(1)));
        variables.set("a", Value::Int(0), greater);
        assert_eq!(variables.value("a", &arena), Some(Value::Int(0)));
        variables.unset("a");
        assert_eq!(variables.value("a", &arena), None);
        variables.set("a", Value::Str(b"x"), existing);
        assert_eq!(variables.value("a", &arena), None);
    }
}
