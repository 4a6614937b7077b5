//! Compiled sample expressions: a fetch and its converters, run against a view.

use super::{
    value::{Arena, Fetched, Type},
    view::View,
};
use crate::{
    plan::args::Args,
    vocab::{ConverterDef, FetchDef},
};

/// A compiled `fetch(args),converter(args),…`.
pub struct Expr {
    /// The fetch's row.
    pub fetch: &'static FetchDef,
    /// Its arguments.
    pub args: Args,
    /// Converters in order.
    pub converters: Box<[(&'static ConverterDef, Args)]>,
}

impl std::fmt::Debug for Expr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}({:?})", self.fetch.name, self.args.0)?;
        for (def, args) in &self.converters {
            write!(f, ",{}({:?})", def.name, args.0)?;
        }
        Ok(())
    }
}

impl Expr {
    /// The type of what the whole expression gives.
    pub fn output(&self) -> Type {
        self.converters
            .iter()
            .fold(self.fetch.output, |before, (def, _)| match def.output {
                Type::Same => before,
                output => output,
            })
    }

    /// Evaluates it: a converter gets its input cast to the type it asks for; a failed cast makes the sample absent.
    pub fn eval<'a>(&'a self, view: &View<'a>, arena: &'a Arena) -> Fetched<'a> {
        let fetched = (self.fetch.run)(view, &self.args, arena);
        if self.converters.is_empty() {
            return fetched;
        }
        match fetched {
            Fetched::Value(value) => self.convert(value, view, arena),
            Fetched::SoFar(value) => match self.convert(value, view, arena) {
                Fetched::Value(value) => Fetched::SoFar(value),
                // What more bytes bring may be convertible.
                _ => Fetched::NotYet,
            },
            other => other,
        }
    }

    /// Runs the converters on one value of the fetch.
    pub fn convert<'a>(
        &'a self,
        value: super::value::Value<'a>,
        view: &View<'a>,
        arena: &'a Arena,
    ) -> Fetched<'a> {
        let mut value = value;
        for (def, args) in &self.converters {
            let Some(input) = value.cast(def.input, arena) else {
                return Fetched::Absent;
            };
            match (def.run)(input, view, args, arena) {
                Some(output) => value = output,
                None => return Fetched::Absent,
            }
        }
        Fetched::Value(value)
    }
}
