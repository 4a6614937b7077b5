//! The same expressions and the same bytes in ours and in the reference: every converter must give equal results.
//!
//! Live only where the reference is installed, else told as NOT RUN (with `CI=true` a failure). `CONVERTERS_SEED` repeats a
//! run, `CONVERTERS_ONLY=json_query` tries one word.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the test runner's main"
)]

mod inputs;
mod proxy;
mod random;
mod words;

use std::collections::BTreeMap;
use std::process::exit;

use golden_tests::{clock, subject};
use proxy::{GROUP, Proxy};
use random::Random;
use words::{ELSEWHERE, WORDS, Way, Word};

/// Expressions of each word.
const EXPRESSIONS: usize = 16;
/// Inputs of each expression.
const ROUNDS: usize = 20;
/// Failures that are shown.
const SHOWN: usize = 12;

/// An expression and the word that it tries.
pub(crate) struct Expression {
    /// Converter and arguments.
    pub(crate) text: String,
    /// Its input gets there in this way.
    pub(crate) way: Way,
    word: &'static Word,
}

struct Failure {
    at: usize,
    variables: [Vec<u8>; 3],
    input: Vec<u8>,
    theirs: String,
    ours: String,
}

fn main() {
    let Some(reference) = subject::reference() else {
        println!("converters: NOT RUN: the reference is not installed");
        println!("test result: ok. 0 passed; 0 failed; 1 ignored");
        exit(i32::from(
            std::env::var_os("CI").is_some_and(|ci| ci == "true"),
        ));
    };
    match subject::ours().and_then(|ours| compare(&ours.path, &reference.path)) {
        Ok(0) => println!("test result: ok. 1 passed; 0 failed"),
        Ok(_) => {
            println!("test result: FAILED. 0 passed; 1 failed");
            exit(101);
        }
        Err(problem) => {
            println!("converters: {problem}");
            println!("test result: FAILED. 0 passed; 1 failed");
            exit(101);
        }
    }
}

/// How many results differed.
fn compare(ours: &std::path::Path, reference: &std::path::Path) -> Result<usize, String> {
    let missing = missing_words(reference)?;
    if !missing.is_empty() {
        return Err(format!("no inputs for {}", missing.join(", ")));
    }
    let seed = seed();
    println!("converters: seed {seed} (CONVERTERS_SEED={seed} repeats this run)");
    let mut random = Random(seed);
    let expressions = expressions(&mut random);
    let mut theirs = Proxy::start(reference, &expressions)?;
    let mut own = Proxy::start(ours, &expressions)?;
    let mut failures = Vec::new();
    let mut values = 0usize;
    for group in 0..expressions.len().div_ceil(GROUP) {
        let first = group * GROUP;
        let members = &expressions[first..expressions.len().min(first + GROUP)];
        for _ in 0..ROUNDS {
            let variables = variables(&mut random);
            let inputs: Vec<Vec<u8>> = members
                .iter()
                .map(|member| input(member, &mut random))
                .collect();
            let expected = theirs.ask(group, &variables, members, &inputs)?;
            let found = own.ask(group, &variables, members, &inputs)?;
            for (at, (theirs, ours)) in expected.into_iter().zip(found).enumerate() {
                values += usize::from(!theirs.is_empty());
                if theirs != ours {
                    let input = inputs[at].clone();
                    failures.push(Failure {
                        at: first + at,
                        variables: variables.clone(),
                        input,
                        theirs,
                        ours,
                    });
                }
            }
        }
    }
    println!(
        "converters: {} inputs of {} expressions over {} converters, {values} with a value; {} differ",
        expressions.len() * ROUNDS,
        expressions.len(),
        WORDS.len(),
        failures.len()
    );
    let count = failures.len();
    tell(failures, &expressions, &mut theirs, &mut own)?;
    Ok(count)
}

/// Words of the reference that have no inputs here.
fn missing_words(reference: &std::path::Path) -> Result<Vec<String>, String> {
    let output = std::process::Command::new(reference)
        .args(["-dKcnv", "-q", "-c", "-f", "/dev/null"])
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let names = text.lines().filter_map(|line| {
        let name = line.split(['(', ':']).next()?;
        (!line.starts_with('#')).then(|| name.trim().to_owned())
    });
    let names: Vec<String> = names.collect();
    if names.len() < 100 {
        return Err(format!(
            "the reference lists {} converters only",
            names.len()
        ));
    }
    let is_known = |name: &String| {
        WORDS.iter().any(|word| word.name == name)
            || ELSEWHERE.iter().any(|(start, _)| name.starts_with(start))
    };
    Ok(names.into_iter().filter(|name| !is_known(name)).collect())
}

fn seed() -> u64 {
    let given = std::env::var("CONVERTERS_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    // Without one, a seed that no run had before.
    given.unwrap_or_else(|| clock::wall().as_nanos() as u64 % 1_000_000_007)
}

fn expressions(random: &mut Random) -> Vec<Expression> {
    let only = std::env::var("CONVERTERS_ONLY").ok();
    let words = WORDS
        .iter()
        .filter(|word| only.as_ref().is_none_or(|only| only == word.name));
    let one = |word: &'static Word, random: &mut Random| Expression {
        text: format!("{}{}", word.name, (word.arguments)(random)),
        way: word.way,
        word,
    };
    words
        .flat_map(|word| {
            (0..EXPRESSIONS)
                .map(|_| one(word, random))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn input(expression: &Expression, random: &mut Random) -> Vec<u8> {
    (expression.word.input)(random)
}

/// A number, a text and bytes.
fn variables(random: &mut Random) -> [Vec<u8>; 3] {
    [
        random.integer().into_bytes(),
        random.bytes(4, b"ab7"),
        random.bytes(4, b"a7\0\xff"),
    ]
}

/// Shows the smallest failures, each with its input made as small as it still fails.
fn tell(
    mut failures: Vec<Failure>,
    expressions: &[Expression],
    theirs: &mut Proxy,
    ours: &mut Proxy,
) -> Result<(), String> {
    failures.sort_by_key(|failure| expressions[failure.at].text.len() + failure.input.len());
    let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
    for failure in &mut failures {
        let expression = &expressions[failure.at];
        let of_word = shown.entry(expression.word.name).or_default();
        *of_word += 1;
        if *of_word > 2 || shown.len() > SHOWN {
            continue;
        }
        shrink(failure, expressions, theirs, ours)?;
        println!(
            "  {} of \"{}\" (variables \"{}\" \"{}\" \"{}\"): the reference \"{}\", ours \"{}\"",
            expression.text,
            failure.input.escape_ascii(),
            failure.variables[0].escape_ascii(),
            failure.variables[1].escape_ascii(),
            failure.variables[2].escape_ascii(),
            failure.theirs,
            failure.ours,
        );
    }
    if !shown.is_empty() {
        println!("  by word: {shown:?}");
    }
    Ok(())
}

fn shrink(
    failure: &mut Failure,
    expressions: &[Expression],
    theirs: &mut Proxy,
    ours: &mut Proxy,
) -> Result<(), String> {
    let (group, place) = (failure.at / GROUP, failure.at % GROUP);
    let first = group * GROUP;
    let members = &expressions[first..expressions.len().min(first + GROUP)];
    let mut at = 0;
    while at < failure.input.len() && failure.input.len() < 400 {
        let mut smaller = failure.input.clone();
        smaller.remove(at);
        let mut inputs = vec![Vec::new(); members.len()];
        inputs[place].clone_from(&smaller);
        let expected = theirs
            .ask(group, &failure.variables, members, &inputs)?
            .swap_remove(place);
        let found = ours
            .ask(group, &failure.variables, members, &inputs)?
            .swap_remove(place);
        if expected == found {
            at += 1;
        } else {
            (failure.input, failure.theirs, failure.ours) = (smaller, expected, found);
        }
    }
    Ok(())
}
