//! One test per scenario and per recorded sample; `GOLDEN=both|theirs|record` chooses what they run (README.md).
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the test runner's main"
)]

use golden_tests::compare::{self, Captures, Difference, Known};
use golden_tests::holder::{self, Outcome};
use golden_tests::scenario::{Case, Script, walk};
use golden_tests::subject::{self, Subject};
use golden_tests::{record, samples};
use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::exit;
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};

/// How often a scenario of several hosts that failed beside others is played again by itself. Its adverts come every
/// 100 ms, a backup takes over after 300: on a machine where sixteen scenarios share two processors that can be the
/// machine's doing. What needed it is told at the end, with what had been wrong.
const REPETITIONS: usize = 2;

/// How a failure begins that isn't ours. It may be repeated as well.
const NOT_REPEATED_BY_THE_REFERENCE: &str = "the reference does not do what was recorded";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Ours against what was recorded.
    Replay,
    /// Ours and the reference, live, against each other and against what was recorded.
    Both,
    /// The reference against what was recorded.
    Theirs,
    /// The reference writes what is expected.
    Record,
}

/// What every test shares.
struct Bench {
    mode: Mode,
    ours: Option<Subject>,
    /// HAProxy's.
    reference: Option<Subject>,
    keepalived: Option<Subject>,
    known: Known,
    /// How many more scenarios that keep a processor busy may start.
    busy: (Mutex<usize>, Condvar),
    /// Ours isn't asked to play these yet: reason -> how many.
    pending: Mutex<BTreeMap<String, usize>>,
    /// `GOLDEN_PENDING`: ours plays them all the same.
    play_pending: bool,
    /// Failures as one line each, for a list of what is left.
    brief: bool,
    /// Reason -> tests that did not run.
    not_run: Mutex<BTreeMap<String, Vec<String>>>,
    /// Read by every test while it plays, written by one that is repeated alone.
    alone: RwLock<()>,
    /// Test -> what was wrong before it passed by itself.
    repeated: Mutex<BTreeMap<String, String>>,
}

fn main() {
    if let Some(code) = holder::run_part() {
        exit(code);
    }
    let mut arguments = Arguments::from_args();
    // Scenarios mostly wait for each other's packets, those of Keepalived for seconds.
    arguments.test_threads.get_or_insert(processors() * 8);
    let (bench, trials) = match prepare(arguments.list) {
        Ok(ready) => ready,
        Err(problem) => {
            eprintln!("golden: {problem}");
            exit(101);
        }
    };
    let conclusion = libtest_mimic::run(&arguments, trials);
    if arguments.list {
        return;
    }
    let complete = report(&bench);
    if conclusion.has_failed() {
        exit(101);
    }
    let in_ci = std::env::var("CI").is_ok_and(|v| v == "true");
    if in_ci && !complete {
        eprintln!("golden: CI accepts no test that did not run");
        exit(101);
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(2, |n| n.get())
}

fn prepare(list_only: bool) -> Result<(Arc<Bench>, Vec<Trial>), String> {
    let mode = match std::env::var("GOLDEN").as_deref() {
        Err(_) | Ok("ours") => Mode::Replay,
        Ok("both") => Mode::Both,
        Ok("theirs") => Mode::Theirs,
        Ok("record") => Mode::Record,
        Ok(other) => return Err(format!("GOLDEN={other}: ours, both, theirs or record")),
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let wants_ours = matches!(mode, Mode::Replay | Mode::Both) && !list_only;
    let ours = wants_ours.then(subject::ours).transpose()?;
    let wants_theirs = mode != Mode::Replay && !list_only;
    let reference = wants_theirs.then(subject::reference).flatten();
    let keepalived = wants_theirs.then(subject::keepalived_reference).flatten();
    for subject in ours.iter().chain(&reference).chain(&keepalived) {
        println!(
            "golden: {} is {}",
            subject.label,
            subject::path_and_age(subject)
        );
    }
    let known = Known::read(&root.join("known-differences.toml"))?;
    let bench = Arc::new(Bench {
        mode,
        ours,
        reference,
        keepalived,
        known,
        busy: (Mutex::new(processors() * 3), Condvar::new()),
        pending: Mutex::default(),
        play_pending: std::env::var_os("GOLDEN_PENDING").is_some(),
        brief: std::env::var_os("GOLDEN_BRIEF").is_some(),
        not_run: Mutex::new(BTreeMap::new()),
        alone: RwLock::new(()),
        repeated: Mutex::default(),
    });
    let mut cases = Vec::new();
    for case in walk(&root.join("scenarios"))? {
        let expected = match &case.folder {
            Some(folder) => record::read(&folder.join("expected"))?,
            None => Captures::new(),
        };
        cases.push((case, expected));
    }
    let file = root.join("samples/haproxy-check-samples.txt");
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    for sample in samples::parse(&text)? {
        cases.push((sample.case, sample.expected));
    }
    // Those that wait longest begin first; libtest-mimic keeps the order.
    cases.sort_by_key(|(case, _)| !matches!(case.script, Script::Cluster(_)));
    let names: BTreeSet<String> = cases.iter().map(|(case, _)| case.name.clone()).collect();
    if let Some(stranger) = bench.known.strangers(&names).first() {
        return Err(format!("known-differences.toml: no test '{stranger}'"));
    }
    let trials = cases
        .into_iter()
        .map(|(case, expected)| {
            let bench = Arc::clone(&bench);
            Trial::test(case.name.clone(), move || {
                bench
                    .test_until_alone(&case, &expected)
                    .map_err(|text| bench.failed(&text))
            })
        })
        .collect();
    Ok((bench, trials))
}

impl Bench {
    /// Beside other tests first; a scenario of several hosts that fails is repeated while nothing else runs, and so is
    /// what the reference failed.
    fn test_until_alone(&self, case: &Case, expected: &Captures) -> Result<(), String> {
        let first = {
            let _beside_others = self.alone.read().unwrap_or_else(PoisonError::into_inner);
            self.test(case, expected)
        };
        let Err(mut problem) = first else {
            return Ok(());
        };
        let may_be_repeated = matches!(case.script, Script::Cluster(_))
            || problem.starts_with(NOT_REPEATED_BY_THE_REFERENCE);
        if !may_be_repeated || self.mode == Mode::Record {
            return Err(problem);
        }
        for _ in 0..REPETITIONS {
            let _alone = self.alone.write().unwrap_or_else(PoisonError::into_inner);
            match self.test(case, expected) {
                Ok(()) => {
                    let mut all = self.repeated.lock().unwrap_or_else(PoisonError::into_inner);
                    all.insert(case.name.clone(), problem);
                    return Ok(());
                }
                Err(again) => problem = again,
            }
        }
        Err(problem)
    }

    fn test(&self, case: &Case, expected: &Captures) -> Result<(), String> {
        let is_root = nix::unistd::geteuid().is_root();
        if case.script.needs().iter().any(|n| n == "root") && !is_root {
            return self.did_not_run(case, "needs root");
        }
        let reference = match case.script {
            Script::Proxy(_) => &self.reference,
            Script::Cluster(_) => &self.keepalived,
        };
        let theirs = match (self.mode, reference) {
            (Mode::Replay, _) => None,
            (_, None) => return self.did_not_run(case, "needs the reference"),
            (Mode::Record, Some(reference)) => return self.record(case, reference, expected),
            (_, Some(reference)) => match self
                .captures(case, reference, None, expected)
                .map_err(|text| format!("{NOT_REPEATED_BY_THE_REFERENCE}\n{text}"))?
            {
                Some(captures) => Some(captures),
                None => return Ok(()),
            },
        };
        if let Some(theirs) = &theirs {
            compare::judge(expected, theirs, None)
                .map_err(|diff| format!("{NOT_REPEATED_BY_THE_REFERENCE}\n{diff}"))?;
        }
        let Some(ours) = &self.ours else {
            return Ok(());
        };
        if let Some(pending) = self.known.pending(&case.name)
            && !self.play_pending
        {
            let mut all = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
            *all.entry(pending.reason.clone()).or_default() += 1;
            return Ok(());
        }
        let Some(captures) = self.captures(case, ours, None, expected)? else {
            return Ok(());
        };
        // Live against live says the same as live against recorded, unless the recording is incomplete.
        let against = theirs.as_ref().unwrap_or(expected);
        compare::judge(against, &captures, self.known(case))
            .map_err(|diff| format!("ours differs\n{diff}"))?;
        match reference {
            Some(theirs) if self.mode == Mode::Both && case.script.is_conversation() => {
                self.mixed(case, ours, theirs, expected)
            }
            _ => Ok(()),
        }
    }

    /// Ours on the first host among the reference's, then the other way round.
    fn mixed(
        &self,
        case: &Case,
        ours: &Subject,
        theirs: &Subject,
        expected: &Captures,
    ) -> Result<(), String> {
        for (first, others) in [(ours, theirs), (theirs, ours)] {
            let played = self.captures(case, first, Some(others), expected)?;
            compare::judge_mixed(expected, &played.unwrap_or_default(), self.known(case)).map_err(
                |diff| format!("{} on a, {} elsewhere\n{diff}", first.label, others.label),
            )?;
        }
        Ok(())
    }

    fn known(&self, case: &Case) -> Option<&Difference> {
        self.known.of(&case.name)
    }

    fn record(&self, case: &Case, reference: &Subject, before: &Captures) -> Result<(), String> {
        let Some(folder) = &case.folder else {
            // The samples are recorded already; here they check the comparer.
            let captures = self
                .captures(case, reference, None, before)?
                .unwrap_or_default();
            return compare::judge(before, &captures, None);
        };
        let Some(captures) = self.captures(case, reference, None, &Captures::new())? else {
            return Ok(());
        };
        record::write(&folder.join("expected"), &reference.label, &captures)
    }

    /// Plays the case; None when this machine can't.
    fn captures(
        &self,
        case: &Case,
        subject: &Subject,
        others: Option<&Subject>,
        expected: &Captures,
    ) -> Result<Option<Captures>, String> {
        let lines = expected
            .iter()
            .filter(|(name, _)| case.script.is_log(name))
            .map(|(_, text)| text.lines().count())
            .sum();
        let log_lines = (!expected.is_empty()).then_some(lines);
        let Outcome {
            captures,
            problems,
            impossible,
        } = self.when_free(case, || {
            let others = others.map(|s| s.path.as_path());
            holder::play_apart(case, &subject.path, others, log_lines)
        });
        if let Some(reason) = impossible {
            self.did_not_run(case, &reason)?;
            return Ok(None);
        }
        if problems.is_empty() || (self.mode != Mode::Record && self.known(case).is_some()) {
            return Ok(Some(captures));
        }
        let mut text = format!("{}: {}\n", subject.label, problems.join("\n"));
        let shown = if expected.is_empty() {
            captures
                .iter()
                .map(|(name, text)| format!("--- {name}\n{text}"))
                .collect::<String>()
        } else {
            compare::judge(expected, &captures, None)
                .err()
                .unwrap_or_default()
        };
        text.push_str(&shown);
        Err(text)
    }

    /// Plays now, or when fewer scenarios are busy; those of Keepalived mostly wait, and so need not.
    fn when_free<T>(&self, case: &Case, play: impl FnOnce() -> T) -> T {
        if matches!(case.script, Script::Cluster(_)) {
            return play();
        }
        let (free, changed) = &self.busy;
        let guard = free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut guard = changed
            .wait_while(guard, |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        *guard -= 1;
        drop(guard);
        let result = play();
        *free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        changed.notify_one();
        result
    }

    fn did_not_run(&self, case: &Case, reason: &str) -> Result<(), String> {
        let mut not_run = self.not_run.lock().unwrap_or_else(PoisonError::into_inner);
        let names = not_run.entry(reason.to_owned()).or_default();
        names.push(case.name.clone());
        Ok(())
    }

    fn failed(&self, text: &str) -> Failed {
        if !self.brief {
            return text.into();
        }
        let first = text.lines().next().unwrap_or_default();
        let changed = |l: &&str| {
            (l.starts_with('-') || l.starts_with('+'))
                && !l.starts_with("---")
                && !l.starts_with("+++")
        };
        let changes: Vec<&str> = text.lines().filter(changed).take(2).collect();
        format!("{first}: {}", changes.join(" | ")).into()
    }
}

/// The last line: what did not run, and why. True if everything ran.
fn report(bench: &Bench) -> bool {
    let pending = bench.pending.lock().unwrap_or_else(PoisonError::into_inner);
    for (reason, count) in pending.iter() {
        println!("golden: OURS DID NOT PLAY {count} SCENARIOS THAT ARE RECORDED: {reason}");
    }
    let repeated = bench
        .repeated
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    for (name, problem) in repeated.iter() {
        println!("golden: {name} PASSED ONLY WHEN IT WAS REPEATED ALONE; before that: {problem}");
    }
    let not_run = bench.not_run.lock().unwrap_or_else(PoisonError::into_inner);
    if not_run.is_empty() {
        println!("golden: everything that was asked for ran");
        return true;
    }
    for (reason, names) in not_run.iter() {
        println!("golden: {reason}: {}", names.join(", "));
    }
    let count: usize = not_run.values().map(Vec::len).sum();
    println!("golden: {count} TESTS DID NOT RUN (reasons above)");
    false
}
