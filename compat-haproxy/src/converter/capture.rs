//! `capture-req(slot)`, `capture-res(slot)`: keep a text for the log in a slot of `declare capture` (manual 7.3.1). They
//! pass their input on; without the slot there is no value.
//!
//! ```text
//! declare capture request len 32
//! http-request set-header x-agent %[req.hdr(user-agent),lower,capture-req(0)]
//! ```

use std::cell::RefCell;

use locum_model::proxy::Capture;
use locum_runtime::{
    plan::args::Args,
    sample::{
        value::{Type, Value},
        view::View,
    },
    vocab::ConverterDef,
};

use super::{bytes_of, converter};

pub(super) static CAPTURE_REQ: ConverterDef = converter(
    "capture-req",
    Type::Str,
    Type::Str,
    |value, view, args, _| {
        let declared = &view.frontend().frontend.as_ref()?.request_captures;
        keep(value, view, args, declared, |view| {
            Some(&view.stream?.request_captures)
        })
    },
);

pub(super) static CAPTURE_RES: ConverterDef = converter(
    "capture-res",
    Type::Str,
    Type::Str,
    |value, view, args, _| {
        let declared = &view.frontend().frontend.as_ref()?.response_captures;
        keep(value, view, args, declared, |view| {
            Some(&view.stream?.response_captures)
        })
    },
);

fn keep<'a>(
    value: Value<'a>,
    view: &View<'a>,
    args: &Args,
    declared: &[Capture],
    slots: impl FnOnce(&View<'a>) -> Option<&'a RefCell<Vec<Option<Vec<u8>>>>>,
) -> Option<Value<'a>> {
    let text = bytes_of(value)?;
    let slot = usize::try_from(args.int(0)?).ok()?;
    let length = declared.get(slot)?.length as usize;
    let mut slots = slots(view)?.borrow_mut();
    if slots.len() <= slot {
        slots.resize(slot + 1, None);
    }
    slots[slot] = Some(text[..text.len().min(length)].to_vec());
    Some(value)
}
