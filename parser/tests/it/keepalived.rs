//! Keepalived's language from a text to lines, as the reference 2.2.7 reads it.

use locum_parser::keepalived::{FileKind, Host, IncludeCheck, Limits, Reader, Role, Syntax};
use locum_parser::{Severity, SourceFile};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Files by path; a path that ends with a slash is a directory.
#[derive(Default)]
struct Files(BTreeMap<PathBuf, String>);

impl Files {
    fn of(files: &[(&str, &str)]) -> Self {
        Self(
            files
                .iter()
                .map(|(path, text)| (PathBuf::from(path), (*text).to_owned()))
                .collect(),
        )
    }
}

impl Host for Files {
    fn config_id(&self) -> &[u8] {
        b"main"
    }

    fn instance(&self) -> &[u8] {
        b"one"
    }

    fn random(&self, low: u32, high: u32) -> u32 {
        low + (high - low) / 2
    }

    /// A star stands for anything.
    fn glob(&self, pattern: &[u8], directory: &Path) -> Vec<PathBuf> {
        let pattern = directory.join(String::from_utf8_lossy(pattern).into_owned());
        let pattern = pattern.to_string_lossy().into_owned();
        let matches = |path: &str| match pattern.split_once('*') {
            Some((before, behind)) => path.starts_with(before) && path.ends_with(behind),
            None => path == pattern || path.starts_with(&format!("{pattern}/")),
        };
        self.0
            .keys()
            .filter(|path| matches(&path.to_string_lossy()))
            .cloned()
            .collect()
    }

    fn kind(&self, path: &Path) -> FileKind {
        match path.to_string_lossy() {
            name if name.ends_with('/') => FileKind::Directory,
            name if name.ends_with(".sh") => FileKind::Other,
            _ => FileKind::Configuration,
        }
    }

    fn directory(&self, path: &Path) -> PathBuf {
        path.parent().map(Path::to_path_buf).unwrap_or_default()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let text = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(text.clone().into_bytes())
    }
}

/// Lines as `number: word|word`, and messages behind `!` (errors) or `?` (information).
fn read_with(mut reader: Reader, host: &dyn Host) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let line = reader.next_line(host);
        for diagnostic in reader.take_diagnostics() {
            let mark = if diagnostic.severity == Severity::Notice {
                '?'
            } else {
                '!'
            };
            seen.push(format!("{mark} {diagnostic}"));
        }
        let Some(line) = line else {
            return seen;
        };
        let words: Vec<_> = line.words.iter().map(|word| word.lossy()).collect();
        seen.push(format!("{}: {}", line.number, words.join("|")));
    }
}

fn read(text: &str) -> Vec<String> {
    let syntax = Syntax::parse(SourceFile::new("a.conf", text.as_bytes()));
    read_with(Reader::new(&syntax), &Files::default())
}

fn read_files(files: &[(&str, &str)]) -> Vec<String> {
    let host = Files::of(files);
    read_with(Reader::open(b"/etc/k.conf", Role::Parent, &host), &host)
}

#[test]
fn a_brace_stands_alone_wherever_it_was_written() {
    let expected = [
        "1: a|b", "1: {", "1: c", "1: }", "1: d", "2: e", "3: {", "4: }",
    ];
    assert_eq!(read("a b{c}d\ne\n{\n}\n"), expected);
}

#[test]
fn braces_in_double_quotes_are_plain_and_alone_they_count() {
    assert_eq!(
        read("a \"{ }\" '{'\n}\n"),
        ["1: a|{ }|'", "1: {", "1: '", "2: }"]
    );
}

#[test]
fn double_quotes_end_words_and_single_ones_do_not() {
    assert_eq!(read("a\"b c\"d 'e f' \"\""), ["1: a|b c|d|'e|f'|"]);
}

#[test]
fn a_quote_without_partner_is_reported_and_its_word_dropped() {
    let expected = [
        "! (a.conf: Line 1) Unterminated quote 'a \"b # c'",
        "! (a.conf: Line 1) Unmatched quote: 'a \"b # c'",
        "1: a",
        "2: d",
    ];
    assert_eq!(read("  a \"b # c\nd"), expected);
}

#[test]
fn carriage_returns_and_blanks_at_the_ends_of_lines_go() {
    assert_eq!(read("\ta  b \r\n\r\n c\r"), ["1: a|b", "3: c"]);
}

#[test]
fn blocks_that_stay_open_and_braces_too_many_are_counted() {
    assert_eq!(
        read("a {\nb {"),
        [
            "1: a",
            "1: {",
            "2: b",
            "2: {",
            "! There are 2 missing '}'s or extra '{'s"
        ]
    );
    assert_eq!(read("}"), ["! (a.conf: Line 1) Extra '}' found", "1: }"]);
}

#[test]
fn a_parameter_is_replaced_when_it_is_used() {
    let text = "$BASE=10.2.${SUB}\n$SUB=0\n${BASE}.100/32\n$SUB=10\n${BASE}.100/32\n$BASE.1";
    assert_eq!(
        read(text),
        ["3: 10.2.0.100/32", "5: 10.2.10.100/32", "6: $BASE.1"]
    );
}

#[test]
fn an_empty_value_vanishes_and_an_unknown_parameter_stays() {
    assert_eq!(read("$A=\na $A b${A} \"$B \""), ["2: a|b|$B "]);
}

#[test]
fn a_parameter_is_defined_before_braces_are_looked_for() {
    assert_eq!(
        read("$A={ $B }\n$B=b\na $A"),
        ["3: a", "3: {", "3: b", "3: }"]
    );
}

#[test]
fn lines_of_a_value_count_as_the_line_that_uses_them() {
    let text = "$INSTANCE= \\\ni VI_${N} { \\\n  # why \\\n  @main p 1 \\\n  @other p 2 \\\n}\n$N=3\n$INSTANCE\nend";
    assert_eq!(
        read(text),
        ["8: i|VI_3", "8: {", "8: p|1", "8: }", "9: end"]
    );
}

#[test]
fn values_of_several_lines_may_define_and_hold_others() {
    let text = "$RS= \\\nrs ${N}\\\nw 1\n$VS= \\\nvs\\\n$N=1 \\\n$RS \\\n$N=2 \\\n$RS\n$VS";
    assert_eq!(
        read(text),
        ["10: vs", "10: rs|1", "10: w|1", "10: rs|2", "10: w|1"]
    );
}

#[test]
fn a_value_of_several_lines_is_replaced_only_at_the_end_of_a_line() {
    assert_eq!(read("$A=b\\\nc\n$A x\nx $A"), ["3: $A|x", "4: x|b", "4: c"]);
}

#[test]
fn a_blank_line_ends_a_value() {
    assert_eq!(read("$A=b\\\n\nc\n$A"), ["3: c", "4: b"]);
}

#[test]
fn conditions_hold_back_what_is_for_others() {
    let text =
        "@main a\n@other b\n@^main c\n@^other d\n@main $P=1\n@other $P=2\ne $P\n@main\n@maine f";
    assert_eq!(read(text), ["1: a", "4: d", "7: e|1"]);
}

#[test]
fn a_condition_may_stand_behind_a_brace_and_come_from_a_parameter() {
    let missing = "! There are 1 missing '}'s or extra '{'s";
    assert_eq!(
        read("$ME=@main\n$ME a { @other b } c"),
        ["2: a", "2: {", missing]
    );
    assert_eq!(read("a { @main b"), ["1: a", "1: {", "1: b", missing]);
}

#[test]
fn predefined_parameters_tell_of_file_instance_and_chance() {
    let seen = read_files(&[(
        "/etc/k.conf",
        "${_PWD}/x $_INSTANCE ${_RANDOM 3 5}x ${_RANDOM}",
    )]);
    assert_eq!(seen, ["1: /etc/x|one|4x|16383"]);
}

#[test]
fn a_sign_of_a_comment_from_a_parameter_begins_one_outside_of_quotes() {
    assert_eq!(read("a \"${_HASH} ${_BANG}\" b${_HASH} c"), ["1: a|# !|b"]);
}

#[test]
fn sequences_repeat_the_rest_of_the_line_within_each_other() {
    let text = "$T=2\n~SEQ(N, $T) ~LST({A,B}, {x,y}, {p,q}) a ${N}${A}${B}";
    assert_eq!(read(text), ["2: a|1xy", "2: a|1pq", "2: a|2xy", "2: a|2pq"]);
}

#[test]
fn a_sequence_may_repeat_a_block() {
    let text = "$B= \\\na ${N} { \\\n}\n~SEQx(N,10,0xb) $B";
    assert_eq!(
        read(text),
        ["4: a|a", "4: {", "4: }", "4: a|b", "4: {", "4: }"]
    );
}

#[test]
fn a_wrong_sequence_is_reported_and_its_line_dropped() {
    let expected = [
        "! (a.conf: Line 1) Invalid ~SEQ values '~SEQ(n,1,0,3) a'",
        "! (a.conf: Line 1) Invalid ~SEQ specification '~SEQ(n,1,0,3) a'",
        "! (a.conf: Line 2) Invalid ~LST specification '~LST(n) b'",
        "3: c",
    ];
    assert_eq!(read("~SEQ(n,1,0,3) a\n~LST(n) b\nc"), expected);
}

#[test]
fn included_files_are_read_in_place_relative_to_who_includes_them() {
    let files = [
        ("/etc/k.conf", "$F=1\na\ninclude d/*.conf\nb"),
        ("/etc/d/1.conf", "c${F} ${_PWD}\ninclude sub/x"),
        ("/etc/d/2.conf", "d"),
        ("/etc/d/sub/x", "e"),
    ];
    assert_eq!(
        read_files(&files),
        ["2: a", "1: c1|/etc/d", "1: e", "1: d", "4: b"]
    );
}

#[test]
fn a_missing_file_is_an_error_and_a_pattern_without_match_is_not() {
    let files = [(
        "/etc/k.conf",
        "include no\ninclude no*\ninclude d/*.conf\nincludew no*\na",
    )];
    let expected = [
        "! (/etc/k.conf: Line 1) Config files missing 'no'.",
        "? (/etc/k.conf: Line 3) Config files missing 'd/*.conf'.",
        "! (/etc/k.conf: Line 4) No config files matched 'no*'.",
        "5: a",
    ];
    assert_eq!(read_files(&files), expected);
}

#[test]
fn what_is_no_configuration_file_is_left_out() {
    let files = [
        ("/etc/k.conf", "include *.sh\ninclude d/\na"),
        ("/etc/x.sh", "x"),
        ("/etc/d/", ""),
    ];
    let expected = [
        "? (/etc/k.conf: Line 1) Configuration file 'x.sh' is not a regular non-executable file - skipping",
        "? (/etc/k.conf: Line 2) Configuration file 'd/' is a directory - skipping",
        "3: a",
    ];
    assert_eq!(read_files(&files), expected);
}

#[test]
fn include_check_holds_for_a_file_and_those_below() {
    let host = Files::of(&[
        ("/etc/k.conf", "a\ninclude x"),
        ("/etc/x", "include no*\nb"),
    ]);
    let mut reader = Reader::open(b"/etc/k.conf", Role::Parent, &host);
    assert!(reader.next_line(&host).is_some());
    reader.set_include_check(IncludeCheck::ALL);
    assert!(reader.next_line(&host).is_some());
    assert!(reader.include_check_failed());
    assert_eq!(reader.take_diagnostics().len(), 1);
    assert!(reader.next_line(&host).is_none());
}

#[test]
fn who_reads_again_says_nothing_about_files() {
    let host = Files::of(&[("/etc/k.conf", "include no\na \"b")]);
    let seen = read_with(Reader::open(b"/etc/k.conf", Role::Child, &host), &host);
    assert_eq!(seen.len(), 3, "{seen:?}");
}

#[test]
fn the_main_file_must_be_there() {
    let host = Files::default();
    let seen = read_with(Reader::open(b"/etc/k.conf", Role::Parent, &host), &host);
    assert_eq!(seen, ["! Config files missing '/etc/k.conf'."]);
}

#[test]
fn what_has_no_end_is_an_error() {
    let endless = [
        "$A=${A}\na ${A}",
        "$A=${B}${B}\n$B=${A}\n${A}",
        "$A=x${A}\n${A}",
    ];
    for text in endless {
        let seen = read(text);
        assert!(seen[0].contains("have no end"), "{seen:?}");
    }
    let seen = read("$A=b\\\n$A\n$A");
    assert!(
        seen.last().is_some_and(|last| last.contains("have no end")),
        "{seen:?}"
    );
    let files = [("/etc/k.conf", "a\ninclude k.conf")];
    assert!(
        read_files(&files)
            .last()
            .is_some_and(|last| last.contains("have no end"))
    );
}

#[test]
fn too_much_text_is_an_error() {
    let syntax = Syntax::parse(SourceFile::new(
        "a.conf",
        &b"~SEQ(n,1,1000000) ~SEQ(m,1,1000000) $X=1"[..],
    ));
    let limits = Limits {
        total: 10_000,
        ..Limits::default()
    };
    let seen = read_with(Reader::new(&syntax).with_limits(limits), &Files::default());
    assert_eq!(
        seen,
        ["! (a.conf: Line 1) The configuration expands to too much text"]
    );
}

#[test]
fn a_message_names_line_and_column_of_a_word() {
    let syntax = Syntax::parse(SourceFile::new("a.conf", &b"$A=x y\n  a  $A b"[..]));
    let mut reader = Reader::new(&syntax);
    let line = reader.next_line(&Files::default()).expect("a line");
    let places = (0..4).map(|word| {
        let diagnostic = line.diagnostic(Severity::Alert, word, String::new());
        (diagnostic.line, diagnostic.column)
    });
    assert_eq!(places.collect::<Vec<_>>(), [(2, 3), (2, 6), (2, 6), (2, 9)]);
    assert_eq!(line.rest(1), b"x y b");
}

#[test]
fn scripts_know_both_quotes_and_escapes() {
    let strings = |text: &str| {
        let strings = locum_parser::keepalived::strings(text.as_bytes());
        strings
            .map(|strings| {
                strings
                    .into_iter()
                    .map(|one| String::from_utf8_lossy(&one).into_owned())
                    .collect::<Vec<_>>()
            })
            .map_err(|error| error.to_string())
    };
    assert_eq!(
        strings("/bin/x a 'b c'd \"\" e\\ f"),
        Ok(["/bin/x", "a", "b cd", "", "e f"]
            .map(String::from)
            .to_vec())
    );
    assert_eq!(
        strings(r#"a"b \"c\"" \x41\102\cA\E\q"#),
        Ok(["ab \"c\"", "AB\u{1}\u{1b}q"].map(String::from).to_vec())
    );
    assert_eq!(strings("a 'b"), Err("missing terminating '".into()));
    assert_eq!(strings("a\\"), Err("Missing escape char at end".into()));
}

proptest! {
    #[test]
    fn printing_the_tree_gives_the_file_back(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let syntax = Syntax::parse(SourceFile::new("a.conf", bytes.clone()));
        prop_assert_eq!(syntax.print(), bytes);
    }

    #[test]
    fn any_text_comes_to_an_end(text in "[ab\"'\\\\#!{}$=@~SEQLT(),0-9\n ]{0,200}") {
        let syntax = Syntax::parse(SourceFile::new("a.conf", text.as_bytes()));
        let limits = Limits { total: 100_000, ..Limits::default() };
        read_with(Reader::new(&syntax).with_limits(limits), &Files::default());
    }
}
