//! Filters: hooks on the way of a message, in declared order.

/// A filter's row: its word and how one is made for a stream.
pub struct FilterDef {
    /// The word.
    pub name: &'static str,
    /// Makes the filter of one stream, from the words of its line.
    pub make: fn(&[String]) -> Box<dyn Filter>,
}

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client.
    Request,
    /// To the client.
    Response,
}

/// A filter of one stream. A hook sees what passes and may write lines for the driver to print.
pub trait Filter {
    /// The stream begins.
    fn on_start(&mut self, _out: &mut Vec<u8>) {}
    /// A head passes.
    fn on_head(
        &mut self,
        _direction: Direction,
        _head: &mut crate::http::message::Head,
        _out: &mut Vec<u8>,
    ) {
    }
    /// Body bytes pass.
    fn on_data(&mut self, _direction: Direction, _bytes: &[u8], _out: &mut Vec<u8>) {}
    /// The message is complete.
    fn on_end(&mut self, _direction: Direction, _out: &mut Vec<u8>) {}
    /// The stream is over.
    fn on_stop(&mut self, _out: &mut Vec<u8>) {}
}

/// The filters of one stream, in declared order. A stream without filters pays one comparison a hook.
#[derive(Default)]
pub struct Filters {
    filters: Vec<Box<dyn Filter>>,
    lines: Vec<u8>,
}

impl Filters {
    /// Makes the filters of a proxy.
    pub fn of(declared: &[(&'static FilterDef, Box<[String]>)]) -> Self {
        Self {
            filters: declared
                .iter()
                .map(|(def, words)| (def.make)(words))
                .collect(),
            lines: Vec::new(),
        }
    }

    /// Adds the filters of the backend.
    pub fn extend(&mut self, declared: &[(&'static FilterDef, Box<[String]>)]) {
        self.filters
            .extend(declared.iter().map(|(def, words)| (def.make)(words)));
    }

    /// The stream begins.
    pub fn on_start(&mut self) {
        for filter in &mut self.filters {
            filter.on_start(&mut self.lines);
        }
    }

    /// A head passes.
    pub fn on_head(&mut self, direction: Direction, head: &mut crate::http::message::Head) {
        for filter in &mut self.filters {
            filter.on_head(direction, head, &mut self.lines);
        }
    }

    /// Body bytes pass.
    pub fn on_data(&mut self, direction: Direction, bytes: &[u8]) {
        for filter in &mut self.filters {
            filter.on_data(direction, bytes, &mut self.lines);
        }
    }

    /// The message is complete.
    pub fn on_end(&mut self, direction: Direction) {
        for filter in &mut self.filters {
            filter.on_end(direction, &mut self.lines);
        }
    }

    /// The stream is over; returns what the filters wrote.
    pub fn on_stop(&mut self) -> Vec<u8> {
        for filter in &mut self.filters {
            filter.on_stop(&mut self.lines);
        }
        std::mem::take(&mut self.lines)
    }
}
