//! Any bytes: nothing panics, and the tree prints as the file was.

use crate::support::{host, walk};
use locum_parser::SourceFile;
use locum_parser::haproxy::syntax::{Node, PieceKind};
use locum_parser::haproxy::{Syntax, evaluate, evaluate_argument};
use proptest::prelude::*;

/// Mostly the bytes that mean something.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let fragments = prop::sample::select(vec![
        "\"", "'", "\\", "\\x4", "$", "${", "}", "[*]", "-", "#", " ", "\t", "\r", "\n", "\r\n",
        "\0", "A", "${A", "x", ".if", ".elif", ".else", ".endif", ".notice", "(", ")", "&&", "||",
        "!", "1", "0", "defined(", "streq(a,", ",",
    ]);
    let fragment = prop_oneof![
        6 => fragments.prop_map(|text| text.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(fragment, 0..60).prop_map(|parts| parts.concat())
}

fn lines_of(nodes: &[Node]) -> Vec<usize> {
    let mut numbers = Vec::new();
    for node in nodes {
        match node {
            Node::Line(number) => numbers.push(*number),
            Node::Conditional(conditional) => {
                for branch in &conditional.branches {
                    numbers.push(branch.directive);
                    numbers.extend(lines_of(&branch.body));
                }
                numbers.extend(conditional.end);
            }
        }
    }
    numbers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn printing_the_tree_gives_the_file_back(bytes in text()) {
        let syntax = Syntax::parse(SourceFile::new("t.cfg", bytes.as_slice()));
        prop_assert_eq!(syntax.print(), bytes);
    }

    #[test]
    fn the_tree_holds_every_line_once_and_in_order(bytes in text()) {
        let syntax = Syntax::parse(SourceFile::new("t.cfg", bytes.as_slice()));
        let expected: Vec<usize> = (1..=syntax.file().line_count()).collect();
        prop_assert_eq!(lines_of(&syntax.tree()), expected);
    }

    #[test]
    fn words_begin_where_pieces_say_so(bytes in text()) {
        let syntax = Syntax::parse(SourceFile::new("t.cfg", bytes.as_slice()));
        for line in walk(&bytes, &host(&[("A", "aa")])).lines {
            let Some(written) = syntax.line(line.number) else { continue };
            if written.bytes.contains(&0) {
                continue;
            }
            let mut columns: Vec<usize> = line.words.iter().map(|word| word.column as usize).collect();
            columns.dedup();
            let starts: Vec<usize> = written
                .pieces()
                .iter()
                .filter(|piece| piece.kind == PieceKind::Word)
                .map(|piece| piece.span.start - written.span.start + 1)
                .collect();
            prop_assert_eq!(columns, starts);
        }
    }

    #[test]
    fn any_condition_has_an_answer(bytes in text()) {
        let host = host(&[("A", "1")]);
        let _ = evaluate(&bytes, &host);
        let _ = evaluate_argument(&bytes, &host);
    }
}
