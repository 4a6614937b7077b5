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
