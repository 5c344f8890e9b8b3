//! The plugins of a chain: their order, their configurations, and what each may ask of its host.

use std::collections::BTreeMap;

use portcullis_auth::AuthPolicy;
use portcullis_config::auth::{AuthConfig, AuthRule, SchemeConfig};
use portcullis_config::mock::{MockConfig, MockRule};
use portcullis_config::pipeline::{PipelineConfig, PipelineRule};
use portcullis_config::routing::{RoutingConfig, RoutingRule};
use portcullis_config::schema::{DocumentConfig, SchemaConfig, SchemaRule};
use portcullis_config::throttle::{LimitConfig, ThrottleConfig, ThrottleRule};
use portcullis_config::{ApiConfig, OperationConfig};
use portcullis_core::PolicyChain;
use portcullis_mock::MockPolicy;
use portcullis_pipeline::Policies;
use portcullis_routing::RoutingPolicy;
use portcullis_schema::SchemaPolicy;
use portcullis_throttle::ThrottlePolicy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::CompiledApi;
use crate::gateway::Gateway;
use crate::gateway::file::ErrorsFile;
use crate::gateway::limit;

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
    /// How often, before anybody knows from whom: a second instance of throttle.
    EarlyThrottle,
    /// Who is calling, and may they.
    Auth,
    /// Is the message what the document says.
    Schema,
    /// How often.
    Throttle,
    /// Answers from examples.
    Mock,
    /// All of these in one module.
    Pipeline,
    /// Where callers stand with limits, for operators: an instance of throttle that counts nothing.
    Limits,
    /// The same for those before authentication.
    EarlyLimits,
}

/// How the policies are laid out in Envoy. They decide the same either way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// A module and a VM for each policy: a filter of one's own fits between them, and one that fails takes no other along.
    #[default]
    Chain,
    /// All policies in one module and one VM, configured as one: less CPU for each request, and less memory.
    Pipeline,
}

impl Plugin {
    /// All plugins in the order of the chain. A request without identity, or not as the document says, does not
    /// eat the caller's quota; only what passed everything is answered.
    pub const CHAIN: [Self; 6] =
        [Self::Routing, Self::EarlyThrottle, Self::Auth, Self::Schema, Self::Throttle, Self::Mock];

    /// All that have a module of their own.
    pub const ALL: [Self; 6] =
        [Self::Routing, Self::Auth, Self::Schema, Self::Throttle, Self::Mock, Self::Pipeline];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Routing => "routing",
            Self::EarlyThrottle => "early-throttle",
            Self::Auth => "auth",
            Self::Schema => "schema",
            Self::Throttle => "throttle",
            Self::Mock => "mock",
            Self::Pipeline => "pipeline",
            Self::Limits => "limits",
            Self::EarlyLimits => "early-limits",
        }
    }

    /// The plugin whose module it runs.
    #[must_use]
    pub fn module(self) -> Self {
        match self {
            Self::EarlyThrottle | Self::Limits | Self::EarlyLimits => Self::Throttle,
            other => other,
        }
    }

    /// The callbacks it needs beside those of its life cycle; Envoy makes no others.
    pub(crate) fn callbacks(self, wants: Wants) -> impl Iterator<Item = &'static str> {
        let of_requests: &[&str] = match self {
            Self::Routing
            | Self::EarlyThrottle
            | Self::Auth
            | Self::Mock
            | Self::Limits
            | Self::EarlyLimits => &["proxy_on_request_headers"],
            Self::Schema => {
                &["proxy_on_request_headers", "proxy_on_request_body", "proxy_on_request_trailers"]
            }
            Self::Throttle => &["proxy_on_request_headers", "proxy_on_response_headers"],
            Self::Pipeline => &[
                "proxy_on_request_headers",
                "proxy_on_request_body",
                "proxy_on_request_trailers",
                "proxy_on_response_headers",
            ],
        };
        // What waits for an answer must hold the body and the trailers, too.
        let of_questions: &[&str] = match wants.asks {
            true => &[
                "proxy_on_request_body",
                "proxy_on_request_trailers",
                "proxy_on_http_call_response",
                "proxy_on_tick",
            ],
            false => &[],
        };
        let of_responses: &[&str] = match wants.watches {
            true => &["proxy_on_response_headers", "proxy_on_response_body", "proxy_on_response_trailers"],
            false => &[],
        };
        let of_ends: &[&str] = if wants.settles { &["proxy_on_log"] } else { &[] };
        let of_counts: &[&str] = if wants.counts { &["proxy_on_tick"] } else { &[] };
        let all = of_requests.iter().chain(of_questions).chain(of_responses);
        all.chain(of_ends).chain(of_counts).copied()
    }
}

/// Each plugin's configuration as JSON. A plugin that would have nothing to do is left out.
pub type PluginConfigs = BTreeMap<Plugin, String>;

/// What a plugin needs of its host beyond what every plugin does, as it is configured.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wants {
    /// To ask servers.
    pub(crate) asks: bool,
    /// To know when requests end.
    pub(crate) settles: bool,
    /// To tell what it counts.
    pub(crate) counts: bool,
    /// To look at responses, or at bodies that go by.
    pub(crate) watches: bool,
}

/// The configurations, and what each plugin wants.
#[derive(Debug, Default)]
pub(crate) struct Configured {
    pub(crate) configs: PluginConfigs,
    pub(crate) wants: BTreeMap<Plugin, Wants>,
}

/// Why a configuration that was compiled is refused by its own plugin.
#[derive(Debug, thiserror::Error)]
#[error("the {} plugin refuses its configuration: {cause}", plugin.name())]
pub(crate) struct Refused {
    plugin: Plugin,
    cause: String,
}

/// Writes the configurations, and has every policy compile its own: what passes here passes in every VM.
pub(crate) fn configure(
    gateway: &Gateway,
    layout: Layout,
    apis: Vec<CompiledApi>,
) -> Result<Configured, Refused> {
    let mut parts = Parts::default();
    apis.into_iter().for_each(|api| parts.add(api));
    let shown = gateway.admin.map(|_| parts.shown(gateway));
    let mut configured = match layout {
        Layout::Chain => parts.chain(gateway)?,
        Layout::Pipeline => parts.pipeline(gateway)?,
    };
    for (plugin, config) in shown.into_iter().flatten() {
        add::<ThrottlePolicy>(&mut configured, plugin, config)?;
    }
    if gateway.errors == ErrorsFile::Wso2 {
        for config in configured.configs.values_mut() {
            *config = format!("{{\"errors\":\"wso2\",\"config\":{config}}}");
        }
    }
    Ok(configured)
}

fn add<C: PolicyChain>(configured: &mut Configured, plugin: Plugin, config: C::Config) -> Result<(), Refused>
where
    C::Config: Serialize,
{
    let refused = |cause: String| Refused { plugin, cause };
    let text = serde_json::to_string(&config).map_err(|cause| refused(cause.to_string()))?;
    let chain = C::compile(config).map_err(|cause| refused(cause.to_string()))?;
    let policies = || (0..).map_while(|at| chain.policy(at));
    let wants = Wants {
        asks: policies().any(|policy| policy.asks()),
        settles: policies().any(|policy| policy.settles()),
        counts: policies().any(|policy| !policy.metrics().is_empty()),
        watches: chain.watcher().is_some(),
    };
    configured.wants.insert(plugin, wants);
    configured.configs.insert(plugin, text);
    Ok(())
}

#[derive(Default)]
struct Parts {
    routing: Vec<ApiConfig<RoutingRule>>,
    auth: Vec<ApiConfig<AuthRule>>,
    schemes: BTreeMap<String, SchemeConfig>,
    schema: Vec<ApiConfig<SchemaRule>>,
    documents: BTreeMap<String, DocumentConfig>,
    throttle: Vec<ApiConfig<ThrottleRule>>,
    early_throttle: Vec<ApiConfig<ThrottleRule>>,
    mock: Vec<ApiConfig<MockRule>>,
}

impl Parts {
    fn add(&mut self, api: CompiledApi) {
        self.documents.extend(api.documents);
        self.routing.push(api.routing);
        self.auth.push(api.auth);
        self.schemes.extend(api.schemes);
        self.schema.push(api.schema);
        self.throttle.push(api.throttle);
        self.early_throttle.push(api.early_throttle);
        self.mock.push(api.mock);
    }

    /// Each plugin with its own operations.
    fn chain(self, gateway: &Gateway) -> Result<Configured, Refused> {
        let (limited, mocked) = (self.is_limited(gateway), self.is_mocked());
        let client_address = || gateway.client_address.clone();
        let mut configs = Configured::default();
        let routing = RoutingConfig { apis: self.routing, client_address: client_address() };
        let auth = auth(gateway, self.schemes);
        let auth = AuthConfig { apis: self.auth, client_address: client_address(), ..auth };
        let schema = SchemaConfig { apis: self.schema, ..schema(self.documents) };
        add::<RoutingPolicy>(&mut configs, Plugin::Routing, routing)?;
        if any_limit(&self.early_throttle) {
            let apis = self.early_throttle;
            let throttle =
                ThrottleConfig { apis, client_address: client_address(), ..early_throttle(gateway) };
            add::<ThrottlePolicy>(&mut configs, Plugin::EarlyThrottle, throttle)?;
        }
        add::<AuthPolicy>(&mut configs, Plugin::Auth, auth)?;
        add::<SchemaPolicy>(&mut configs, Plugin::Schema, schema)?;
        if limited {
            let apis = self.throttle;
            let throttle = ThrottleConfig { apis, client_address: client_address(), ..throttle(gateway) };
            add::<ThrottlePolicy>(&mut configs, Plugin::Throttle, throttle)?;
        }
        if mocked {
            add::<MockPolicy>(&mut configs, Plugin::Mock, MockConfig { apis: self.mock })?;
        }
        Ok(configs)
    }

    /// One configuration, in which each operation stands once.
    fn pipeline(self, gateway: &Gateway) -> Result<Configured, Refused> {
        let throttle = self.is_limited(gateway).then(|| throttle(gateway));
        let early_throttle = any_limit(&self.early_throttle).then(|| early_throttle(gateway));
        let limits = self.throttle.into_iter().zip(self.early_throttle);
        let rest = self.auth.into_iter().zip(self.schema).zip(limits).zip(self.mock);
        let apis = self.routing.into_iter().zip(rest).map(|(api, (((auth, schema), limits), mock))| {
            let rest = auth.operations.into_iter().zip(schema.operations);
            let limits = limits.0.operations.into_iter().zip(limits.1.operations);
            let rest = rest.zip(limits).zip(mock.operations);
            let operations = api.operations.into_iter().zip(rest);
            let operations =
                operations.map(|(operation, (((auth, schema), limits), mock))| OperationConfig {
                    key: operation.key,
                    method: operation.method,
                    path: operation.path,
                    when: operation.when,
                    rule: PipelineRule {
                        routing: operation.rule,
                        auth: auth.rule,
                        schema: schema.rule,
                        throttle: limits.0.rule,
                        early_throttle: limits.1.rule,
                        mock: mock.rule,
                    },
                });
            let operations = operations.collect();
            ApiConfig { name: api.name, hosts: api.hosts, base_path: api.base_path, operations }
        });
        let config = PipelineConfig {
            apis: apis.collect(),
            client_address: gateway.client_address.clone(),
            auth: auth(gateway, self.schemes),
            schema: schema(self.documents),
            throttle,
            early_throttle,
        };
        let mut configs = Configured::default();
        add::<Policies>(&mut configs, Plugin::Pipeline, config)?;
        Ok(configs)
    }

    /// What operators may ask about.
    fn shown(&self, gateway: &Gateway) -> Vec<(Plugin, ThrottleConfig)> {
        let show = |apis: &Vec<_>, config: ThrottleConfig| ThrottleConfig {
            apis: apis.clone(),
            shows: true,
            metrics: false,
            denials: Vec::new(),
            service: None,
            ..config
        };
        let mut shown = vec![(Plugin::Limits, show(&self.throttle, throttle(gateway)))];
        if any_limit(&self.early_throttle) {
            shown.push((Plugin::EarlyLimits, show(&self.early_throttle, early_throttle(gateway))));
        }
        shown
    }

    fn is_limited(&self, gateway: &Gateway) -> bool {
        let is_for_all = gateway.tiers.is_some() || !gateway.denials.is_empty();
        is_for_all || any_limit(&self.throttle)
    }

    fn is_mocked(&self) -> bool {
        self.mock.iter().flat_map(|api| &api.operations).any(|one| one.rule.mocked)
    }
}

fn auth(gateway: &Gateway, schemes: BTreeMap<String, SchemeConfig>) -> AuthConfig {
    let identity = &gateway.identity;
    AuthConfig {
        realm: identity.realm.clone().unwrap_or_else(|| DEFAULT_REALM.to_owned()),
        apis: Vec::new(),
        client_address: None,
        schemes,
        issuers: identity.issuers.clone(),
        introspections: identity.introspections.clone(),
        revocation: identity.revocation.clone(),
        user_store: identity.user_store.clone(),
        api_keys: identity.api_keys.clone(),
        users: identity.users.clone(),
        applications: identity.applications.clone(),
        subscription_feed: identity.subscription_feed.clone(),
        attempts: identity.attempts,
        certificates: identity.certificates.clone(),
        terminator: identity.terminator.clone(),
        backend_jwt: gateway.backend_jwt.as_ref().map(|backend_jwt| backend_jwt.config.clone()),
        key_service: gateway.key_service.as_ref().map(|service| service.config.clone()),
        identity_headers: gateway.identity_headers.clone(),
        judged_claims: limit::claims(gateway.limits.values()),
    }
}

fn schema(documents: BTreeMap<String, DocumentConfig>) -> SchemaConfig {
    SchemaConfig { apis: Vec::new(), documents, max_violations: MAX_VIOLATIONS }
}

fn any_limit(apis: &[ApiConfig<ThrottleRule>]) -> bool {
    apis.iter().flat_map(|api| &api.operations).any(|one| !one.rule.is_empty())
}

/// The instance before authentication.
fn early_throttle(gateway: &Gateway) -> ThrottleConfig {
    ThrottleConfig {
        apis: Vec::new(),
        client_address: None,
        limits: gateway.limits_where(|name| gateway.early_limits.contains(name)),
        slots: THROTTLE_SLOTS,
        early: true,
        ipv6_prefix: gateway.ipv6_prefix,
        shows: false,
        metrics: gateway.metrics,
        tiers: None,
        denials: Vec::new(),
        service: None,
    }
}

fn is_of_fleet(limit: &LimitConfig) -> bool {
    limit.fleet.is_some() || limit.groups.iter().any(|group| group.limit.fleet.is_some())
}

fn throttle(gateway: &Gateway) -> ThrottleConfig {
    ThrottleConfig {
        apis: Vec::new(),
        client_address: None,
        limits: gateway.limits_where(|name| !gateway.early_limits.contains(name)),
        slots: THROTTLE_SLOTS,
        early: false,
        ipv6_prefix: gateway.ipv6_prefix,
        shows: false,
        metrics: gateway.metrics,
        tiers: gateway.tiers.clone(),
        denials: gateway.denials.clone(),
        service: gateway.limit_service.clone().filter(|_| gateway.limits.values().any(is_of_fleet)),
    }
}
