//! `userlist NAME`: users and groups for HTTP authentication (manual 3.4).
//!
//! ```text
//! userlist L1
//!   group G1 users tiger,scott
//!   user tiger password $6$k6y3o.eP$JlKBx9za9667qe4(…)xHSwRv6J.C0/D7cV91
//!   user scott insecure-password elgato
//! ```

use locum_model::{
    Located, Origin,
    proxy::{User, Userlist},
};
use locum_parser::haproxy::Word;

use super::{Section, bad_name_character, section_line};
use crate::load::{Fault, Loader, Lowered};

/// Opens a list.
pub(super) fn open(loader: &mut Loader<'_>, words: &[Word], at: &Origin) -> Lowered {
    loader.enter(Section::Userlist(None));
    let line = section_line(&mut loader.shared, words, at);
    if !line.has(1) {
        return Err(Fault::tight("'userlist' expects <name> as arguments."));
    }
    line.at_most(1, 1)?;
    let name = line.text(1);
    if let Some(bad) = bad_name_character(&name) {
        return Err(Fault::tight(format!(
            "character '{bad}' is not permitted in 'userlist' name '{name}'."
        )));
    }
    if loader
        .model
        .userlists
        .iter()
        .any(|list| list.name.value == name)
    {
        let text = format!("parsing [{at}]: ignoring duplicated userlist '{name}'.");
        loader.shared.warn(at, text);
        return Ok(());
    }
    let index = loader.model.userlists.len();
    loader.model.userlists.push(Userlist {
        name: Located::new(name, at.clone()),
        users: Vec::new(),
    });
    loader.groups.push(Vec::new());
    loader.enter(Section::Userlist(Some(index)));
    Ok(())
}

/// `user` and `group`.
pub(super) fn line(
    loader: &mut Loader<'_>,
    list: Option<usize>,
    words: &[Word],
    at: &Origin,
) -> Lowered {
    let line = section_line(&mut loader.shared, words, at);
    match line.bytes(0) {
        b"user" | b"group" if !line.has(1) => Err(Fault::tight(format!(
            "'{}' expects <name> as arguments.",
            line.text(0)
        ))),
        b"user" => user(loader, list, words, at),
        b"group" => group(loader, list, words, at),
        _ => Err(Fault::tight(format!(
            "unknown keyword '{}' in 'users' section",
            line.text(0)
        ))),
    }
}

fn user(loader: &mut Loader<'_>, list: Option<usize>, words: &[Word], at: &Origin) -> Lowered {
    let line = section_line(&mut loader.shared, words, at);
    let mut user = User {
        name: line.text(1),
        ..User::default()
    };
    let mut index = 2;
    while line.has(index) {
        let value = line.text(index + 1);
        match line.bytes(index) {
            b"password" => {
                user.password = Some(value);
                user.clear = false;
            }
            b"insecure-password" => {
                user.password = Some(value);
                user.clear = true;
            }
            b"groups" => user.groups = names(&value),
            _ => {
                return Err(Fault::tight(
                    "'user' only supports 'password', 'insecure-password' and 'groups' options.",
                ));
            }
        }
        index += 2;
    }
    let Some(known) = list.and_then(|list| loader.model.userlists.get_mut(list)) else {
        return Ok(());
    };
    if known.users.iter().any(|other| other.name == user.name) {
        let text = format!(
            "parsing [{at}]: ignoring duplicated user '{}' in userlist '{}'.",
            user.name, known.name.value
        );
        loader.shared.warn(at, text);
        return Ok(());
    }
    known.users.push(user);
    Ok(())
}

fn group(loader: &mut Loader<'_>, list: Option<usize>, words: &[Word], at: &Origin) -> Lowered {
    let line = section_line(&mut loader.shared, words, at);
    let name = line.text(1);
    let mut users = Vec::new();
    if line.has(2) {
        if line.bytes(2) != b"users" {
            return Err(Fault::tight("'group' only supports 'users' option."));
        }
        users = names(&line.text(3));
    }
    let Some(list) = list else { return Ok(()) };
    let groups = &mut loader.groups[list];
    if groups.iter().any(|(known, _)| *known == name) {
        let of = &loader.model.userlists[list].name.value;
        let text =
            format!("parsing [{at}]: ignoring duplicated group '{name}' in userlist '{of}'.");
        loader.shared.warn(at, text);
        return Ok(());
    }
    groups.push((name, users));
    Ok(())
}

fn names(text: &str) -> Vec<String> {
    text.split(',')
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Brings users and groups together; who names something that doesn't exist is told after all files were read.
pub(super) fn leave(loader: &mut Loader<'_>, list: usize) {
    let Some(known) = loader.model.userlists.get_mut(list) else {
        return;
    };
    let groups = &loader.groups[list];
    let of = known.name.value.clone();
    for user in &known.users {
        for group in &user.groups {
            if !groups.iter().any(|(name, _)| name == group) {
                let text = format!(
                    "userlist '{of}': no such group '{group}' specified in user '{}'",
                    user.name
                );
                loader.shared.late_alerts.push(text);
            }
        }
    }
    for (group, users) in groups {
        for name in users {
            match known.users.iter_mut().find(|user| user.name == *name) {
                Some(user) if user.groups.contains(group) => {}
                Some(user) => user.groups.push(group.clone()),
                None => {
                    let text = format!(
                        "userlist '{of}': no such user '{name}' specified in group '{group}'"
                    );
                    loader.shared.late_alerts.push(text);
                }
            }
        }
    }
}
