//! The replies of a proxy by status, built-in pages included.

use std::{collections::BTreeMap, sync::Arc};

use super::reply::Reply;

/// What is sent for a status that the proxy itself answers with.
#[derive(Debug, Default, Clone)]
pub struct ErrorTable {
    /// Configured replies.
    pub replies: BTreeMap<u16, Arc<Reply>>,
}
