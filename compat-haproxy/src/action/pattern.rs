//! `set-map(FILE) KEY VALUE`, `del-map(FILE) KEY`, `add-acl(FILE) KEY`, `del-acl(FILE) KEY`: traffic changes a list of
//! patterns, which all who use the file see at once (manual 4.2).
//!
//! ```text
//! http-request set-map(/etc/haproxy/hits.map) %[src] %[date] if { path /login }
//! ```

use locum_model::expr::Arg;
use locum_runtime::{
    rules::{Outcome, pattern::Which},
    vocab::{ActionDef, ActionFn, RuleSets},
};

use crate::lowering::{ActionWord, RuleWords};

const WHERE: RuleSets = RuleSets::HTTP_REQUEST.union(RuleSets::HTTP_RESPONSE);

const fn def(name: &'static str, run: ActionFn) -> ActionDef {
    ActionDef {
        name,
        rule_sets: WHERE,
        is_final: false,
        run,
    }
}

pub(super) static ADD_ACL: ActionWord = ActionWord {
    def: &def("add-acl", |view, args| {
        if let (Some(list), Some(key)) = (args.patterns(0), args.format(1)) {
            let key = view.write(key);
            if !list.has(key) {
                list.put(key, b"");
            }
        }
        Outcome::Next
    }),
    parse: |words| list_and_formats(words, false, 1),
};

pub(super) static DEL_ACL: ActionWord = ActionWord {
    def: &def("del-acl", DELETE),
    parse: |words| list_and_formats(words, false, 1),
};

pub(super) static DEL_MAP: ActionWord = ActionWord {
    def: &def("del-map", DELETE),
    parse: |words| list_and_formats(words, true, 1),
};

pub(super) static SET_MAP: ActionWord = ActionWord {
    def: &def("set-map", |view, args| {
        if let (Some(list), Some(key), Some(value)) =
            (args.patterns(0), args.format(1), args.format(2))
        {
            let (key, value) = (view.write(key), view.write(value));
            list.put(key, value);
        }
        Outcome::Next
    }),
    parse: |words| list_and_formats(words, true, 2),
};

const DELETE: ActionFn = |view, args| {
    if let (Some(list), Some(key)) = (args.patterns(0), args.format(1)) {
        let key = view.write(key);
        list.delete(Which::Key(key));
    }
    Outcome::Next
};

/// The list of the file between the parentheses, the last of which may be missing, and this many formats.
fn list_and_formats(
    words: &mut RuleWords<'_, '_>,
    two_columns: bool,
    count: usize,
) -> Result<Vec<Arg>, String> {
    let action = words.action();
    let open = action.iter().position(|byte| *byte == b'(');
    let path = open.map_or(&b""[..], |open| &action[open + 1..]);
    let path = String::from_utf8_lossy(path.strip_suffix(b")").unwrap_or(path)).into_owned();
    if (0..count).any(|at| words.peek_at(at).is_empty()) {
        return Err(format!("expects exactly {count} arguments"));
    }
    let list = words.place.notes.pattern_lists.named(&path, two_columns);
    let mut args = vec![Arg::Patterns(list)];
    for _ in 0..count {
        args.push(Arg::Format(words.format()?));
    }
    Ok(args)
}
