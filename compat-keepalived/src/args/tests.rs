//! Command lines whose answers were recorded from the reference.

use super::*;

fn parsed(line: &str) -> Parsed {
    let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
    parse(&words)
}

fn args(line: &str) -> Args {
    match parsed(line) {
        Parsed {
            outcome: Outcome::Run(args),
            said,
        } if said.is_empty() => *args,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn wrong_options_are_all_told_before_the_end() {
    for (line, said) in [
        ("-Z", "Unknown option -Z\n"),
        ("-nZ -k", "Unknown option -Z\nUnknown option -k\n"),
        ("--bogus -n", "Unknown option --bogus\n"),
        ("--version=3", "Unknown option --version=3\n"),
        ("--s=STOP", "Unknown option --s=STOP\n"),
        ("--core", "Unknown option --core\n"),
        ("--al", "Unknown option --al\n"),
        ("-f", "Missing parameter for option -f\n"),
        ("--use-file", "Missing parameter for option --use-file\n"),
        ("--use-file=", "Missing parameter for option --use-file\n"),
        ("--pid= -n", "Missing parameter for option --pid\n"),
    ] {
        let parsed = parsed(line);
        assert_eq!(parsed.said, said, "{line}");
        assert_eq!(parsed.outcome, Outcome::Wrong, "{line}");
    }
}

#[test]
fn version_help_and_signal_numbers_end_where_they_stand() {
    assert_eq!(parsed("-v --bogus").outcome, Outcome::Version);
    assert_eq!(parsed("-v --bogus").said, "");
    let late = parsed("--bogus -v");
    assert_eq!(late.outcome, Outcome::Version);
    assert_eq!(late.said, "Unknown option --bogus\n");
    assert_eq!(parsed("-hv").outcome, Outcome::Help);
    assert_eq!(parsed("-v extra").outcome, Outcome::Version);
    for (name, number) in [
        ("STOP", 15),
        ("RELOAD", 1),
        ("DATA", 10),
        ("STATS", 12),
        ("STATS_CLEAR", 63),
        ("JSON", 36),
    ] {
        let outcome = parsed(&format!("--sig={name} -f")).outcome;
        assert_eq!(outcome, Outcome::Signal(number), "{name}");
    }
    let unknown = parsed("--signum=TDATA -Z");
    assert_eq!(unknown.said, "Unknown sigfunc TDATA\n");
    assert_eq!(unknown.outcome, Outcome::Wrong);
}

#[test]
fn a_facility_is_a_digit_or_a_name() {
    for (word, number) in [
        ("-S0", 16),
        ("-S 7", 23),
        ("-Slocal3", 19),
        ("--log-facility user", 1),
        ("-Sdaemon", 3),
    ] {
        assert_eq!(args(word).log_facility, number, "{word}");
    }
    for word in ["9", "foo", "3x", "-1", "localx", "local8", "DAEMON"] {
        let parsed = parsed(&format!("-S {word}"));
        assert_eq!(parsed.said, format!("Invalid log facility '{word}'\n"));
        assert!(matches!(parsed.outcome, Outcome::Run(args) if args.log_facility == 3));
    }
}

#[test]
fn a_umask_is_octal_hexadecimal_or_decimal() {
    for (word, mask) in [("022", 0o022), ("0x1ff", 0o777), ("18", 0o022), ("0", 0)] {
        assert_eq!(args(&format!("-u {word}")).umask, Some(mask), "{word}");
    }
    for word in ["foo", "999", "01000", "0x200", "-1"] {
        let parsed = parsed(&format!("-u {word}"));
        assert!(parsed.said.starts_with("Invalid --umask option"), "{word}");
        assert!(matches!(parsed.outcome, Outcome::Run(args) if args.umask.is_none()));
    }
}

#[test]
fn the_configuration_test_takes_a_file_only_when_it_is_attached() {
    assert_eq!(args("-t").config_test, Some(None));
    assert_eq!(args("-tbad.log").config_test, Some(Some("bad.log".into())));
    assert_eq!(args("--config-test=").config_test, Some(None));
    let line = args("-t bad.conf -n");
    assert_eq!(line.config_test, Some(None));
    assert!(line.dont_fork);
    let complaint = line.complaint().unwrap_or_default();
    assert_eq!(complaint, "Unexpected argument(s): bad.conf \n");
    assert_eq!(
        args("--checkers /x -t").pid_files.checkers,
        Some("/x".into())
    );
    let eaten = args("--checkers -f v.conf -t");
    assert_eq!(eaten.pid_files.checkers, Some("-f".into()));
    assert_eq!(eaten.file, PathBuf::from(DEFAULT_FILE));
}

#[test]
fn options_combine_and_the_last_file_counts() {
    let line =
        args("-nldDR -f a --use=b -M -P --all -i id -s ns -A unix:/x --allow-unexecuted=word");
    assert!(line.dont_fork && line.log_console && line.dump_conf && line.log_detail);
    assert!(line.dont_respawn && line.core_dump && line.selection.vrrp && line.selection.all);
    assert_eq!(line.file, PathBuf::from("b"));
    assert_eq!(line.core_dump_pattern, Some("core".into()));
    assert_eq!(line.config_id.as_deref(), Some("id"));
    assert_eq!(line.namespace.as_deref(), Some("ns"));
    assert_eq!(line.allowed, ["word"]);
    assert_eq!(args("-Mfoo").core_dump_pattern, Some("foo".into()));
}
