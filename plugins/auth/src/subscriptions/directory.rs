//! What the feed says, by what requests ask for.

use std::collections::HashMap;
use std::rc::Rc;

use portcullis_config::auth::{SubscribedApiConfig, SubscriptionConfig, SubscriptionStateConfig};

use super::document::{self, Document, Life, State};
use crate::account::Application;

/// One edition.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) edition: u64,
    by_name: HashMap<String, Rc<Application>>,
    by_consumer: HashMap<String, Rc<Application>>,
    /// APIs and their versions; absent: all versions.
    blocked: Vec<(String, Option<String>)>,
}

impl Directory {
    pub(super) fn new(document: Document, edition: u64) -> Self {
        let (mut by_name, mut by_consumer) = (HashMap::new(), HashMap::new());
        for one in document.applications {
            let subscriptions = one.subscriptions.into_iter().map(subscription).collect();
            let application = Rc::new(Application::new(one.name.clone(), one.tier, subscriptions));
            by_consumer.extend(one.consumers.into_iter().map(|consumer| (consumer, Rc::clone(&application))));
            by_name.insert(one.name, application);
        }
        let blocked = document.apis.into_iter().filter(|api| api.state == Life::Blocked);
        let blocked = blocked.map(|api| (api.name, version(api.version))).collect();
        Self { edition, by_name, by_consumer, blocked }
    }

    pub(super) fn named(&self, name: &str) -> Option<&Rc<Application>> {
        self.by_name.get(name)
    }

    pub(super) fn of_consumer(&self, consumer: &str) -> Option<&Rc<Application>> {
        self.by_consumer.get(consumer)
    }

    pub(super) fn is_blocked(&self, api: &SubscribedApiConfig) -> bool {
        let is_this = |(name, version): &(String, Option<String>)| {
            *name == api.api && version.as_ref().is_none_or(|version| *version == api.version)
        };
        self.blocked.iter().any(is_this)
    }
}

fn subscription(one: document::Subscription) -> SubscriptionConfig {
    let state = match one.state {
        State::Active => SubscriptionStateConfig::Active,
        State::Blocked => SubscriptionStateConfig::Blocked,
        State::ProductionBlocked => SubscriptionStateConfig::ProductionBlocked,
        State::OnHold => SubscriptionStateConfig::OnHold,
        State::Rejected => SubscriptionStateConfig::Rejected,
    };
    SubscriptionConfig { api: one.api, version: version(one.version), tier: one.tier, state }
}

fn version(version: Option<String>) -> Option<String> {
    version.filter(|version| version != "*")
}
