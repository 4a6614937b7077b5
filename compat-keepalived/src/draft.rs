//! What has been read so far, before inheritance and late checks make it the model.

use locum_model::keepalived::Configuration;

/// A configuration in the making.
#[derive(Debug, Default)]
pub struct Draft {
    /// The model, as far as it is final.
    pub configuration: Configuration,
    /// The host's name.
    pub host_name: String,
}
