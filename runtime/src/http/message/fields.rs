//! The fields of a head: found by name, added, replaced, removed.

use super::{Field, Head, Name, Span, elements};

impl Head {
    /// Count of fields.
    #[inline]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// There is no field.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Names and values in order.
    #[inline]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&[u8], &[u8])> {
        self.fields
            .iter()
            .map(|field| (field.name.of(&self.bytes), field.value.of(&self.bytes)))
    }

    /// The index of fields, in order.
    #[inline]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Bytes of a range of this head.
    #[inline]
    pub fn slice(&self, span: Span) -> &[u8] {
        span.of(&self.bytes)
    }

    /// Name of field `index`; empty if there is none.
    #[inline]
    pub fn name(&self, index: usize) -> &[u8] {
        self.fields
            .get(index)
            .map_or(&[], |field| field.name.of(&self.bytes))
    }

    /// Value of field `index`; empty if there is none.
    #[inline]
    pub fn value(&self, index: usize) -> &[u8] {
        self.fields
            .get(index)
            .map_or(&[], |field| field.value.of(&self.bytes))
    }

    /// Index of the first field called `name` (in any case) at or after `from`.
    pub fn position(&self, name: &[u8], from: usize) -> Option<usize> {
        let rest = self.fields.get(from..)?;
        rest.iter()
            .position(|field| field.name.of(&self.bytes).eq_ignore_ascii_case(name))
            .map(|at| from + at)
    }

    /// The same for a name with an id.
    #[inline]
    pub fn position_of(&self, id: Name, from: usize) -> Option<usize> {
        if self.present & id.bit() == 0 {
            return None;
        }
        let rest = self.fields.get(from..)?;
        rest.iter()
            .position(|field| field.id == id)
            .map(|at| from + at)
    }

    /// Whether a field of that name is there.
    #[inline]
    pub fn has(&self, id: Name) -> bool {
        self.position_of(id, 0).is_some()
    }

    /// Value of the first field called `name` (in any case).
    pub fn first(&self, name: &[u8]) -> Option<&[u8]> {
        self.position(name, 0).map(|index| self.value(index))
    }

    /// The same for a name with an id.
    #[inline]
    pub fn first_of(&self, id: Name) -> Option<&[u8]> {
        self.position_of(id, 0).map(|index| self.value(index))
    }

    /// Values of all fields called `name` (in any case), in order.
    pub fn all<'a>(&'a self, name: &'a [u8]) -> impl DoubleEndedIterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The same for a name with an id.
    pub fn all_of(&self, id: Name) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.fields
            .iter()
            .filter(move |field| field.id == id)
            .map(|field| field.value.of(&self.bytes))
    }

    /// Elements of the comma-separated values of all fields called `name`, in order.
    pub fn elements<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.all(name).flat_map(elements)
    }

    /// Appends a field.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        self.insert(self.fields.len(), name, value);
    }

    /// Puts a field before field `index`, or last if there are fewer.
    pub fn insert(&mut self, index: usize, name: &[u8], value: &[u8]) {
        let name = self.store(name);
        name.of_mut(&mut self.bytes).make_ascii_lowercase();
        let value = self.store(value);
        let id = Name::of(name.of(&self.bytes));
        self.present |= id.bit();
        self.fields
            .insert(index.min(self.fields.len()), Field { name, value, id });
    }

    /// Removes all fields called `name` and appends one.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        self.remove(name);
        self.add(name, value);
    }

    /// Removes all fields called `name` (in any case); tells how many there were.
    pub fn remove(&mut self, name: &[u8]) -> usize {
        let before = self.fields.len();
        let bytes = &self.bytes;
        self.fields
            .retain(|field| !field.name.of(bytes).eq_ignore_ascii_case(name));
        before - self.fields.len()
    }

    /// The same for a name with an id.
    pub fn remove_of(&mut self, id: Name) -> usize {
        if self.present & id.bit() == 0 {
            return 0;
        }
        self.present &= !id.bit();
        let before = self.fields.len();
        self.fields.retain(|field| field.id != id);
        before - self.fields.len()
    }

    /// Removes field `index`, if there is one.
    pub fn remove_at(&mut self, index: usize) {
        if index < self.fields.len() {
            self.fields.remove(index);
        }
    }

    /// Removes the fields for which `drop` says so.
    pub fn remove_where(&mut self, mut drop: impl FnMut(&[u8], &[u8]) -> bool) {
        let bytes = &self.bytes;
        self.fields
            .retain(|field| !drop(field.name.of(bytes), field.value.of(bytes)));
    }

    /// Replaces the value of field `index`; in place when the new one is not longer.
    pub fn replace_value(&mut self, index: usize, value: &[u8]) {
        let Some(old) = self.fields.get(index).map(|field| field.value) else {
            return;
        };
        let room = (old.end - old.start) as usize;
        let new = if value.len() <= room {
            let new = Span::new(old.start as usize, old.start as usize + value.len());
            new.of_mut(&mut self.bytes).copy_from_slice(value);
            new
        } else {
            self.store(value)
        };
        self.fields[index].value = new;
    }

    /// Narrows the value of field `index` to a range of itself, relative to its start.
    pub(in crate::http) fn narrow_value(&mut self, index: usize, from: usize, to: usize) {
        if let Some(field) = self.fields.get_mut(index) {
            let start = field.value.start + from as u32;
            field.value = Span {
                start,
                end: (field.value.start + to as u32).min(field.value.end),
            };
        }
    }

    /// The value of field `index`, for edits in place that keep its length.
    pub fn value_mut(&mut self, index: usize) -> &mut [u8] {
        match self.fields.get(index) {
            Some(field) => field.value.of_mut(&mut self.bytes),
            None => &mut [],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Version, raw_elements};
    use super::*;

    fn request() -> Head {
        let mut head = Head::request(b"GET", b"http://h:1/a/b?q=1", Version::HTTP_11);
        head.add(b"Host", b"h:1");
        head.add(b"Accept", b"a, b");
        head.add(b"accept", b"\"c,d\" ,, e");
        head
    }

    #[test]
    fn names_are_lower_case_and_found_in_any_case() {
        let head = request();
        assert_eq!(head.name(1), b"accept");
        assert_eq!(head.first(b"HOST"), Some(&b"h:1"[..]));
        assert_eq!(head.first_of(Name::Host), Some(&b"h:1"[..]));
        assert_eq!(head.all(b"Accept").count(), 2);
    }

    #[test]
    fn list_elements_respect_quotes_and_skip_empty_ones() {
        let head = request();
        let found: Vec<_> = head.elements(b"accept").collect();
        assert_eq!(found, [&b"a"[..], b"b", b"\"c,d\"", b"e"]);
        assert_eq!(
            raw_elements(b",a,").collect::<Vec<_>>(),
            [&b""[..], b"a", b""]
        );
        assert_eq!(
            elements(b"\"a\\\",b\",c").collect::<Vec<_>>(),
            [&b"\"a\\\",b\""[..], b"c"]
        );
    }

    #[test]
    fn a_set_field_moves_to_the_end_and_a_removed_one_is_gone() {
        let mut head = request();
        head.set(b"Host", b"new");
        assert_eq!(head.iter().last(), Some((&b"host"[..], &b"new"[..])));
        assert_eq!(head.remove(b"ACCEPT"), 2);
        assert_eq!(head.remove_of(Name::Host), 1);
        assert!(head.is_empty() && !head.has(Name::Host));
        head.add(b"host", b"again");
        assert!(head.has(Name::Host));
    }

    #[test]
    fn a_value_is_replaced_by_a_shorter_or_a_longer_one() {
        let mut head = request();
        head.replace_value(0, b"x");
        assert_eq!(head.value(0), b"x");
        head.replace_value(0, b"much longer than before");
        assert_eq!(head.value(0), b"much longer than before");
        assert_eq!(head.value(1), b"a, b");
        head.replace_value(9, b"nobody");
        head.insert(0, b"First", b"1");
        assert_eq!(head.name(0), b"first");
    }
}
