//! Files to lines: directives, conditional blocks, and the reference's messages.

use crate::support::{host, messages, walk};
use locum_parser::Severity;
use locum_parser::haproxy::{evaluate, evaluate_argument};

fn words(text: &str) -> Vec<Vec<String>> {
    let walk = walk(text, &host(&[("HOME", "/root"), ("L", "x  y")]));
    walk.lines
        .iter()
        .map(|line| {
            line.words
                .iter()
                .map(|word| word.as_str().into_owned())
                .collect()
        })
        .collect()
}

#[test]
fn lines_without_words_and_lines_that_begin_with_an_empty_word_are_left_out() {
    assert_eq!(
        words("\n  # c\r\n\"\" x\n\"$NOPE\" y\n a b # c\r\n"),
        [["a", "b"]]
    );
}

#[test]
fn only_the_taken_branch_counts() {
    let text =
        ".if 0\na\n.elif 1\nb\n.if 0\nc\n.else\nd\n.endif\n.elif nosuch(\ne\n.else\nf\n.endif\ng\n";
    assert_eq!(words(text), [["b"], ["d"], ["g"]]);
}

#[test]
fn pseudo_variables_name_file_line_and_section() {
    let mut host = host(&[]);
    host.section = b"www".to_vec();
    let walk = walk("\nx \"$.FILE:${.LINE}:$.SECTION\"\n", &host);
    assert_eq!(walk.lines[0].words[1].as_str(), "t.cfg:2:www");
}

#[test]
fn a_line_knows_its_place_and_its_arguments() {
    let walk = walk("global\n  a \"b c\" '' d\n", &host(&[]));
    let line = &walk.lines[1];
    assert_eq!(
        (line.number, line.raw()),
        (2, b"  a \"b c\" '' d".as_slice())
    );
    assert_eq!(line.words.len(), 4);
    assert_eq!(line.arguments().len(), 1);
    assert_eq!((line.words[1].column, line.words[1].quoted), (5, true));
}

#[test]
fn quoting_errors_show_the_line_and_a_caret() {
    assert_eq!(
        messages("global\n    http-request set-header X-A \"abc\nx\n"),
        [
            "parsing [t.cfg:2]: unmatched quote at position 33:\n  http-request set-header X-A \"abc\n                              ^"
        ]
    );
    assert_eq!(
        messages("    http-request set-header X-A \"${HOME\"\n"),
        [
            "parsing [t.cfg:1]: unmatched brace in environment variable name at position 35:\n  http-request set-header X-A \"${HOME\"\n                                ^"
        ]
    );
}

#[test]
fn a_file_must_end_with_a_line_feed_and_have_no_nul() {
    assert_eq!(
        messages("global\n  b s1 127.0.0.1"),
        [
            "parsing [t.cfg:2]: Missing LF on last line, file might have been truncated at position 17."
        ]
    );
    assert_eq!(
        messages("global\na\0b\nfoo \"\n"),
        ["parsing [t.cfg:2]: Stray NUL character at position 2."]
    );
    assert_eq!(
        messages("global\n# a\0b\n"),
        [
            "parsing [t.cfg:2]: Missing LF on last line, file might have been truncated at position 4."
        ]
    );
    assert_eq!(walk("global\na\0b\nfoo\n", &host(&[])).lines.len(), 2);
}

#[test]
fn status_directives_report_at_their_level() {
    let walk = walk(
        ".diag d\n.notice 'n n'\n.warning\n.notice a b\n.alert a\n.notice z\n",
        &host(&[]),
    );
    let found: Vec<_> = walk
        .diagnostics
        .iter()
        .map(|d| (d.severity, d.line, d.message.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (Severity::Diag, 1, "'d'."),
            (Severity::Notice, 2, "'n n'."),
            (Severity::Warning, 3, "''."),
            (
                Severity::Alert,
                4,
                "Unexpected argument 'b' for '.notice'. Use quotes if the message should contain spaces."
            ),
            (Severity::Alert, 5, "'a'."),
        ]
    );
    assert!(walk.aborted);
}

#[test]
fn misplaced_directives_end_the_file() {
    let cases: [(&str, &[&str]); 12] = [
        (
            ".else\n.notice x\n",
            &["[t.cfg:1]: lone '.else' with no matching '.if'."],
        ),
        (
            ".elif 1\n",
            &["[t.cfg:1]: lone '.elif' with no matching '.if'."],
        ),
        (
            ".endif\n",
            &["[t.cfg:1]: lone '.endif' with no matching '.if'."],
        ),
        (
            ".endif x\n",
            &["[t.cfg:1]: Unexpected argument 'x' for '.endif'."],
        ),
        (
            ".if 1\n.else\n.else\n",
            &["[t.cfg:3]: '.else' after '.else' is not permitted."],
        ),
        (
            ".if 1\n.else\n.elif 1\n",
            &["[t.cfg:3]: '.elif' after '.else' is not permitted."],
        ),
        (
            ".if 1\n.else x\n.endif\n",
            &[
                "[t.cfg:2]: Unexpected argument 'x' for '.else'.",
                "[t.cfg:2]: non-terminated '.if' block.",
            ],
        ),
        (
            ".if 1\n.foo\n.notice x\n",
            &[
                "[t.cfg:2]: unknown directive '.foo'.",
                "[t.cfg:2]: non-terminated '.if' block.",
            ],
        ),
        (".if 1\n.alert a\n", &["[t.cfg:2]: 'a'."]),
        (
            ".if defined(HOME)\nx\n",
            &["[t.cfg:2]: non-terminated '.if' block."],
        ),
        (".if 0\n.foo\n.notice a b\n.endif\n", &[]),
        (
            ".if 1\n.if nosuch\n",
            &[
                "[t.cfg:2]: unparsable conditional expression 'nosuch' in '.if' at position 1:\n  .if nosuch\n      ^",
            ],
        ),
    ];
    for (text, expected) in cases {
        let expected: Vec<String> = expected
            .iter()
            .map(|message| format!("parsing {message}"))
            .collect();
        assert_eq!(messages(text), expected, "{text:?}");
        assert_eq!(
            walk(text, &host(&[("HOME", "")])).aborted,
            !expected.is_empty(),
            "{text:?}"
        );
    }
}

#[test]
fn ninety_nine_ifs_may_nest() {
    let nested = |count: usize| ".if 1\n".repeat(count) + &".endif\n".repeat(count);
    assert_eq!(messages(nested(99)), Vec::<String>::new());
    assert_eq!(
        messages(nested(100)),
        ["parsing [t.cfg:100]: too many nested '.if', max is 100."]
    );
}

#[test]
fn condition_values() {
    let host = host(&[("HOME", "/root")]);
    let truths = [
        "1",
        "-1",
        "+1",
        "01",
        "0x1",
        " 1",
        "1 ",
        "!0",
        "! 0",
        "(1)",
        "( 1 )",
        "((1))",
        "1&&1",
        "0||1",
        "1 && 0 || 1",
        "!(1 && 0)",
        "defined(HOME)",
        "feature(OPENSSL)",
        "feature()",
        "feature",
        "streq(,)",
        "streq(a b,\"a b\")",
        "strneq(a,b)",
        "version_atleast(2.6)",
        "version_before(2.7-dev1)",
        "999999999999999999999",
        "010",
        "streq(\"a,b\",'a,b')",
    ];
    for text in truths {
        assert_eq!(evaluate(text.as_bytes(), &host), Ok(true), "{text}");
    }
    let falsehoods = [
        "",
        "0",
        "00",
        "0 ",
        "!1",
        "!!0",
        "defined( HOME )",
        "defined()",
        "defined",
        "streq(a, a)",
        "feature(openssl)",
    ];
    for text in falsehoods {
        assert_eq!(evaluate(text.as_bytes(), &host), Ok(false), "{text}");
    }
}

#[test]
fn condition_errors() {
    let host = host(&[]);
    let cases = [
        (
            "nosuch(a) || 1",
            "unparsable conditional expression 'nosuch(a) || 1'",
            1,
        ),
        (
            "1 || nosuch",
            "unparsable conditional expression 'nosuch'",
            6,
        ),
        (
            "! nosuch(x)",
            "unparsable conditional expression '! nosuch(x)'",
            1,
        ),
        (
            "1 && 1 &&",
            "unparsable conditional expression '&& 1 &&'",
            3,
        ),
        (
            "1 || 1 && 1 &&",
            "unparsable conditional expression '&& 1 &&'",
            8,
        ),
        (
            "1 || 1 ||",
            "unparsable conditional expression '1 || 1 ||'",
            3,
        ),
        (
            "(1 || 1 ||",
            "unparsable conditional expression '(1 || 1 ||'",
            1,
        ),
        ("1 && (1 ||", "unparsable conditional expression '(1 ||'", 6),
        ("(1 &&", "unparsable conditional expression '&&'", 4),
        (
            "(1 1)",
            "expected ')' after conditional expression '(1 1)'",
            1,
        ),
        ("((1", "expected ')' after conditional expression '(1'", 2),
        ("()", "unparsable conditional expression ')'", 2),
        ("((", "unparsable conditional expression '('", 2),
        ("!", "unparsable conditional expression '!'", 1),
        ("  ", "unparsable conditional sub-expression '  '", 1),
        (
            "1 2 3",
            "unexpected character '2' at the end of conditional expression '1 2 3'",
            3,
        ),
        (
            "08",
            "unexpected character '8' at the end of conditional expression '08'",
            2,
        ),
        (
            "0x",
            "unexpected character 'x' at the end of conditional expression '0x'",
            2,
        ),
        (
            "defined (A)",
            "unexpected character '(' at the end of conditional expression 'defined (A)'",
            9,
        ),
        (
            "streq(a)",
            "missing arguments (got 1/2), type 'string' expected in argument 1 of predicate 'streq' used in conditional expression",
            8,
        ),
        (
            "streq",
            "missing arguments (got 1/2), type 'string' expected in argument 1 of predicate 'streq' used in conditional expression",
            6,
        ),
        (
            "1 && streq(a,b",
            "expected ')' in argument 1 of predicate 'streq' used in conditional expression",
            15,
        ),
        (
            "1 || streq(a,b,c)",
            "expected ')' before ',c)' in argument 1 of predicate 'streq' used in conditional expression",
            15,
        ),
        (
            "!defined(A,B)",
            "expected ')' before ',B)' in argument 1 of predicate 'defined' used in conditional expression",
            11,
        ),
    ];
    for (text, message, position) in cases {
        let error = evaluate(text.as_bytes(), &host).unwrap_err();
        assert_eq!(
            (error.message.as_str(), error.position + 1),
            (message, position),
            "{text}"
        );
    }
}

#[test]
fn conditions_nest_as_deep_as_the_reference_lets_them() {
    let host = host(&[]);
    let parentheses = |count: usize| "(".repeat(count) + "1" + &")".repeat(count);
    assert_eq!(evaluate(parentheses(340).as_bytes(), &host), Ok(true));
    assert!(evaluate(parentheses(341).as_bytes(), &host).is_err());
    for operator in ["||", "&&"] {
        assert_eq!(
            evaluate(vec!["1"; 1022].join(operator).as_bytes(), &host),
            Ok(true)
        );
        assert!(evaluate(vec!["1"; 1023].join(operator).as_bytes(), &host).is_err());
    }
    assert!(evaluate("!".repeat(100_000).as_bytes(), &host).is_err());
}

#[test]
fn the_argument_of_cc_is_cut_into_words_first() {
    let host = host(&[("HOME", "/root")]);
    assert_eq!(
        evaluate_argument(b"streq(\"$HOME\",/root)", &host),
        Ok(true)
    );
    assert_eq!(evaluate_argument(b"", &host), Ok(false));
    let cases: [(&[u8], &str); 5] = [
        (b"\"a", "Syntax Error in condition: Unmatched quote."),
        (
            b"\\x",
            "Syntax Error in condition: Truncated or invalid hexadecimal sequence.",
        ),
        (
            b"\"$\"",
            "Unhandled error in condition, please report this to the developers.",
        ),
        (
            b"1 # x",
            "Failed to evaluate condition: unexpected character '#' at the end of conditional expression '1 # x'",
        ),
        (
            b"0 ||  ",
            "Failed to evaluate condition: unparsable conditional expression '0 || '",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(evaluate_argument(text, &host), Err(message.to_owned()));
    }
    assert_eq!(
        evaluate_argument("1 ".repeat(65).as_bytes(), &host),
        Err("Error in condition: Too many words.".to_owned())
    );
}

#[test]
fn scope_lines_are_checked_and_left_out() {
    assert_eq!(words(" [a.b-c:d_1] # c\r\nx\n"), [["x"]]);
    assert_eq!(
        messages("[abc\n[]\n.if 0\n[a b]\n.endif\n[a] x\n"),
        [
            "parsing [t.cfg:1] : empty scope name is forbidden.",
            "parsing [t.cfg:2] : empty scope name is forbidden.",
            "parsing [t.cfg:4] : character ' ' is not permitted in a scope name.",
            "parsing [t.cfg:6] : character 'x' is not permitted after scope declaration.",
        ]
    );
}

#[test]
fn an_excerpt_ends_at_the_brace_of_a_default_value() {
    assert_eq!(
        messages("kw \"${A-b} $1\n"),
        [
            "parsing [t.cfg:1]: forbidden first char in environment variable name at position 13:\n  kw \"${A-b\n              ^"
        ]
    );
}

#[test]
fn an_unknown_directive_ends_only_its_own_file() {
    let walk = walk(".foo\n.notice x\n", &host(&[]));
    assert_eq!((walk.diagnostics.len(), walk.aborted), (1, false));
}

#[test]
fn after_a_wrong_scope_one_more_line_is_read() {
    let walk = walk("[a*]\n[b*]\nx\ny\n", &host(&[]));
    assert_eq!(
        (walk.diagnostics.len(), walk.lines.len(), walk.aborted),
        (2, 1, true)
    );
}

#[test]
fn a_lone_directive_on_an_unterminated_line_is_reported_with_it() {
    assert_eq!(
        messages(".endif"),
        [
            "parsing [t.cfg:1]: lone '.endif' with no matching '.if'.",
            "parsing [t.cfg:1]: Missing LF on last line, file might have been truncated at position 7.",
        ]
    );
    assert_eq!(messages(".alert x"), ["parsing [t.cfg:1]: 'x'."]);
}
