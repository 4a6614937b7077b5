//! `SSL { … }`: with what SSL_GET checks.

use locum_model::{Text, lvs::Ssl};
use locum_parser::keepalived::Line;

use crate::{
    load::{Abort, Pass},
    row::{Rows, accepted},
};

pub(super) const ROWS: Rows = &[&[
    accepted("ca", |pass, line| file(pass, line, |ssl| &mut ssl.ca)),
    accepted("certificate", |pass, line| {
        file(pass, line, |ssl| &mut ssl.certificate)
    }),
    accepted("key", |pass, line| file(pass, line, |ssl| &mut ssl.key)),
    accepted("password", |pass, line| {
        file(pass, line, |ssl| &mut ssl.password)
    }),
]];

pub(super) fn ssl(pass: &mut Pass<'_>, _line: &Line) -> Result<(), Abort> {
    if pass.draft.configuration.lvs.ssl.is_some() {
        pass.error("SSL context already specified - replacing");
    }
    pass.draft.configuration.lvs.ssl = Some(Ssl::default());
    pass.block(ROWS)
}

fn file(
    pass: &mut Pass<'_>,
    line: &Line,
    field: fn(&mut Ssl) -> &mut Option<Text>,
) -> Result<(), Abort> {
    match line.words.get(1) {
        Some(word) => {
            let value = Some(Text::from(word.text.clone()));
            *field(pass.draft.configuration.lvs.ssl.get_or_insert_default()) = value;
        }
        None => {
            let word = line.words.first().map(|word| word.lossy().into_owned());
            pass.error(format!("SSL {} missing", word.unwrap_or_default()));
        }
    }
    Ok(())
}
