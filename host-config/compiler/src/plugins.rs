//! The plugins of a chain: their order, their configurations, and what each may ask of its host.

use std::collections::BTreeMap;

use portcullis_config::auth::AuthConfig;
use portcullis_config::mock::MockConfig;
use portcullis_config::routing::RoutingConfig;
use portcullis_config::schema::SchemaConfig;
use portcullis_config::throttle::ThrottleConfig;
use portcullis_core::Policy;
use serde::Serialize;

use crate::api::CompiledApi;
use crate::gateway::Gateway;

/// How many shared slots callers are spread over.
const THROTTLE_SLOTS: u32 = 65_536;
/// Violations listed in one answer.
const MAX_VIOLATIONS: u32 = 10;
/// Named in challenges when the gateway file names none.
const DEFAULT_REALM: &str = "portcullis";

/// A plugin of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Plugin {
    /// Which operation, which upstream.
    Routing,
    /// Who is calling, and may they.
    Auth,
    /// Is the message what the document says.
    Schema,
    /// How often.
    Throttle,
    /// Answers from examples.
    Mock,
}

impl Plugin {
    /// All plugins in the order of the chain. A request without identity, or not as the document says, does not
    /// eat the caller's quota; only what passed everything is answered.
    pub const CHAIN: [Self; 5] = [Self::Routing, Self::Auth, Self::Schema, Self::Throttle, Self::Mock];

    /// Its name, and its module's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Routing => "routing",
            Self::Auth => "auth",
            Self::Schema => "schema",
            Self::Throttle => "throttle",
            Self::Mock => "mock",
        }
    }

    /// The callbacks it needs beside those of its life cycle; Envoy makes no others.
    pub(crate) fn callbacks(self) -> &'static [&'static str] {
        match self {
            Self::Routing | Self::Auth | Self::Mock => &["proxy_on_request_headers"],
            Self::Schema => {
                &["proxy_on_request_headers", "proxy_on_request_body", "proxy_on_request_trailers"]
            }
            Self::Throttle => &["proxy_on_request_headers", "proxy_on_response_headers"],
        }
    }
}

/// Each plugin's configuration as JSON. A plugin that would have nothing to do is left out.
pub type PluginConfigs = BTreeMap<Plugin, String>;

/// Why a configuration that was compiled is refused by its own plugin.
#[derive(Debug, thiserror::Error)]
#[error("the {} plugin refuses its configuration: {cause}", plugin.name())]
pub(crate) struct Refused {
    plugin: Plugin,
    cause: String,
}

/// Writes the configurations, and has every policy compile its own: what passes here passes in every VM.
pub(crate) fn configure(gateway: &Gateway, apis: Vec<CompiledApi>) -> Result<PluginConfigs, Refused> {
    let mut parts = Parts::default();
    apis.into_iter().for_each(|api| parts.add(api));
    let identity = &gateway.identity;
    let routing = RoutingConfig { apis: parts.routing };
    let auth = AuthConfig {
        realm: identity.realm.clone().unwrap_or_else(|| DEFAULT_REALM.to_owned()),
        apis: parts.auth,
        schemes: parts.schemes,
        issuers: identity.issuers.clone(),
        api_keys: identity.api_keys.clone(),
        users: identity.users.clone(),
    };
    let schema =
        SchemaConfig { apis: parts.schema, documents: parts.documents, max_violations: MAX_VIOLATIONS };
    let limited =
        parts.throttle.iter().flat_map(|api| &api.operations).any(|one| !one.rule.limits.is_empty());
    let throttle =
        ThrottleConfig { apis: parts.throttle, limits: gateway.limits.clone(), slots: THROTTLE_SLOTS };
    let mocked = parts.mock.iter().flat_map(|api| &api.operations).any(|one| one.rule.mocked);
    let mock = MockConfig { apis: parts.mock };
    let mut configs = PluginConfigs::new();
    add::<portcullis_routing::RoutingPolicy>(&mut configs, Plugin::Routing, routing)?;
    add::<portcullis_auth::AuthPolicy>(&mut configs, Plugin::Auth, auth)?;
    add::<portcullis_schema::SchemaPolicy>(&mut configs, Plugin::Schema, schema)?;
    if limited {
        add::<portcullis_throttle::ThrottlePolicy>(&mut configs, Plugin::Throttle, throttle)?;
    }
    if mocked {
        add::<portcullis_mock::MockPolicy>(&mut configs, Plugin::Mock, mock)?;
    }
    Ok(configs)
}

fn add<P: Policy>(configs: &mut PluginConfigs, plugin: Plugin, config: P::Config) -> Result<(), Refused>
where
    P::Config: Serialize,
{
    let refused = |cause: String| Refused { plugin, cause };
    let text = serde_json::to_string(&config).map_err(|cause| refused(cause.to_string()))?;
    P::compile(config).map_err(|cause| refused(cause.to_string()))?;
    configs.insert(plugin, text);
    Ok(())
}

#[derive(Default)]
struct Parts {
    routing: Vec<portcullis_config::ApiConfig<portcullis_config::routing::RoutingRule>>,
    auth: Vec<portcullis_config::ApiConfig<portcullis_config::auth::AuthRule>>,
    schemes: BTreeMap<String, portcullis_config::auth::SchemeConfig>,
    schema: Vec<portcullis_config::ApiConfig<portcullis_config::schema::SchemaRule>>,
    documents: BTreeMap<String, portcullis_config::schema::DocumentConfig>,
    throttle: Vec<portcullis_config::ApiConfig<portcullis_config::throttle::ThrottleRule>>,
    mock: Vec<portcullis_config::ApiConfig<portcullis_config::mock::MockRule>>,
}

impl Parts {
    fn add(&mut self, api: CompiledApi) {
        self.documents.insert(api.schema.name.clone(), api.document);
        self.routing.push(api.routing);
        self.auth.push(api.auth);
        self.schemes.extend(api.schemes);
        self.schema.push(api.schema);
        self.throttle.push(api.throttle);
        self.mock.push(api.mock);
    }
}
