//! `map(FILE[,DEFAULT])`, `map_METHOD[_TYPE](FILE[,DEFAULT])`: what a file says of a value (manual 7.3.1).
//!
//! ```text
//! http-request set-header x-country %[src,map_ip(/etc/haproxy/countries.map,unknown)]
//! ```

use locum_model::{
    Text,
    expr::{Arg, Call, Map},
    pattern::{MapValue, PatternUse},
};
use locum_runtime::{
    rules::pattern::is_value,
    sample::value::Type,
    vocab::{ConvertFn, ConverterDef},
};

use super::converter;
use crate::lowering::Place;

/// Looks a value up.
const LOOK_UP: ConvertFn = |value, _, args, arena| args.map(0)?.look_up(value, arena);

const fn map(name: &'static str, input: Type, output: Type) -> ConverterDef {
    converter(name, input, output, LOOK_UP)
}

pub(super) static MAP: ConverterDef = map("map", Type::Str, Type::Str);
pub(super) static MAP_BEG: ConverterDef = map("map_beg", Type::Str, Type::Str);
pub(super) static MAP_BEG_INT: ConverterDef = map("map_beg_int", Type::Str, Type::Int);
pub(super) static MAP_BEG_IP: ConverterDef = map("map_beg_ip", Type::Str, Type::Ip);
pub(super) static MAP_DIR: ConverterDef = map("map_dir", Type::Str, Type::Str);
pub(super) static MAP_DIR_INT: ConverterDef = map("map_dir_int", Type::Str, Type::Int);
pub(super) static MAP_DIR_IP: ConverterDef = map("map_dir_ip", Type::Str, Type::Ip);
pub(super) static MAP_DOM: ConverterDef = map("map_dom", Type::Str, Type::Str);
pub(super) static MAP_DOM_INT: ConverterDef = map("map_dom_int", Type::Str, Type::Int);
pub(super) static MAP_DOM_IP: ConverterDef = map("map_dom_ip", Type::Str, Type::Ip);
pub(super) static MAP_END: ConverterDef = map("map_end", Type::Str, Type::Str);
pub(super) static MAP_END_INT: ConverterDef = map("map_end_int", Type::Str, Type::Int);
pub(super) static MAP_END_IP: ConverterDef = map("map_end_ip", Type::Str, Type::Ip);
pub(super) static MAP_INT: ConverterDef = map("map_int", Type::Int, Type::Str);
pub(super) static MAP_INT_INT: ConverterDef = map("map_int_int", Type::Int, Type::Int);
pub(super) static MAP_INT_IP: ConverterDef = map("map_int_ip", Type::Int, Type::Ip);
pub(super) static MAP_IP: ConverterDef = map("map_ip", Type::Ip, Type::Str);
pub(super) static MAP_IP_INT: ConverterDef = map("map_ip_int", Type::Ip, Type::Int);
pub(super) static MAP_IP_IP: ConverterDef = map("map_ip_ip", Type::Ip, Type::Ip);
pub(super) static MAP_REG: ConverterDef = map("map_reg", Type::Str, Type::Str);
pub(super) static MAP_REG_INT: ConverterDef = map("map_reg_int", Type::Str, Type::Int);
pub(super) static MAP_REG_IP: ConverterDef = map("map_reg_ip", Type::Str, Type::Ip);
pub(super) static MAP_STR: ConverterDef = map("map_str", Type::Str, Type::Str);
pub(super) static MAP_STR_INT: ConverterDef = map("map_str_int", Type::Str, Type::Int);
pub(super) static MAP_STR_IP: ConverterDef = map("map_str_ip", Type::Str, Type::Ip);
pub(super) static MAP_SUB: ConverterDef = map("map_sub", Type::Str, Type::Str);
pub(super) static MAP_SUB_INT: ConverterDef = map("map_sub_int", Type::Str, Type::Int);
pub(super) static MAP_SUB_IP: ConverterDef = map("map_sub_ip", Type::Str, Type::Ip);
pub(super) static MAP_REGM: ConverterDef = map("map_regm", Type::Str, Type::Str);

/// How the word says to search, and what it gives.
fn parts(name: &str) -> Option<(&str, MapValue)> {
    let Some(rest) = name.strip_prefix("map_") else {
        return (name == "map").then_some(("str", MapValue::Str));
    };
    Some(match rest.split_once('_') {
        None if rest == "regm" => ("reg", MapValue::Groups),
        None => (rest, MapValue::Str),
        Some((method, "int")) => (method, MapValue::Int),
        Some((method, _)) => (method, MapValue::Ip),
    })
}

/// Reads a map's file and puts its list in the place of the arguments; leaves other converters alone.
///
/// # Errors
/// The reference's wording: a file that isn't there, a pattern or value that doesn't fit, a default that doesn't.
pub fn lower_map(call: &mut Call, place: &mut Place<'_>) -> Result<(), String> {
    let Some((matcher, value)) = parts(&call.name) else {
        return Ok(());
    };
    let path = match call.args.first() {
        Some(Arg::Str(path)) => path.to_string(),
        _ => String::new(),
    };
    let default = match call.args.get(1) {
        Some(Arg::Str(text)) => Some(text.clone()),
        Some(Arg::Int(number)) => Some(Text::from(number.to_string().into_bytes())),
        _ => None,
    };
    let by = PatternUse {
        matcher: matcher.to_owned(),
        ignore_case: false,
        no_dns: false,
        value: Some(value),
    };
    let lists = &mut place.notes.pattern_lists;
    let list = lists.of_file(&path, true)?;
    let list = lists.use_by(list, by, &place.at)?;
    if let Some(text) = default.as_ref().filter(|text| !is_value(value, text)) {
        return Err(format!("map: cannot parse default ip <{text}>."));
    }
    call.args = vec![Arg::Map(Map { list, default })];
    Ok(())
}
