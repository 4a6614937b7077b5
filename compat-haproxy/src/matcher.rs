//! Match methods of access lists, as `-m` spells them (manual 7.1.3).

use locum_runtime::rules::pattern::{MatcherDef, Method};

/// All match methods, sorted by name; `meth` is what a method is matched with when nothing is said.
pub static MATCHERS: &[&MatcherDef] = &[
    &matcher("beg", Method::Beginning),
    &matcher("bin", Method::Bin),
    &matcher("bool", Method::Bool),
    &matcher("dir", Method::Directory),
    &matcher("dom", Method::Domain),
    &matcher("end", Method::End),
    &matcher("found", Method::Found),
    &matcher("int", Method::Int),
    &matcher("ip", Method::Ip),
    &matcher("len", Method::Len),
    &matcher("meth", Method::HttpMethod),
    &matcher("reg", Method::Regex),
    &matcher("str", Method::Str),
    &matcher("sub", Method::Substring),
];

/// The definition of a match method.
pub fn definition(name: &str) -> Option<&'static MatcherDef> {
    let at = MATCHERS.binary_search_by(|row| row.name.cmp(name)).ok()?;
    MATCHERS.get(at).copied()
}

const fn matcher(name: &'static str, method: Method) -> MatcherDef {
    MatcherDef { name, method }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted() {
        assert!(MATCHERS.is_sorted_by(|a, b| a.name < b.name));
        assert!(definition("dom").is_some() && definition("nope").is_none());
    }
}
