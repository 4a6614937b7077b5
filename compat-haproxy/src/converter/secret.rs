//! Arguments that are base64, or a variable that holds base64: keys, nonces and tags.

use locum_model::{Text, expr::Arg};
use locum_runtime::{
    plan::args::Args,
    sample::{
        value::{Arena, Type},
        view::View,
    },
};

use super::{bytes_of, encoding::decoded};
use crate::fetch::variable::parse_name;

/// Decodes the argument, or turns it into its variable; `what` names it in the message.
pub(super) fn base64_or_variable(args: &mut [Arg], at: usize, what: &str) -> Result<(), String> {
    let Some(arg) = args.get_mut(at) else {
        return Ok(());
    };
    let text = match &*arg {
        Arg::Str(text) => text.clone(),
        _ => Text::default(),
    };
    *arg = match (parse_name(&text, ""), decoded(&text, &Arena::new())) {
        (Ok(var), _) => Arg::Var(var),
        (_, Some(bytes)) => Arg::Str(Text::from(bytes)),
        _ => {
            return Err(format!(
                "failed to parse {what} : argument needs to be base64 encoded, and can either be a string or a variable"
            ));
        }
    };
    Ok(())
}

/// The bytes of such an argument; a variable without base64 in it has none.
pub(super) fn secret<'a>(
    args: &'a Args,
    at: usize,
    view: &View<'a>,
    arena: &'a Arena,
) -> Option<&'a [u8]> {
    match args.var(at) {
        Some(var) => {
            let value = view.variable(var, arena)?.cast(Type::Str, arena)?;
            decoded(bytes_of(value)?, arena)
        }
        None => args.text(at),
    }
}
