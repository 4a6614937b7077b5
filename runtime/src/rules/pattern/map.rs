//! A map: a value is looked for in a list, and what stands behind the pattern that it matches takes its place
//! (manual 7.3.1 "map").

use std::{net::IpAddr, sync::Arc};

use locum_model::pattern::MapValue;

use super::{
    Method,
    reference::{Hit, Reference, Search},
};
use crate::sample::{
    regex::expand,
    value::{Arena, Value},
};

/// How a converter looks in a map.
#[derive(Debug)]
pub struct Map {
    search: Search,
    method: Method,
    value: MapValue,
    default: Option<Box<[u8]>>,
}

impl Map {
    /// Looks in a list as one of its uses does; `default` is for values that match nothing.
    pub fn new(
        reference: Arc<Reference>,
        by: usize,
        method: Method,
        default: Option<Box<[u8]>>,
    ) -> Self {
        let uses = &reference.list.uses;
        Self {
            value: uses
                .get(by)
                .and_then(|by| by.value.value)
                .unwrap_or(MapValue::Str),
            search: Search::new(reference, by),
            method,
            default,
        }
    }

    /// The list.
    pub fn reference(&self) -> &Arc<Reference> {
        self.search.list()
    }

    /// What a value stands for.
    pub fn look_up<'a>(&self, value: Value<'a>, arena: &'a Arena) -> Option<Value<'a>> {
        let value = value.cast(self.method.input(), arena)?;
        let found = self.search.find(value, |hit| {
            hit.entry
                .with_value(|text| self.given(text, &hit, value, arena))
        });
        match (found, &self.default) {
            (Some(found), _) => found,
            (None, Some(default)) => typed(self.value, arena.alloc_slice_copy(default)),
            (None, None) => None,
        }
    }

    fn given<'a>(
        &self,
        text: &[u8],
        hit: &Hit<'_>,
        value: Value<'a>,
        arena: &'a Arena,
    ) -> Option<Value<'a>> {
        if self.value == MapValue::Groups
            && let Value::Str(subject) = value
            && let Some(groups) = hit.groups(subject)
        {
            let mut out = Vec::new();
            expand(text, subject, &groups, &mut out);
            return Some(Value::Str(arena.alloc_slice_copy(&out)));
        }
        typed(self.value, arena.alloc_slice_copy(text))
    }
}

fn typed(kind: MapValue, text: &[u8]) -> Option<Value<'_>> {
    match kind {
        MapValue::Str | MapValue::Groups => Some(Value::Str(text)),
        MapValue::Int => number(text).map(Value::Int),
        MapValue::Ip => address(text).map(Value::Ip),
    }
}

/// Whether a text can be what a map gives.
pub fn is_value(kind: MapValue, text: &[u8]) -> bool {
    typed(kind, text).is_some()
}

fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn address(text: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
