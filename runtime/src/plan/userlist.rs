//! User lists: who may come in with which password, and in which groups they are (manual 3.4).

use std::collections::HashMap;

use locum_model::proxy as model;

/// A list of users, ready to be asked.
#[derive(Debug)]
pub struct Userlist {
    users: HashMap<Box<[u8]>, User>,
}

#[derive(Debug)]
struct User {
    password: Password,
    groups: Box<[Box<str>]>,
}

/// How a password is kept. Its debug form shows nothing.
enum Password {
    /// None: nobody comes in by this name.
    None,
    /// In clear.
    Clear(Box<[u8]>),
    /// As crypt(3) writes it.
    Hashed(Box<str>),
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Userlist {
    /// From the model.
    pub fn new(list: &model::Userlist) -> Self {
        let users = list
            .users
            .iter()
            .map(|user| {
                let password = match &user.password {
                    None => Password::None,
                    Some(text) if user.clear => Password::Clear(text.as_bytes().into()),
                    Some(text) => Password::Hashed(text.as_str().into()),
                };
                let groups = user
                    .groups
                    .iter()
                    .map(|group| group.as_str().into())
                    .collect();
                (user.name.as_bytes().into(), User { password, groups })
            })
            .collect();
        Self { users }
    }

    /// Whether that user has that password. A hash costs what crypt(3) costs: up to milliseconds.
    pub fn admits(&self, user: &[u8], password: &[u8]) -> bool {
        let Some(user) = self.users.get(user) else {
            return false;
        };
        match &user.password {
            Password::None => false,
            Password::Clear(clear) => same(clear, password),
            Password::Hashed(hash) => pwhash::unix::verify(password, hash),
        }
    }

    /// The groups a user is in, in the order of the configuration.
    pub fn groups(&self, user: &[u8]) -> impl Iterator<Item = &str> {
        let groups = self.users.get(user).map_or(&[][..], |user| &user.groups);
        groups.iter().map(|group| &**group)
    }
}

/// Compares in a time that depends on the lengths alone.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(password: &str, clear: bool) -> Userlist {
        Userlist::new(&model::Userlist {
            users: vec![model::User {
                name: "u".into(),
                password: Some(password.into()),
                clear,
                groups: vec!["g".into()],
            }],
            ..model::Userlist::default()
        })
    }

    #[test]
    fn clear_passwords_and_all_hashes_of_crypt_are_checked() {
        let hashes = [
            "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/",
            "$5$saltsalt$gOjOtoMpVhru2uyjeJSEc/JaLQWOXMNmlOnj6T4AtC.",
            "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/",
            "sa3tHJ3/KuYvI",
        ];
        for hash in hashes {
            let list = list(hash, false);
            assert!(list.admits(b"u", b"password"), "{hash}");
            assert!(!list.admits(b"u", b"wrong"), "{hash}");
        }
        assert!(list("pw", true).admits(b"u", b"pw") && !list("pw", true).admits(b"v", b"pw"));
        assert_eq!(list("pw", true).groups(b"u").collect::<Vec<_>>(), ["g"]);
    }
}
