//! Any bytes as an HAProxy configuration file: nothing panics, the tree prints as the file was, and every
//! word survives the second level of the language.
#![no_main]

use libfuzzer_sys::fuzz_target;
use locum_parser::SourceFile;
use locum_parser::haproxy::units::{TimeUnit, size, time};
use locum_parser::haproxy::{Condition, Expander, Expr, Header, Host, LogFormat, Syntax, evaluate_argument};

struct FuzzHost;

impl Host for FuzzHost {
    fn env(&self, name: &str) -> Option<Vec<u8>> {
        match name {
            "A" => Some(b"a b\t\"c\"".to_vec()),
            "E" => Some(Vec::new()),
            _ => None,
        }
    }

    fn feature(&self, name: &str) -> bool {
        name == "OPENSSL"
    }

    fn version(&self) -> String {
        "2.6.12-1+deb12u4".to_owned()
    }

    fn openssl_version(&self) -> Option<String> {
        Some("3.0.17".to_owned())
    }
}

fuzz_target!(|bytes: &[u8]| {
    let syntax = Syntax::parse(SourceFile::new("fuzz.cfg", bytes));
    assert_eq!(syntax.print(), bytes);
    let _ = syntax.tree();
    let _ = evaluate_argument(bytes, &FuzzHost);
    let mut expander = Expander::new(&syntax);
    while let Some(line) = expander.next_line(&FuzzHost) {
        for diagnostic in expander.take_diagnostics() {
            let _ = diagnostic.to_string();
        }
        let _ = Header::of(&line, true);
        for (index, word) in line.words.iter().enumerate() {
            let _ = Condition::of(&line.words[index..]);
            let _ = Expr::of_words(&line.words[index..], |name| name.starts_with('l'));
            let format = LogFormat::parse(&word.text);
            let _ = format.problem.and_then(|problem| problem.message(&word.text));
            let _ = time(&word.text, TimeUnit::Milliseconds);
            let _ = size(&word.text);
        }
    }
    for diagnostic in expander.take_diagnostics() {
        let _ = diagnostic.to_string();
    }
});
