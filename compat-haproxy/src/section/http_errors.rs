//! `http-errors NAME`: a named collection of error pages (manual 3.8).
//!
//! ```text
//! http-errors website-1
//!   errorfile 404 /etc/haproxy/site1/404.http
//! ```

use std::collections::BTreeMap;

use locum_model::{Located, Origin, proxy::ErrorPages};
use locum_parser::haproxy::Word;

use super::{Section, bad_name_character, section_line};
use crate::{
    keyword::errorfile,
    load::{Fault, Loader, Lowered},
};

/// Opens a collection.
pub(super) fn open(loader: &mut Loader<'_>, words: &[Word], at: &Origin) -> Lowered {
    loader.enter(Section::HttpErrors(None));
    let line = section_line(&mut loader.shared, words, at);
    if !line.has(1) {
        return Err(Fault::from("missing name for http-errors section.").aborting());
    }
    let name = line.text(1);
    if let Some(bad) = bad_name_character(&name) {
        return Err(Fault::from(format!(
            "character '{bad}' is not permitted in 'http-errors' name '{name}'."
        )));
    }
    if let Some(other) = loader
        .model
        .error_pages
        .iter()
        .find(|pages| pages.name.value == name)
    {
        let text = format!(
            "http-errors section '{name}' already exists (declared at {}).",
            other.name.at
        );
        return Err(Fault::Tight(text));
    }
    let index = loader.model.error_pages.len();
    let pages = ErrorPages {
        name: Located::new(name, at.clone()),
        pages: BTreeMap::new(),
    };
    loader.model.error_pages.push(pages);
    loader.enter(Section::HttpErrors(Some(index)));
    Ok(())
}

/// `errorfile CODE FILE`.
pub(super) fn line(
    loader: &mut Loader<'_>,
    pages: Option<usize>,
    words: &[Word],
    at: &Origin,
) -> Lowered {
    let line = section_line(&mut loader.shared, words, at);
    if line.bytes(0) != b"errorfile" {
        let name = line.text(0);
        return Err(Fault::from(format!(
            "unknown keyword '{name}' in 'http-errors' section"
        )));
    }
    if !line.has(1) || !line.has(2) {
        return Err("errorfile: expects <status_code> and <file> as arguments.".into());
    }
    let (status, reply) = errorfile::read(&line, "errorfile")?;
    if let Some(pages) = pages.and_then(|pages| loader.model.error_pages.get_mut(pages)) {
        pages.pages.insert(status, reply);
    }
    Ok(())
}
