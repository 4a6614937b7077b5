//! The one place that knows what may vary from run to run: ports that the kernel chose, pids, dates, durations.
//!
//! Everything else is compared as it is: order and case of headers, termination flags, counts, queue positions.

use regex::Regex;
use std::sync::LazyLock;

/// A pattern and what stands for it.
struct Rule {
    pattern: Regex,
    shown: &'static str,
}

fn rule(pattern: &str, shown: &'static str) -> Rule {
    Rule {
        pattern: Regex::new(pattern).expect("the patterns of this file are constants"),
        shown,
    }
}

/// Applied to every capture, in this order.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    vec![
        // Where a subject lies and which patch level it is.
        rule(r"(path to executable is )\S+", "${1}PATH"),
        rule(r"\b2\.6\.12-[-+~.\w]*", "2.6.12"),
        rule(r"(HAProxy version 2\.6\.12) \d{4}/\d\d/\d\d", "${1} DATE"),
        rule(r"(?m)^(Running on: ).*$", "${1}SYSTEM"),
        // [NOTICE]   (123) : …, [WARNING] 321/145253 (123) : …
        rule(r"(?m)^(\[[A-Z]+\] *)\(\d+\)", "${1}(PID)"),
        rule(r"\b([Ww]orker \()\d+(\))", "${1}PID${2}"),
        rule(r"\b((?:[Pp]rocess|[Pp]id) #?)\d+", "${1}PID"),
        // The head of a syslog line: <134>Nov 22 14:52:53 haproxy[12]:
        rule(
            r"(?m)^(<\d+>)[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ",
            "${1}DATE ",
        ),
        rule(
            r"(?m)^(<\d+>1 )\d{4}-\d\d-\d\dT[\d:.]+(?:[-+]\d\d:\d\d|Z) ",
            "${1}DATE ",
        ),
        rule(r"(haproxy)\[\d+\]", "${1}[PID]"),
        rule(r"(?m)^(<\d+>1 DATE \S+ haproxy) \d+ ", "${1} PID "),
        rule(r"(<\d+>1 DATE) \S+ ", "${1} HOST "),
        // [22/Nov/2026:14:52:53.123], with or without milliseconds and zone
        rule(
            r"\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)?(?: [-+]\d{4})?\]",
            "[DATE]",
        ),
        // HTTP dates.
        rule(
            r"[A-Z][a-z]{2}, \d\d[ -][A-Z][a-z]{2}[ -]\d{2,4} \d\d:\d\d:\d\d GMT",
            "HTTP-DATE",
        ),
        // Dates inside persistence cookies (30 bits in base 64): s1|Z1abc|Z1abc
        rule(
            r"(?i)(cookie: [^\n|]*=[^|;\n]*\|)[a-z0-9+/]{5}",
            "${1}DATE5",
        ),
        rule(r"(\|DATE5\|)[A-Za-z0-9+/]{5}", "${1}DATE5"),
        // filter trace: the time, a stream's address and its analyser bits.
        rule(r"(?m)^\d{9,}\.\d{6} (\[)", "TIME ${1}"),
        rule(
            r"\[strm 0x[0-9a-f]+\((\d+)\) 0x[0-9a-f]+ 0x[0-9a-f]+\]",
            "[strm ID(${1})]",
        ),
        // show sess: who talks to whom stays, the internals of a stream go.
        rule(
            r"(?m)^0x[0-9a-f]+: (proto=\S+ src=\S+ fe=\S+ be=\S+ srv=\S+) .*$",
            "STREAM: ${1}",
        ),
        // show acl, show map: a pattern's number is where it lies in memory.
        rule(r"(?m)^0x[0-9a-f]{6,} ", "ENTRY "),
        // show table: where an entry lies, and until when.
        rule(r"(?m)^0x[0-9a-f]+: (key=)", "ENTRY: ${1}"),
        rule(r"(?m)^(ENTRY: .* use=\d+ exp=)[1-9]\d*", "${1}MS"),
        // show proc of a master, its prompts, and the descriptor of a worker's way to it.
        rule(
            r"(?m)^\d+ +((?:master|worker) +\d.*?) +\d+d\d\dh\d\dm\d\ds +",
            "PID ${1} AGE ",
        ),
        rule(r"(?m)(^|[<>] )\d+((?:\([xed]+\))?> )", "${1}PID${2}"),
        rule(r"\bsockpair@\d+", "sockpair@FD"),
        // -d: descriptors, where there is one.
        rule(r"(\.accept\()[0-9a-f]{4}(\)=)[0-9a-f]{4} ", "${1}FD${2}FD "),
        rule(r"(\.(?:cli|srv|clo)\w+\[)0[0-9a-f]{3}:", "${1}FD:"),
        rule(r"(\.(?:cli|srv|clo)\w+\[FD:)0[0-9a-f]{3}\]", "${1}FD]"),
        // How long a check took, and how long ago something was.
        rule(r"(check duration: )\d+ms", "${1}Tms"),
        rule(r"\b(in )\d+(ms| ?s\b)", "${1}T${2}"),
        // Ephemeral ports: the kernel takes them from 32768 up, scenarios stay below.
        rule(
            r"(\d\.\d{1,3}|\]|::[0-9a-f]{0,4}):(?:3276[89]|327[789]\d|32[89]\d\d|3[3-9]\d{3}|[4-6]\d{4})\b",
            "${1}:PORT",
        ),
        rule(
            r"(PROXY TCP[46] \S+ \S+) (?:3276[89]|327[789]\d|32[89]\d\d|3[3-9]\d{3}|[4-6]\d{4})\b",
            "${1} PORT",
        ),
    ]
});

/// ` frontend backend/server TR/Tw/Tc/Tr/Ta ` of httplog and ` Tw/Tc/Tt ` of tcplog.
static TIMERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(\[DATE\] \S+ \S+/\S+ )((?:[-+]?\d+/){2,4}[-+]?\d+) ")
        .expect("the patterns of this file are constants")
});

/// `"" "" 47018 933 "f" "b" "s1" 0 0 0 4 4 ` of httplog clf: port, milliseconds, then five timers.
static CLF_TIMERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"("[^"]*" "[^"]*") \d+ \d+ ("[^"]*" "[^"]*" "[^"]*") ((?:[-+]?\d+ ){5})"#)
        .expect("the patterns of this file are constants")
});

/// `hidden(1795418592)`: a scenario's own mark around what varies; its shape stays.
static HIDDEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"hidden\(([^()]*)\)").expect("the patterns of this file are constants")
});

/// `about(312)`: a scenario's own mark around milliseconds, of which whole 400s stay.
static ABOUT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"about\((\d+)\)").expect("the patterns of this file are constants")
});

fn shape(text: &str) -> String {
    let (digits, capitals) = (char::is_ascii_digit, |c: &char| matches!(c, 'A'..='F'));
    let kind = if text.is_empty() || text == "-" || text == "-1" {
        return text.to_owned();
    } else if text.chars().all(|c| digits(&c) || capitals(&c)) {
        "digits"
    } else {
        return "text".to_owned();
    };
    format!("{} {kind}", text.len())
}

/// Replaces what may vary.
#[must_use]
pub fn normalise(text: &str) -> String {
    let mut text = HIDDEN
        .replace_all(text, |found: &regex::Captures<'_>| {
            format!("hidden({})", shape(&found[1]))
        })
        .into_owned();
    text = ABOUT
        .replace_all(&text, |found: &regex::Captures<'_>| {
            let nearest = found[1].parse::<u64>().unwrap_or(0).saturating_add(200) / 400;
            format!("about({})", nearest * 400)
        })
        .into_owned();
    for rule in RULES.iter() {
        text = rule.pattern.replace_all(&text, rule.shown).into_owned();
    }
    text = CLF_TIMERS
        .replace_all(&text, |found: &regex::Captures<'_>| {
            let timers: Vec<String> = found[3].split_whitespace().map(timer).collect();
            format!("{} PORT MS {} {} ", &found[1], &found[2], timers.join(" "))
        })
        .into_owned();
    TIMERS
        .replace_all(&text, |found: &regex::Captures<'_>| {
            let timers: Vec<String> = found[2].split('/').map(timer).collect();
            format!("{}{} ", &found[1], timers.join("/"))
        })
        .into_owned()
}

/// What may vary in Keepalived's words.
static KEEPALIVED_RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    vec![
        // The head of a syslog line: <30>Nov 22 14:52:53 Keepalived_vrrp[12]:
        rule(
            r"(?m)^(<\d+>)[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ",
            "${1}DATE ",
        ),
        rule(r"(DATE [^\s\[]+)\[\d+\]", "${1}[PID]"),
        rule(r"(?m)(^|[^.\w])([Pp]id(?:[=:]| is)? ?)\d+", "${1}${2}PID"),
        rule(r"\b(MAINPID=)\d+", "${1}PID"),
        // Which patch level it is, and of which day.
        rule(
            r"(Keepalived v2\.2\.7)\S* \(\d\d/\d\d,\d{4}\)",
            "${1} (DATE)",
        ),
        // Of lines to the console: Sun Nov 22 21:56:41 2026: text
        rule(
            r"(?m)^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}: ",
            "DATE: ",
        ),
        rule(r"\d+( usec overdue)", "T${1}"),
        rule(r"(Expired after) \d+ ms", "${1} T ms"),
        rule(r"(delivered in) \d+ usec", "${1} T usec"),
        rule(r"\b(\w+@)if\d+\b", "${1}WIRE"),
        rule(r"\b(process(?:es)? ?\(?)\d+", "${1}PID"),
        rule(r"\bRunning on Linux .*", "Running on SYSTEM"),
        rule(r"\d+\.\d+( seconds? ago)", "T${1}"),
        rule(
            r"(CPU usage \(self/children\)) user: [\d./]+ system: [\d./]+",
            "${1} user: T system: T",
        ),
        rule(
            r"(- used)(?: \(self/children\))? [\d./]+ user time, [\d./]+ system time",
            "${1} T user time, T system time",
        ),
        // Which descriptors are free is the program's own affair.
        rule(r"\bfd_in -?\d+,? fd_out( =)? -?\d+", "fd_in FD fd_out FD"),
        rule(
            r"\b\d{9,}\.\d{6} \([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d\.\d+ \d{4}\)",
            "TIME",
        ),
        rule(r"\bfd\((-?\d+,-?\d+|-?\d+)\)", "fd(FD)"),
        // The number depends on the descriptors the harness itself was started with.
        rule(r"\bsmtp fd \d+", "smtp fd FD"),
        // Dates of mails.
        rule(
            r"[A-Z][a-z]{2}, [ \d]\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [-+]\d{4}",
            "MAIL-DATE",
        ),
    ]
});

/// Replaces what may vary in a capture of Keepalived.
#[must_use]
pub fn keepalived(text: &str) -> String {
    let mut text = text.to_owned();
    for rule in KEEPALIVED_RULES.iter() {
        text = rule.pattern.replace_all(&text, rule.shown).into_owned();
    }
    text
}

/// A duration: `-1` (did not happen) and a leading `+` (logasap) tell something, the figure doesn't.
fn timer(text: &str) -> String {
    match text.strip_prefix('+') {
        Some(_) => "+T".to_owned(),
        None if text == "-1" => text.to_owned(),
        None => "T".to_owned(),
    }
}

/// Of a CSV text (`# pxname,svname,…`) only the named columns, other lines unchanged.
#[must_use]
pub fn columns(text: &str, wanted: &[String]) -> String {
    let mut chosen: Vec<usize> = Vec::new();
    let mut out = String::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split(',').collect();
        if let Some(head) = line.strip_prefix("# ") {
            let names: Vec<&str> = head.split(',').collect();
            let at = |name: &String| names.iter().position(|n| n == name);
            chosen = wanted.iter().filter_map(at).collect();
        }
        if chosen.is_empty() || cells.len() < 2 {
            out.push_str(line);
        } else {
            let cell = |at: &usize| cells.get(*at).map_or("", |c| c.trim_start_matches("# "));
            out.push_str(&chosen.iter().map(cell).collect::<Vec<_>>().join(","));
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_lose_their_figures_but_not_their_meaning() {
        let line = "<134>Nov 22 14:52:53 haproxy[12]: 127.0.0.1:40001 [22/Nov/2026:14:52:53.123] f b/s1 0/0/-1/-1/+12 503 217 - - SC-- 1/1/0/0/+3 0/0 \"GET / HTTP/1.1\"";
        assert_eq!(
            normalise(line),
            "<134>DATE haproxy[PID]: 127.0.0.1:PORT [DATE] f b/s1 T/T/-1/-1/+T 503 217 - - SC-- 1/1/0/0/+3 0/0 \"GET / HTTP/1.1\""
        );
    }

    #[test]
    fn what_a_scenario_marks_keeps_its_shape_or_its_order_of_magnitude() {
        assert_eq!(
            normalise("hidden(6B0323E4) hidden(vm-1) hidden(-1) about(17) about(412) about(-1)"),
            "hidden(8 digits) hidden(text) hidden(-1) about(0) about(400) about(-1)"
        );
    }

    #[test]
    fn fixed_ports_stay_and_chosen_ones_go() {
        assert_eq!(
            normalise("127.0.0.1:8000 127.0.0.1:32768 [::1]:60999"),
            "127.0.0.1:8000 127.0.0.1:PORT [::1]:PORT"
        );
    }

    #[test]
    fn only_the_wanted_columns_of_a_csv_remain() {
        let wanted = ["svname".to_owned(), "status".to_owned()];
        assert_eq!(
            columns("# pxname,svname,x,status,\nb,s1,4,UP,\n\n", &wanted),
            "svname,status\ns1,UP\n\n"
        );
    }
}
