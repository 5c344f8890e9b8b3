//! The wire types of each plugin's configuration. The compiler writes them as JSON, the plugins read them;
//! nothing is decided here. Unknown keys are refused everywhere: a configuration that means more than the
//! plugin knows must not go live.

mod apis;
pub mod auth;
mod client_address;
pub mod mock;
pub mod pipeline;
pub mod routing;
pub mod schema;
mod secret;
pub mod throttle;

pub use apis::{ApiConfig, ConditionConfig, ConditionPlaceConfig, OperationConfig, index};
pub use client_address::{ClientAddressConfig, ForwardingHeaderConfig};
pub use secret::{Secret, SecretSource};
