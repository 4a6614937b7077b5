//! A line of commands: chained by `;`, words split at blanks, a backslash keeps what follows, `<<` begins a payload.

/// Splits a line into commands, as written.
pub(crate) fn split(line: &str) -> Vec<String> {
    let mut commands = vec![String::new()];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let Some(command) = commands.last_mut() else {
            break;
        };
        match c {
            ';' => commands.push(String::new()),
            '\\' => {
                command.push(c);
                command.extend(chars.next());
            }
            c => command.push(c),
        }
    }
    commands
}

/// Splits a line into commands and those into words.
pub(super) fn commands(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => word.get_or_insert_default().extend(chars.next()),
            ';' | ' ' | '\t' | '\r' => {
                if let (Some(word), Some(command)) = (word.take(), commands.last_mut()) {
                    command.push(word);
                }
                if c == ';' {
                    commands.push(Vec::new());
                }
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    if let (Some(word), Some(command)) = (word, commands.last_mut()) {
        command.push(word);
    }
    commands
}

/// Takes a payload's start off the end of a line.
pub(crate) fn payload_start(line: &str) -> Option<&str> {
    line.trim_end().strip_suffix("<<")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_at_blanks_and_commands_at_semicolons() {
        assert_eq!(
            commands("  show   info ; a\\;b c\\ d\r"),
            [vec!["show", "info"], vec!["a;b", "c d"]]
        );
        assert_eq!(commands("x;"), [vec!["x".to_owned()], vec![]]);
    }

    #[test]
    fn a_payload_begins_behind_two_angles() {
        assert_eq!(payload_start("set x <<\r"), Some("set x "));
        assert_eq!(payload_start("set x << y"), None);
    }
}
