//! `authentication { auth_type PASS|AH  auth_pass … }`

use locum_model::Text;
use locum_parser::keepalived::Line;

use super::{current, name};
use crate::{
    draft::AuthType,
    load::{Abort, Pass},
    row::{Row, row},
};

pub(super) const ROWS: &[Row] = &[row("authentication", |pass, _| pass.block(&[INSIDE]))];

pub(crate) const INSIDE: &[Row] = &[row("auth_pass", auth_pass), row("auth_type", auth_type)];

const LONGEST: usize = 8;

fn auth_pass(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    pass.parameter(line, 1)?;
    let mut secret = line.words[1].text.clone();
    if secret.len() > LONGEST {
        secret.truncate(LONGEST);
        pass.error("Truncating auth_pass to 8 characters");
    }
    current(pass).auth_pass = Some(Text::from(secret));
    Ok(())
}

fn auth_type(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    match text.as_str() {
        "PASS" => current(pass).auth_type = Some(AuthType::Pass),
        "AH" => current(pass).auth_type = Some(AuthType::Ah),
        _ => {
            let name = name(pass);
            pass.error(format!("({name}) unknown authentication type '{text}'"));
        }
    }
    Ok(())
}
