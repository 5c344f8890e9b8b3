//! Who may not call at all, and until when.

use std::collections::HashMap;

use portcullis_config::throttle::DenialConfig;
use portcullis_core::{AddressRange, Env};

use crate::invalid::InvalidThrottle;

/// Most rules that name nobody: each costs a comparison with every request.
const MOST_NAMELESS: usize = 1_000;

/// Rules that deny, by the most telling name that they have.
#[derive(Debug, Default)]
pub(crate) struct Denials {
    by_consumer: HashMap<String, Vec<Denial>>,
    by_application: HashMap<String, Vec<Denial>>,
    by_api: HashMap<String, Vec<Denial>>,
    nameless: Vec<Denial>,
}

/// One rule, less the name under which it stands.
#[derive(Debug)]
struct Denial {
    api: Option<String>,
    application: Option<String>,
    addresses: Vec<AddressRange>,
    until: Option<u64>,
}

impl Denials {
    pub(crate) fn new(configs: Vec<DenialConfig>) -> Result<Self, InvalidThrottle> {
        let mut denials = Self::default();
        for config in configs {
            let DenialConfig { api, application, consumer, addresses, until } = config;
            if api.is_none() && application.is_none() && consumer.is_none() && addresses.is_empty() {
                return Err(InvalidThrottle::EmptyDenial);
            }
            let range = |text: &String| {
                AddressRange::parse(text).ok_or_else(|| InvalidThrottle::DenialAddress(text.clone()))
            };
            let addresses = addresses.iter().map(range).collect::<Result<_, _>>()?;
            let mut denial = Denial { api, application, addresses, until };
            let place = if let Some(consumer) = consumer {
                denials.by_consumer.entry(consumer).or_default()
            } else if let Some(application) = denial.application.take() {
                denials.by_application.entry(application).or_default()
            } else if let Some(api) = denial.api.take() {
                denials.by_api.entry(api).or_default()
            } else {
                &mut denials.nameless
            };
            place.push(denial);
        }
        if denials.nameless.len() > MOST_NAMELESS {
            return Err(InvalidThrottle::TooManyDenials);
        }
        Ok(denials)
    }

    /// Whether a rule denies the caller this API.
    pub(crate) fn deny(&self, api: &str, env: &dyn Env) -> bool {
        let identity = env.identity();
        let consumer = identity.as_ref().map(|identity| identity.consumer());
        let terms = identity.as_ref().and_then(|identity| identity.terms());
        let application = terms.and_then(|terms| terms.application.as_deref());
        let named = [
            consumer.and_then(|name| self.by_consumer.get(name)),
            application.and_then(|name| self.by_application.get(name)),
            self.by_api.get(api),
            Some(&self.nameless),
        ];
        named.into_iter().flatten().flatten().any(|denial| denial.holds(api, application, env))
    }
}

impl Denial {
    fn holds(&self, api: &str, application: Option<&str>, env: &dyn Env) -> bool {
        self.api.as_deref().is_none_or(|denied| denied == api)
            && self.application.as_deref().is_none_or(|denied| application == Some(denied))
            && self.until.is_none_or(|until| env.now().seconds() < until)
            && (self.addresses.is_empty() || self.is_from_there(env))
    }

    /// Who hides the address fits all of them.
    fn is_from_there(&self, env: &dyn Env) -> bool {
        env.client().is_none_or(|client| self.addresses.iter().any(|range| range.contains(client)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_core::testing::{FakeEnv, START};
    use portcullis_core::{Identity, Terms};
    use serde_json::{Value, json};

    fn denials(configs: Value) -> Result<Denials, InvalidThrottle> {
        Denials::new(serde_json::from_value(configs).unwrap())
    }

    fn env(consumer: Option<&str>, application: Option<&str>, address: &str) -> FakeEnv {
        let env = FakeEnv::new().with_peer(address);
        let Some(consumer) = consumer else { return env };
        let terms = Terms { application: application.map(str::to_owned), ..Terms::default() };
        env.with_identity(Identity::new(consumer.into(), "".into(), [].into()).on_terms(Some(terms)))
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_rule_denies_whoever_fits_all_of_it() {
        let now = START.seconds();
        let ann = || env(Some("ann"), Some("mobile"), "192.0.2.1");
        let nobody = || env(None, None, "192.0.2.1");
        let cases = [
            ("the consumer", json!({"consumer": "ann"}), ann(), true),
            ("another consumer", json!({"consumer": "bob"}), ann(), false),
            ("an application of the name", json!({"application": "ann"}), ann(), false),
            ("the application", json!({"application": "mobile"}), ann(), true),
            ("the API", json!({"api": "pets"}), nobody(), true),
            ("another API", json!({"api": "shop"}), ann(), false),
            ("the range", json!({"addresses": ["10.0.0.0/8", "192.0.2.0/24"]}), nobody(), true),
            ("another range", json!({"addresses": ["10.0.0.0/8"]}), ann(), false),
            ("no address", json!({"addresses": ["10.0.0.0/8"]}), env(None, None, ""), true),
            ("IPv4 as IPv6", json!({"addresses": ["192.0.2.1"]}), env(None, None, "::ffff:192.0.2.1"), true),
            ("both", json!({"consumer": "ann", "api": "pets", "application": "mobile"}), ann(), true),
            ("half", json!({"consumer": "ann", "api": "shop"}), ann(), false),
            ("the other half", json!({"application": "mobile", "addresses": ["10.0.0.1"]}), ann(), false),
            ("not yet over", json!({"consumer": "ann", "until": now + 1}), ann(), true),
            ("over", json!({"consumer": "ann", "until": now}), ann(), false),
        ];
        for (name, config, env, expected) in cases {
            assert_eq!(denials(json!([config])).unwrap().deny("pets", &env), expected, "{name}");
        }
        let several = json!([{"consumer": "ann", "until": 1}, {"consumer": "ann"}]);
        assert!(denials(several).unwrap().deny("pets", &ann()), "one that is over does not hide another");
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn rules_that_mean_everybody_nobody_or_too_much_are_refused() {
        let many: Vec<Value> = (0..=MOST_NAMELESS).map(|_| json!({"addresses": ["192.0.2.1"]})).collect();
        let cases = [
            (json!([{"until": 1}]), InvalidThrottle::EmptyDenial),
            (json!([{"addresses": ["10.0.0.1/8"]}]), InvalidThrottle::DenialAddress("10.0.0.1/8".into())),
            (json!(many), InvalidThrottle::TooManyDenials),
        ];
        for (configs, expected) in cases {
            assert_eq!(denials(configs).err(), Some(expected));
        }
    }
}
