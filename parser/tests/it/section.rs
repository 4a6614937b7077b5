//! Section headers.

use crate::support::{host, walk};
use locum_parser::haproxy::Header;
use locum_parser::haproxy::section::From;

fn shown(text: &str, may_be_anonymous: bool) -> String {
    let line = walk(format!("{text}\n"), &host(&[])).lines.remove(0);
    let header = Header::of(&line, may_be_anonymous).expect("a line has a first word");
    let from = match header.from {
        From::Absent => String::new(),
        From::Unnamed(_) => "?".to_owned(),
        From::Named(name) => name.as_str().into_owned(),
    };
    let name = header
        .name
        .map(|word| word.as_str().into_owned())
        .unwrap_or_default();
    format!(
        "{} {name}<{from}>+{}",
        header.keyword.as_str(),
        header.rest.len()
    )
}

#[test]
fn a_header_has_a_keyword_a_name_and_a_place_to_start_from() {
    assert_eq!(shown("global", false), "global <>+0");
    assert_eq!(
        shown("frontend www from base", false),
        "frontend www<base>+0"
    );
    assert_eq!(shown("frontend www from", false), "frontend www<?>+0");
    assert_eq!(
        shown("frontend www from base x", false),
        "frontend www<base>+1"
    );
    assert_eq!(shown("frontend www :80", false), "frontend www<>+1");
}

#[test]
fn only_an_anonymous_section_may_have_from_in_the_place_of_the_name() {
    assert_eq!(shown("defaults from base", true), "defaults <base>+0");
    assert_eq!(
        shown("defaults from from base", true),
        "defaults from<base>+0"
    );
    assert_eq!(shown("defaults d from base", true), "defaults d<base>+0");
    assert_eq!(shown("frontend from base", false), "frontend from<>+1");
}
