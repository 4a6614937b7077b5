//! `defaults [NAME] [from NAME]`: what the proxies behind it begin with (manual 4).

use locum_model::{Located, Origin};
use locum_parser::haproxy::Word;

use super::{Section, proxy};
use crate::load::{Draft, Fault, Loader, Lowered};

/// Opens a section.
pub(super) fn open(loader: &mut Loader<'_>, words: &[Word], at: &Origin) -> Lowered {
    let word = |index: usize| {
        words
            .get(index)
            .map(|word| word.as_str().into_owned())
            .unwrap_or_default()
    };
    let (name, from) = if word(1) == "from" && !word(2).is_empty() {
        (String::new(), Some(word(2)))
    } else if word(2) == "from" {
        (word(1), Some(word(3)))
    } else {
        (word(1), None)
    };
    let located = Located::new(name.clone(), at.clone());
    let draft = match from {
        Some(from) => {
            let base = proxy::find_defaults(loader, &from, "defaults", &name)?;
            let mut draft =
                Draft::from_defaults(&loader.defaults.sections[base], "defaults", located);
            draft.acls.clear();
            draft
        }
        None => Draft::new("defaults", located),
    };
    let index = loader.defaults.sections.len();
    loader.defaults.sections.push(draft);
    loader.defaults.current = Some(index);
    if !name.is_empty() {
        loader.defaults.names.entry(name).or_default().push(index);
    }
    loader.enter(Section::Defaults(index));
    Ok(())
}

/// A line of it.
pub(super) fn line(loader: &mut Loader<'_>, index: usize, words: &[Word], at: &Origin) -> Lowered {
    let Some(draft) = loader.defaults.sections.get_mut(index) else {
        return Err(Fault::Reported);
    };
    proxy::keyword(&mut loader.shared, draft, words, at)
}
