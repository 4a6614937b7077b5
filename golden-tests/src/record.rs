//! `expected/`: one text file per capture, recorded from the reference, whose version is the first line.

use std::collections::BTreeMap;
use std::path::Path;

/// Reads what is expected: capture name -> text. A folder that isn't there is empty.
///
/// # Errors
/// Names a file that can't be read or doesn't say where it comes from.
pub fn read(folder: &Path) -> Result<BTreeMap<String, String>, String> {
    let mut out = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Ok(out);
    };
    for path in entries.filter_map(Result::ok).map(|e| e.path()) {
        let wrong = |e: String| format!("{}: {e}", path.display());
        let text = std::fs::read_to_string(&path).map_err(|e| wrong(e.to_string()))?;
        let (head, text) = text.split_once('\n').unwrap_or_default();
        if !head.starts_with("# recorded from ") {
            return Err(wrong("does not begin with '# recorded from'".to_owned()));
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        out.insert(name.into_owned(), text.to_owned());
    }
    Ok(out)
}

/// Replaces what is expected by what `reference` (its name and version) did.
///
/// # Errors
/// Refuses what doesn't come from the reference; names a file that can't be written.
pub fn write(
    folder: &Path,
    reference: &str,
    captures: &BTreeMap<String, String>,
) -> Result<(), String> {
    let references = ["HAProxy 2.6.12", "Keepalived 2.2.7"];
    if !references.iter().any(|known| reference.starts_with(known)) {
        return Err(format!("only the reference is recorded, not {reference}"));
    }
    if read(folder).is_ok_and(|before| before == *captures) {
        return Ok(());
    }
    let wrong = |e: std::io::Error| format!("{}: {e}", folder.display());
    let _was_not_there = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).map_err(wrong)?;
    for (name, text) in captures {
        let text = format!("# recorded from {reference}\n{text}");
        std::fs::write(folder.join(format!("{name}.txt")), text).map_err(wrong)?;
    }
    Ok(())
}
