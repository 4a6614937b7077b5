//! A list of patterns as traffic and commands share it: read without a lock, changed under one.
//!
//! ```text
//! fresh       what the configuration said, one segment; all that is read until the first change
//! state       from then on: segments from the oldest to the newest, and the version that counts
//! writer      who changes the list; its keys, once something is looked for by its key
//! ```
//!
//! A new pattern makes a small segment, which swallows the ones before it that are no larger: so a list has few
//! segments, and a pattern is indexed again as often as the list doubles. A pattern that goes is only marked; when half
//! of a list has gone, what is left is indexed anew.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::ArcSwap;
use locum_model::pattern::{PatternList, PatternSource, lines};
use parking_lot::Mutex;

use super::{
    MatcherDef, Method, PatternError,
    entry::Entry,
    keys::Keys,
    segment::{Segment, Way, check},
};
use crate::sample::{regex::Groups, value::Value};

/// Finds a match method by its word.
pub type FindMatcher = fn(&str) -> Option<&'static MatcherDef>;

/// A list of patterns.
#[derive(Debug)]
pub struct Reference {
    /// What the configuration says of it, but for its patterns.
    pub list: PatternList,
    ways: Box<[Way]>,
    /// The way of each use.
    way_of: Box<[usize]>,
    shapes: Box<[Shape]>,
    fresh: Fresh,
    state: ArcSwap<State>,
    writer: Mutex<Writer>,
}

/// What is read of a list that nobody has changed; together, so that it is in one cache line.
#[derive(Debug)]
struct Fresh {
    is_changed: AtomicBool,
    base: Arc<Segment>,
}

/// Uses that the reference keeps in one place, and commands tell as one: they are stored alike, whatever is done with
/// them (observed: `sub`, `dir`, `dom` and `end` share one, and so do `int` and `len`).
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Its first use.
    pub first: usize,
    /// The method of that.
    pub method: Method,
}

#[derive(Debug)]
struct State {
    current: u32,
    segments: Box<[Arc<Segment>]>,
}

#[derive(Debug, Default)]
struct Writer {
    next: u32,
    count: i64,
    gone: usize,
    keys: Option<Keys>,
}

/// The versions of a list, and how many patterns it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    /// The one that counts.
    pub current: u32,
    /// The last one that was prepared.
    pub next: u32,
    /// Patterns of all versions, once for each [`Shape`] that they were added to, less one for each that went.
    pub count: i64,
}

/// Why a pattern was not added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddError {
    /// Its version was never prepared.
    Version,
    /// A use can't take it.
    Pattern(PatternError),
}

/// Which patterns a change is about.
#[derive(Debug, Clone, Copy)]
pub enum Which<'k> {
    /// All of the current version that are this text.
    Key(&'k [u8]),
    /// The one of this number ([`number`]).
    Number(usize),
}

/// The number by which commands call a pattern: it is no other's while the pattern is there.
pub fn number(entry: &Arc<Entry>) -> usize {
    Arc::as_ptr(entry) as usize
}

/// A pattern that a value matched.
#[derive(Clone, Copy)]
pub struct Hit<'s> {
    segment: &'s Segment,
    way: usize,
    at: u32,
    /// The pattern.
    pub entry: &'s Entry,
    /// Whether the reference keeps it in a tree rather than a list.
    pub in_tree: bool,
}

impl Hit<'_> {
    /// The groups that the pattern, a regular expression, has in the text.
    pub fn groups(&self, text: &[u8]) -> Option<Groups> {
        self.segment.groups(self.way, self.at, text)
    }
}

/// A list as one of its uses searches it. What the configuration said of the list is at hand: a condition is tested far
/// more often than anything else is done, and a step by the list's own memory costs as much as the comparison.
#[derive(Debug)]
pub(super) struct Search {
    list: Arc<Reference>,
    base: Arc<Segment>,
    way: usize,
}

impl Search {
    /// As the use of that number does.
    pub(super) fn new(list: Arc<Reference>, by: usize) -> Self {
        Self {
            base: list.fresh.base.clone(),
            way: list.way(by),
            list,
        }
    }

    /// The list.
    pub(super) fn list(&self) -> &Arc<Reference> {
        &self.list
    }

    /// As [`Reference::find`].
    #[inline]
    pub(super) fn find<R>(&self, value: Value<'_>, look: impl FnOnce(Hit<'_>) -> R) -> Option<R> {
        self.list.find_from(&self.base, self.way, value, look)
    }
}

impl Reference {
    /// Makes a list ready to be searched in each way that it is used.
    ///
    /// # Errors
    /// A pattern that one of its uses can't take.
    pub fn new(list: &PatternList, matcher: FindMatcher) -> Result<Self, PatternError> {
        let mut ways: Vec<Way> = Vec::new();
        let mut shapes: Vec<Shape> = Vec::new();
        let mut way_of = Vec::new();
        for (at, by) in list.uses.iter().enumerate() {
            let def = matcher(&by.matcher)
                .ok_or_else(|| PatternError::Method(by.matcher.as_str().into()))?;
            let way = Way {
                method: def.method,
                ignore_case: by.ignore_case,
                no_dns: by.no_dns,
            };
            way_of.push(place_in(&mut ways, way));
            let alike = |shape: &Shape| {
                let other = &list.uses[shape.first].value;
                storage(shape.method) == storage(def.method)
                    && (other.ignore_case, other.no_dns) == (by.ignore_case, by.no_dns)
                    && other.value == by.value.value
            };
            if !shapes.iter().any(alike) {
                shapes.push(Shape {
                    first: at,
                    method: def.method,
                });
            }
        }
        let (list, entries) = take_entries(list);
        let count = entries.len() * shapes.len();
        let base = Segment::new(entries, &ways, &|name| list.resolved.get(name).copied())?;
        let base = Arc::new(base);
        Ok(Self {
            state: ArcSwap::from_pointee(State {
                current: 0,
                segments: Box::new([base.clone()]),
            }),
            writer: Mutex::new(Writer {
                count: i64::try_from(count).unwrap_or(i64::MAX),
                ..Writer::default()
            }),
            list,
            ways: ways.into(),
            way_of: way_of.into(),
            shapes: shapes.into(),
            fresh: Fresh {
                is_changed: AtomicBool::new(false),
                base,
            },
        })
    }

    /// The file it comes from.
    pub fn file(&self) -> Option<&str> {
        match &self.list.source {
            PatternSource::File { path, .. } => Some(path),
            PatternSource::Line { .. } => None,
        }
    }

    /// Whether a map uses it, so that its patterns have values.
    pub fn is_map(&self) -> bool {
        match &self.list.source {
            PatternSource::File { two_columns, .. } => *two_columns,
            PatternSource::Line { .. } => false,
        }
    }

    /// Uses that commands tell as one.
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// How a use searches, for [`Reference::find`].
    pub fn way(&self, by: usize) -> usize {
        self.way_of.get(by).copied().unwrap_or(usize::MAX)
    }

    /// Shows the pattern that a value matches, which is of the method's type already. Nothing is locked.
    #[inline]
    pub fn find<R>(
        &self,
        way: usize,
        value: Value<'_>,
        look: impl FnOnce(Hit<'_>) -> R,
    ) -> Option<R> {
        self.find_from(&self.fresh.base, way, value, look)
    }

    /// The same with [`Fresh::base`] in hand.
    #[inline]
    fn find_from<R>(
        &self,
        base: &Segment,
        way: usize,
        value: Value<'_>,
        look: impl FnOnce(Hit<'_>) -> R,
    ) -> Option<R> {
        if self.fresh.is_changed.load(Ordering::Acquire) {
            return self.find_in_segments(way, value, look);
        }
        let found = base.find(way, value, &|_| true)?;
        Some(look(self.hit(base, way, found)?))
    }

    #[inline(never)]
    fn find_in_segments<R>(
        &self,
        way: usize,
        value: Value<'_>,
        look: impl FnOnce(Hit<'_>) -> R,
    ) -> Option<R> {
        let state = self.state.load();
        let accepts = |entry: &Entry| entry.version == state.current && !entry.is_gone();
        let mut best: Option<(&Segment, super::Found)> = None;
        for segment in &state.segments {
            let Some(found) = segment.find(way, value, &accepts) else {
                continue;
            };
            if best.is_none_or(|(_, best)| best.rank < found.rank) {
                best = Some((segment, found));
            }
        }
        let (segment, found) = best?;
        Some(look(self.hit(segment, way, found)?))
    }

    fn hit<'s>(&self, segment: &'s Segment, way: usize, found: super::Found) -> Option<Hit<'s>> {
        let how = self.ways.get(way)?;
        Some(Hit {
            segment,
            way,
            at: found.at,
            entry: segment.entries.get(found.at)?,
            in_tree: match how.method {
                Method::Str => !how.ignore_case,
                _ => found.rank > 0 && !found.is_of_odd_mask(),
            },
        })
    }

    /// Its versions.
    pub fn versions(&self) -> Versions {
        let writer = self.writer.lock();
        Versions {
            current: self.state.load().current,
            next: writer.next,
            count: writer.count,
        }
    }

    /// The patterns of a version in order; of the current one without any.
    pub fn entries(&self, version: Option<u32>) -> Vec<Arc<Entry>> {
        let state = self.state.load();
        let version = version.unwrap_or(state.current);
        let of_version = |entry: &&Arc<Entry>| entry.version == version && !entry.is_gone();
        let segments = state.segments.iter();
        segments
            .flat_map(|segment| segment.entries.iter())
            .filter(of_version)
            .cloned()
            .collect()
    }

    /// Adds patterns with their values behind the others, to a version or to the current one.
    ///
    /// # Errors
    /// A version that was not prepared; a pattern that a use can't take: then none is added.
    pub fn add<'p>(
        &self,
        patterns: impl Iterator<Item = (&'p [u8], &'p [u8])>,
        version: Option<u32>,
    ) -> Result<(), AddError> {
        let mut writer = self.writer.lock();
        let state = self.state.load();
        let version = version.unwrap_or(state.current);
        if version > writer.next.max(state.current) {
            return Err(AddError::Version);
        }
        let mut added = Vec::new();
        for (key, value) in patterns {
            for way in &self.ways {
                check(key, *way, &|name| self.address(name)).map_err(AddError::Pattern)?;
            }
            added.push(Arc::new(Entry::new(key, value, version)));
        }
        writer.count += (added.len() * self.shapes.len()) as i64;
        if let Some(keys) = &mut writer.keys {
            added.iter().for_each(|entry| keys.insert(entry.clone()));
        }
        let mut kept: Vec<Arc<Segment>> = state.segments.to_vec();
        let mut rest: Vec<Arc<Entry>> = added;
        while let Some(last) = kept.last()
            && last.entries.len() <= rest.len()
        {
            let mut swallowed: Vec<_> = last.entries.iter().cloned().collect();
            swallowed.append(&mut rest);
            rest = swallowed;
            kept.pop();
        }
        kept.push(self.segment(rest).map_err(AddError::Pattern)?);
        self.publish(state.current, kept);
        Ok(())
    }

    /// Gives patterns another value; false: there are none.
    pub fn set(&self, which: Which<'_>, value: &[u8]) -> bool {
        let mut writer = self.writer.lock();
        let found = self.find_for_change(&mut writer, which);
        // A value that a use can't take changes nothing, and nobody is told (observed).
        if self.takes_value(value) && !found.is_empty() {
            self.fresh.is_changed.store(true, Ordering::Release);
            found.iter().for_each(|entry| entry.set_value(value));
        }
        !found.is_empty()
    }

    fn takes_value(&self, value: &[u8]) -> bool {
        let mut kinds = self.list.uses.iter().filter_map(|by| by.value.value);
        kinds.all(|kind| super::is_value(kind, value))
    }

    /// Takes patterns away; false: there are none.
    pub fn delete(&self, which: Which<'_>) -> bool {
        let mut writer = self.writer.lock();
        let found = self.find_for_change(&mut writer, which);
        // Readers look at the marks before the first of them is set.
        self.fresh.is_changed.store(true, Ordering::Release);
        for entry in &found {
            entry.go();
            writer.count -= 1;
            writer.gone += 1;
            if let Some(keys) = &mut writer.keys {
                keys.remove(entry);
            }
        }
        let state = self.state.load();
        let length: usize = state.segments.iter().map(|s| s.entries.len()).sum();
        if writer.gone * 2 > length {
            self.keep(&mut writer, state.current, |_| true);
        }
        !found.is_empty()
    }

    /// Gives the patterns of this key a value, or adds one. A list that nothing matches against stays empty.
    pub fn put(&self, key: &[u8], value: &[u8]) {
        let is_used = !self.shapes.is_empty();
        if is_used && !self.set(Which::Key(key), value) && self.takes_value(value) {
            // A pattern that a use can't take changes nothing (observed).
            let _ = self.add([(key, value)].into_iter(), None);
        }
    }

    /// Whether a pattern of the current version is this text.
    pub fn has(&self, key: &[u8]) -> bool {
        let mut writer = self.writer.lock();
        !self
            .find_for_change(&mut writer, Which::Key(key))
            .is_empty()
    }

    /// Takes away all of a version, or of the current one.
    pub fn clear(&self, version: Option<u32>) {
        let mut writer = self.writer.lock();
        let current = self.state.load().current;
        let version = version.unwrap_or(current);
        self.keep(&mut writer, current, |entry| entry.version != version);
    }

    /// A new version, still empty.
    pub fn prepare(&self) -> u32 {
        let mut writer = self.writer.lock();
        writer.next = writer.next.wrapping_add(1);
        writer.next
    }

    /// Makes a version the one that counts and drops those before it; false: it isn't between the current and the last.
    pub fn commit(&self, version: u32) -> bool {
        let mut writer = self.writer.lock();
        let current = self.state.load().current;
        if version <= current || version > writer.next {
            return false;
        }
        self.keep(&mut writer, version, |entry| entry.version >= version);
        true
    }

    /// Indexes anew what is to stay.
    fn keep(&self, writer: &mut Writer, current: u32, stays: impl Fn(&Entry) -> bool) {
        let state = self.state.load();
        let all = state.segments.iter().flat_map(|s| s.entries.iter());
        let there: Vec<_> = all.filter(|entry| !entry.is_gone()).cloned().collect();
        let before = there.len();
        let kept: Vec<_> = there.into_iter().filter(|entry| stays(entry)).collect();
        writer.count -= (before - kept.len()) as i64;
        writer.gone = 0;
        writer.keys = None;
        // What is indexed was indexed before.
        if let Ok(segment) = self.segment(kept) {
            self.publish(current, vec![segment]);
        }
    }

    fn segment(&self, entries: Vec<Arc<Entry>>) -> Result<Arc<Segment>, PatternError> {
        let segment = Segment::new(entries, &self.ways, &|name| self.address(name))?;
        Ok(Arc::new(segment))
    }

    fn publish(&self, current: u32, segments: Vec<Arc<Segment>>) {
        self.state.store(Arc::new(State {
            current,
            segments: segments.into(),
        }));
        self.fresh.is_changed.store(true, Ordering::Release);
    }

    fn find_for_change(&self, writer: &mut Writer, which: Which<'_>) -> Vec<Arc<Entry>> {
        let state = self.state.load();
        let mut all = state.segments.iter().flat_map(|s| s.entries.iter());
        match which {
            Which::Number(wanted) => all
                .find(|entry| number(entry) == wanted && !entry.is_gone())
                .into_iter()
                .cloned()
                .collect(),
            Which::Key(key) => writer
                .keys
                .get_or_insert_with(|| Keys::new(all.filter(|entry| !entry.is_gone())))
                .find(key)
                .filter(|entry| entry.version == state.current)
                .cloned()
                .collect(),
        }
    }

    fn address(&self, name: &str) -> Option<IpAddr> {
        self.list.resolved.get(name).copied()
    }
}

/// What uses have in common whose patterns the reference stores alike.
fn storage(method: Method) -> Method {
    match method {
        Method::Bool => Method::Found,
        Method::Len => Method::Int,
        Method::Directory | Method::Domain | Method::End => Method::Substring,
        other => other,
    }
}

fn place_in(ways: &mut Vec<Way>, way: Way) -> usize {
    ways.iter()
        .position(|known| *known == way)
        .unwrap_or_else(|| {
            ways.push(way);
            ways.len() - 1
        })
}

/// The patterns of a list, and the list without them.
fn take_entries(list: &PatternList) -> (PatternList, Vec<Arc<Entry>>) {
    let entry = |key: &[u8], value: &[u8]| Arc::new(Entry::new(key, value, 0));
    let (source, entries) = match &list.source {
        PatternSource::File {
            path,
            text,
            two_columns,
        } => {
            let text: &[u8] = text.as_deref().unwrap_or_default();
            let entries = lines(text, *two_columns).map(|line| entry(line.key, line.value));
            let source = PatternSource::File {
                path: path.clone(),
                text: None,
                two_columns: *two_columns,
            };
            (source, entries.collect())
        }
        PatternSource::Line { word, patterns } => {
            let source = PatternSource::Line {
                word: word.clone(),
                patterns: Vec::new(),
            };
            (source, patterns.iter().map(|key| entry(key, b"")).collect())
        }
    };
    let list = PatternList {
        source,
        id: list.id,
        uses: list.uses.clone(),
        resolved: list.resolved.clone(),
    };
    (list, entries)
}

#[cfg(test)]
mod tests;
