//! `-dM[<byte>[,]][options,...]`: memory debugging. The options steer the reference's own allocator; they are
//! checked like there, and change nothing here because memory isn't handled by hand.

use super::Ending;

const FEATURES: &[&str] = &[
    "caller",
    "cache",
    "cold-first",
    "fail",
    "global",
    "hot-first",
    "integrity",
    "merge",
    "no-cache",
    "no-caller",
    "no-fail",
    "no-global",
    "no-integrity",
    "no-merge",
    "no-poison",
    "no-tag",
    "poison",
    "tag",
];

/// What `-dMhelp` prints on stdout. The layout is the reference's, the marks say what holds for this program.
pub const MEMORY_DEBUG_HELP: &str = "\
-dM alone enables memory poisonning with byte 0x50 on allocation. A numeric
value may be appended immediately after -dM to use another value (0 supported).
Then an optional list of comma-delimited keywords may be appended to set or
clear some debugging options ('*' marks the current setting):

    set               clear            description
  -----------------+-----------------+-----------------------------------------
    fail           |* no-fail        | randomly fail allocations
    no-merge       |* merge          | disable merging of similar pools
    cold-first     |* hot-first      | pick cold objects first
    integrity      |* no-integrity   | enable cache integrity checks
  * no-global      |  global         | disable global shared cache
    no-cache       |* cache          | disable thread-local cache
    caller         |* no-caller      | save caller information in cache
    tag            |* no-tag         | add tag at end of allocated objects
    poison         |* no-poison      | poison newly allocated objects

";

/// Checks the text behind `-dM`: an optional number, then words.
pub(super) fn validate(options: &str) -> Result<(), Ending> {
    for (position, word) in options.split(',').enumerate() {
        match word {
            "" => {}
            "help" => return Err(Ending::MemoryDebugHelp),
            _ if FEATURES.contains(&word) => {}
            _ if position == 0 && is_number(word) => {}
            _ => {
                return Err(Ending::Refused {
                    alert: format!("-dM: unknown pool debugging feature <{word}>"),
                });
            }
        }
    }
    Ok(())
}

/// A C number: decimal, octal or hexadecimal, with a sign.
fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        Some(hex) => !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()),
        None if digits.starts_with('0') => digits.bytes().all(|b| (b'0'..=b'7').contains(&b)),
        None => !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()),
    }
}
