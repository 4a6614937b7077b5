//! Sync groups: instances that are master together or not at all.

use std::sync::Arc;

use locum_model::vrrp::SyncGroup;

use crate::{
    fsm::State,
    identity::{GroupId, InstanceId, Name},
};

/// A group at run time.
#[derive(Debug)]
pub struct Group {
    /// Its number.
    pub id: GroupId,
    /// Its name.
    pub name: Name,
    /// What the configuration says.
    pub config: Arc<SyncGroup>,
    /// Its members, in the order of the configuration.
    pub members: Vec<InstanceId>,
    /// What it was moved to last, together.
    pub state: State,
}

impl Group {
    /// A group that hasn't been moved.
    pub fn new(id: GroupId, config: Arc<SyncGroup>) -> Self {
        Self {
            id,
            name: Arc::from(config.name.value.as_str()),
            config,
            members: Vec::new(),
            state: State::Init,
        }
    }
}
