//! `acl NAME CRITERION [FLAGS] [OPERATOR] VALUES`: a named test (manual 7.1).
//!
//! ```text
//! acl url_static path_beg /static /images
//! ```

use super::{ProxyKeyword, Sections, State};
use crate::{
    load::{Fault, Lowered, ProxyLine},
    lowering::{Points, lower_acl},
    section::bad_name_character,
};

/// The row.
pub static ROWS: &[ProxyKeyword] = &[ProxyKeyword {
    name: "acl",
    sections: Sections::ALL,
    arguments: "<aclname> <criterion> [flags] [operator] <value> …",
    state: State::Executed,
    lower: acl,
}];

fn acl(line: &mut ProxyLine<'_, '_>) -> Lowered {
    if line.draft.is_defaults && line.draft.name().is_empty() {
        return Err("'acl' not allowed in anonymous 'defaults' section.".into());
    }
    let name = line.line.text(1);
    if name.is_empty() {
        // The reference prints the end of the text as the character that isn't permitted, and its message ends there.
        let text = format!("parsing [{}] : character '\0", line.line.at);
        return Err(Fault::Whole(text));
    }
    if let Some(bad) = bad_name_character(&name) {
        return Err(format!("character '{bad}' is not permitted in acl name '{name}'.").into());
    }
    if name.eq_ignore_ascii_case("or") {
        return Err(format!(
            "acl name '{name}' will never match. 'or' is used to express a logical disjunction within a condition."
        )
        .into());
    }
    let words = line.line.words;
    let result = lower_acl(
        &name,
        &words[2.min(words.len())..],
        &mut line.place(Points::ALL, ""),
    );
    match result {
        Ok(lowered) => {
            let facts = line.draft.acls.entry(name).or_default();
            facts.fetches.push((lowered.fetch, lowered.points));
            facts.is_raw |= lowered.is_raw;
            line.draft.proxy.acls.push(lowered.acl);
            Ok(())
        }
        Err(reason) => Err(format!("error detected while parsing ACL '{name}' : {reason}.").into()),
    }
}
