//! What a credential says beside its consumer and scopes: application, tiers, subscriptions and environment; and
//! whether that suffices for an operation.

mod claims;

use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_config::auth::{
    AccountConfig, ApplicationConfig, EndpointsConfig, EnvironmentConfig, SubscribedApiConfig,
    SubscriptionConfig, SubscriptionStateConfig,
};
use portcullis_core::{Environment, Terms};

use crate::subscriptions::Fed;

/// Of one credential; most say nothing, and have none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Account {
    application: Option<Rc<Application>>,
    tier: Option<String>,
    environment: Option<Environment>,
}

/// What the credentials of an application have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Application {
    name: String,
    tier: Option<String>,
    subscriptions: Vec<SubscriptionConfig>,
}

/// What an operation asks of accounts.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    /// The API to which callers must have subscribed; none: they need not.
    subscribed: Option<SubscribedApiConfig>,
    endpoints: EndpointsConfig,
}

/// Why an account does not suffice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAdmitted {
    /// Its application has not subscribed to the API.
    NotSubscribed,
    /// The subscription is blocked for the time being.
    Blocked,
    /// The subscription is on hold or was rejected.
    Inactive,
    /// The credential is for production, for which there is no endpoint.
    NoProduction,
    /// The credential is for the sandbox, for which there is no endpoint.
    NoSandbox,
}

/// The applications of keys and users, by name.
#[derive(Debug, Default)]
pub(crate) struct Applications {
    known: BTreeMap<String, Rc<Application>>,
    /// Whether a feed knows others.
    are_fed: bool,
}

impl Application {
    pub(crate) fn new(name: String, tier: Option<String>, subscriptions: Vec<SubscriptionConfig>) -> Self {
        Self { name, tier, subscriptions }
    }

    fn subscription(&self, to: &SubscribedApiConfig) -> Option<&SubscriptionConfig> {
        let version = |one: &&SubscriptionConfig| one.version.as_ref().is_none_or(|one| *one == to.version);
        self.subscriptions.iter().filter(|one| one.api == to.api).find(version)
    }
}

impl Applications {
    pub(crate) fn compile(configs: BTreeMap<String, ApplicationConfig>, are_fed: bool) -> Self {
        let compile = |(name, config): (String, ApplicationConfig)| {
            let (tier, subscriptions) = (config.tier, config.subscriptions);
            (name.clone(), Rc::new(Application { name, tier, subscriptions }))
        };
        Self { known: configs.into_iter().map(compile).collect(), are_fed }
    }

    /// The account of a key or user, which may say nothing; `None` when its application is not known.
    pub(crate) fn account(&self, config: AccountConfig) -> Option<Option<Account>> {
        let application = match &config.application {
            Some(name) => Some(self.find(name)?),
            None => None,
        };
        Some(Account::compile(config, application))
    }

    fn find(&self, name: &str) -> Option<Rc<Application>> {
        let fed = || self.are_fed.then(|| Rc::new(Application::new(name.to_owned(), None, Vec::new())));
        self.known.get(name).cloned().or_else(fed)
    }
}

impl Account {
    fn compile(config: AccountConfig, application: Option<Rc<Application>>) -> Option<Self> {
        let environment = config.environment.map(|environment| match environment {
            EnvironmentConfig::Production => Environment::Production,
            EnvironmentConfig::Sandbox => Environment::Sandbox,
        });
        let account = Self { application, tier: config.tier, environment };
        (account != Self::default()).then_some(account)
    }

    /// Bytes of its texts.
    pub(crate) fn size(&self) -> usize {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let subscription = |one: &SubscriptionConfig| {
            size_of::<SubscriptionConfig>() + one.api.len() + length(&one.version) + length(&one.tier)
        };
        let application = self.application.as_ref().map_or(0, |application| {
            application.name.len()
                + length(&application.tier)
                + application.subscriptions.iter().map(subscription).sum::<usize>()
        });
        application + length(&self.tier)
    }

    /// The environment that the credential is for, if it says so.
    pub(crate) fn environment(&self) -> Option<Environment> {
        self.environment
    }

    /// The application that the credential names.
    pub(crate) fn application_name(&self) -> Option<&str> {
        self.application.as_ref().map(|application| application.name.as_str()).filter(|name| !name.is_empty())
    }
}

impl NotAdmitted {
    /// What the client is told, as WSO2's gateways have it.
    pub(crate) fn told(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::NotSubscribed => {
                (403, "subscription-missing", "The credential's application has not subscribed to this API.")
            }
            Self::Blocked => (401, "subscription-blocked", "The subscription to this API is blocked."),
            Self::Inactive => (403, "subscription-inactive", "The subscription to this API is not active."),
            Self::NoProduction => (
                403,
                "production-endpoint-missing",
                "The credential is for production, and this API has no such endpoint.",
            ),
            Self::NoSandbox => (
                403,
                "sandbox-endpoint-missing",
                "The credential is for the sandbox, and this API has no such endpoint.",
            ),
        }
    }
}

impl Admission {
    pub(crate) fn new(subscribed: Option<SubscribedApiConfig>, endpoints: EndpointsConfig) -> Self {
        Self { subscribed, endpoints }
    }

    /// Whether it is asked what the caller's application has subscribed to.
    pub(crate) fn asks_for_subscription(&self) -> bool {
        self.subscribed.is_some()
    }

    /// Whether a caller with this account may call. What is `fed` of its application goes before what it says itself.
    pub(crate) fn check(&self, account: Option<&Account>, fed: Option<&Fed>) -> Result<(), NotAdmitted> {
        let environment = environment(account);
        if let Some(api) = &self.subscribed {
            let found = application(account, fed).and_then(|application| application.subscription(api));
            check_state(found.ok_or(NotAdmitted::NotSubscribed)?.state, environment)?;
        }
        match environment {
            Environment::Production if self.endpoints.no_production => Err(NotAdmitted::NoProduction),
            Environment::Sandbox if self.endpoints.sandbox.is_none() => Err(NotAdmitted::NoSandbox),
            _ => Ok(()),
        }
    }

    /// The route for a caller who may call, where it is not the one that the routing plugin has chosen.
    pub(crate) fn route(&self, account: Option<&Account>) -> Option<&str> {
        let sandbox = self.endpoints.sandbox.as_deref()?;
        (environment(account) == Environment::Sandbox).then_some(sandbox)
    }

    /// The terms of a caller; `None` where there is nothing to say.
    pub(crate) fn terms(&self, account: Option<&Account>, fed: Option<&Fed>) -> Option<Terms> {
        let application = application(account, fed);
        if account.is_none() && application.is_none() {
            return None;
        }
        let booked = self.subscribed.as_ref().and_then(|api| application?.subscription(api)?.tier.as_ref());
        Some(Terms {
            application: application.map(|application| application.name.clone()),
            application_tier: application.and_then(|application| application.tier.clone()),
            tier: booked.or(account.and_then(|account| account.tier.as_ref())).cloned(),
            environment: account.and_then(|account| account.environment),
        })
    }
}

fn application<'a>(account: Option<&'a Account>, fed: Option<&'a Fed>) -> Option<&'a Application> {
    match fed {
        Some(fed) => fed.application.as_deref(),
        None => account?.application.as_deref(),
    }
}

/// A credential that says nothing is for production.
fn environment(account: Option<&Account>) -> Environment {
    account.and_then(|account| account.environment).unwrap_or(Environment::Production)
}

fn check_state(state: SubscriptionStateConfig, environment: Environment) -> Result<(), NotAdmitted> {
    match state {
        SubscriptionStateConfig::Active => Ok(()),
        SubscriptionStateConfig::Blocked => Err(NotAdmitted::Blocked),
        SubscriptionStateConfig::ProductionBlocked if environment == Environment::Production => {
            Err(NotAdmitted::Blocked)
        }
        SubscriptionStateConfig::ProductionBlocked => Ok(()),
        SubscriptionStateConfig::OnHold | SubscriptionStateConfig::Rejected => Err(NotAdmitted::Inactive),
    }
}
