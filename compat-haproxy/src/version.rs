//! What `haproxy -v` and `haproxy -vv` print, and the usage text: the reference's layout, this program's facts.
//!
//! Tools read the first line (`HAProxy version 2.6.12`) and look for `+WORD` in the list of features, so both keep
//! their form. A feature is `true` here only when its words are executed.

use std::fmt::Write;

/// The version that the face answers as; `version_atleast()` compares with it.
pub const COMPATIBLE: &str = "2.6.12";

/// The version as messages and `-v` show it.
pub const VERSION: &str = concat!("2.6.12-locum", env!("CARGO_PKG_VERSION"));

/// The day of the release, in the form of the reference.
pub const DATE: &str = "2026/11/22";

/// The features of a build, sorted by name, and whether this program has them (`feature(OPENSSL)` asks here).
pub const FEATURES: &[(&str, bool)] = &[
    ("51DEGREES", false),
    ("ACCEPT4", true),
    ("BACKTRACE", false),
    ("CLOSEFROM", false),
    ("CPU_AFFINITY", false),
    ("CRYPT_H", true),
    ("DEVICEATLAS", false),
    ("DL", false),
    ("ENGINE", false),
    ("EPOLL", true),
    ("EVPORTS", false),
    ("GETADDRINFO", true),
    ("KQUEUE", false),
    ("LIBCRYPT", true),
    ("LINUX_SPLICE", false),
    ("LINUX_TPROXY", true),
    ("LUA", false),
    ("MEMORY_PROFILING", false),
    ("NETFILTER", true),
    ("NS", false),
    ("OBSOLETE_LINKER", false),
    ("OPENSSL", false),
    ("OT", false),
    ("PCRE", false),
    ("PCRE2", true),
    ("PCRE2_JIT", true),
    ("PCRE_JIT", false),
    ("POLL", false),
    ("PRCTL", true),
    ("PROCCTL", false),
    ("PROMEX", false),
    ("QUIC", false),
    ("RT", true),
    ("SLZ", false),
    ("STATIC_PCRE", false),
    ("STATIC_PCRE2", false),
    ("SYSTEMD", true),
    ("TFO", true),
    ("THREAD", true),
    ("THREAD_DUMP", false),
    ("TPROXY", true),
    ("WURFL", false),
    ("ZLIB", false),
];

/// Whether this program has the feature of that name.
pub fn has_feature(name: &str) -> bool {
    FEATURES
        .binary_search_by_key(&name, |&(feature, _)| feature)
        .is_ok_and(|at| FEATURES[at].1)
}

/// The machine, as `uname` tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct System {
    /// `Linux`.
    pub name: String,
    /// The kernel's release.
    pub release: String,
    /// The kernel's build.
    pub build: String,
    /// The processor's architecture.
    pub machine: String,
    /// Threads used when the configuration doesn't say.
    pub default_threads: usize,
}

/// The text of `-v`; the usage text follows it too.
pub fn short(system: &System) -> String {
    let System {
        name,
        release,
        build,
        machine,
        ..
    } = system;
    format!(
        "HAProxy version {VERSION} {DATE} - https://haproxy.org/\n\
         Status: Locum, standing in for the long-term supported branch {COMPATIBLE}.\n\
         Known bugs: see docs/differences in Locum's sources\n\
         Running on: {name} {release} {build} {machine}\n"
    )
}

/// The text of `-vv`.
pub fn detailed(system: &System) -> String {
    let mut out = short(system);
    let options: Vec<String> = FEATURES
        .iter()
        .filter(|(name, on)| *on && ["PCRE2", "PCRE2_JIT", "SYSTEMD"].contains(name))
        .map(|(name, _)| format!("USE_{name}=1"))
        .collect();
    let features: Vec<String> = FEATURES
        .iter()
        .map(|(name, on)| format!("{}{name}", if *on { '+' } else { '-' }))
        .collect();
    // Writing to a String can't fail.
    let _ = write!(
        out,
        "Build options :\n  TARGET  = linux-{target}\n  CPU     = generic\n  CC      = rustc\n  CFLAGS  = \n  \
         OPTIONS = {options}\n  DEBUG   = \n\n\
         Feature list : {features}\n\n\
         Default settings :\n  bufsize = 16384, maxrewrite = 1024, maxpollevents = 200\n\n\
         Built with multi-threading support (MAX_THREADS=64, default={threads}).\n\
         Built with transparent proxy support using: IP_TRANSPARENT IPV6_TRANSPARENT IP_FREEBIND\n\
         Encrypted password support via crypt(3): yes\n\n\
         Available polling systems :\n      epoll : pref=300,  test result OK\n\
         Total: 1 (1 usable), will use epoll.\n\n\
         Available multiplexer protocols :\n\
         (protocols marked as <default> cannot be specified using 'proto' keyword)\n  \
         <default> : mode=HTTP  side=FE|BE  mux=H1    flags=HTX\n         \
         h1 : mode=HTTP  side=FE|BE  mux=H1    flags=HTX|NO_UPG\n  \
         <default> : mode=TCP   side=FE|BE  mux=PASS  flags=\n       \
         none : mode=TCP   side=FE|BE  mux=PASS  flags=NO_UPG\n\n\
         Available services : none\n\
         Available filters :\n\t[TRACE] trace\n\n",
        target = if cfg!(target_env = "musl") {
            "musl"
        } else {
            "glibc"
        },
        options = options.join(" "),
        features = features.join(" "),
        threads = system.default_threads,
    );
    out
}

/// The usage text, for stderr; `program` is `argv[0]` as it was typed.
pub fn usage(program: &str, proxy_maxconn: u64) -> String {
    format!(
        "\
Usage : {program} [-f <cfgfile|cfgdir>]* [ -vdVD ] [ -n <maxconn> ] [ -N <maxpconn> ]
        [ -p <pidfile> ] [ -m <max megs> ] [ -C <dir> ] [-- <cfgfile>*]
        -v displays version ; -vv shows known build options.
        -d enters debug mode ; -db only disables background mode.
        -dM[<byte>,help,...] debug memory (default: poison with <byte>/0x50)
        -V enters verbose mode (disables quiet mode)
        -D goes daemon ; -C changes to <dir> before loading files.
        -W master-worker mode.
        -Ws master-worker mode with systemd notify support.
        -q quiet mode : don't display messages
        -c check mode : only check config files and exit
        -cc check condition : evaluate a condition and exit
        -n sets the maximum total # of connections (uses ulimit -n)
        -m limits the usable amount of memory (in MB)
        -N sets the default, per-proxy maximum # of connections ({proxy_maxconn})
        -L set local peer name (default to hostname)
        -p writes pids of all children to this file
        -de disables epoll() usage even when available
        -dp disables poll() usage even when available
        -dS disables splice usage (broken on old kernels)
        -dG disables getaddrinfo() usage
        -dR disables SO_REUSEPORT usage
        -dL dumps loaded object files after config checks
        -dK{{class[,...]}} dump registered keywords (use 'help' for list)
        -dr ignores server address resolution failures
        -dV disables SSL verify on servers side
        -dW fails if any warning is emitted
        -dD diagnostic mode : warn about suspicious configuration statements
        -sf/-st [pid ]* finishes/terminates old pids.
        -x <unix_socket> get listening sockets from a unix socket
        -S <bind>[,<bind options>...] new master CLI

"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_sorted_so_that_the_search_finds_each() {
        assert!(FEATURES.is_sorted());
        assert!(has_feature("EPOLL") && !has_feature("LUA") && !has_feature("epoll"));
    }

    #[test]
    fn tools_find_the_version_in_the_first_line() {
        let text = short(&System::default());
        assert!(text.starts_with("HAProxy version 2.6.12-locum"));
        assert_eq!(text.lines().count(), 4);
    }

    #[test]
    fn the_detailed_text_has_the_references_sections_in_order() {
        let text = detailed(&System::default());
        let heads = [
            "Build options :\n  TARGET  = linux-",
            "\n\nFeature list : -51DEGREES +ACCEPT4 ",
            "\n\nDefault settings :\n  bufsize = 16384",
            "\n\nBuilt with multi-threading support (MAX_THREADS=64",
            "\n\nAvailable polling systems :\n      epoll : pref=300,  test result OK\nTotal: ",
            "\n\nAvailable multiplexer protocols :\n",
            "\n\nAvailable services : ",
            "\nAvailable filters :\n\t[TRACE] trace\n\n",
        ];
        let mut from = 0;
        for head in heads {
            let at = text[from..].find(head);
            assert!(at.is_some(), "{head:?} missing behind byte {from}");
            from += at.unwrap_or(0) + 1;
        }
    }

    #[test]
    fn usage_has_the_references_thirty_two_lines() {
        let text = usage("haproxy", 0);
        assert_eq!(text.lines().count(), 32);
        assert!(text.contains("\n        -dK{class[,...]} dump"));
    }
}
