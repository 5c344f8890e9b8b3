//! The account that a token's claims tell of: `application`, `subscribedAPIs` and `keytype`, as WSO2's issuers write
//! them.

use std::rc::Rc;

use portcullis_config::auth::{SubscriptionConfig, SubscriptionStateConfig};
use portcullis_core::Environment;
use serde_json::{Map, Value, json};

use super::{Account, Application, check_state};
use crate::json::UniqueMembers;

/// Most subscriptions that are read; a token is 16 KiB at most.
const MAX_SUBSCRIPTIONS: usize = 256;

impl Account {
    /// The account of a token. What it says of application and subscriptions in another form says nothing, and then
    /// the application has subscribed to nothing; `Err` for an environment that nobody knows. An API key may have a tier of its
    /// own; an access token's `tier` may be anything.
    pub(crate) fn of_claims(
        claims: &UniqueMembers,
        is_key: bool,
    ) -> Result<Option<Self>, UnknownEnvironment> {
        let environment = match claims.get("keytype") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.eq_ignore_ascii_case("PRODUCTION") => {
                Some(Environment::Production)
            }
            Some(Value::String(text)) if text.eq_ignore_ascii_case("SANDBOX") => Some(Environment::Sandbox),
            Some(_) => return Err(UnknownEnvironment),
        };
        let (application, subscriptions) = (claims.get("application"), claims.get("subscribedAPIs"));
        let known = application.or(subscriptions).is_some();
        let application = known.then(|| Rc::new(read_application(application, subscriptions)));
        let tier = claims.text("tier").filter(|tier| is_key && !tier.is_empty()).map(str::to_owned);
        let account = Self { application, tier, environment };
        Ok((account != Self::default()).then_some(account))
    }
}

impl Account {
    /// What a key of the gateway's own says of it: its tier, application, and the subscriptions that may be used. The environment
    /// is told apart.
    pub(crate) fn claims(&self) -> Map<String, Value> {
        let tier = self.tier.iter().map(|tier| ("tier".to_owned(), tier.as_str().into()));
        let Some(application) = &self.application else { return tier.collect() };
        let environment = self.environment.unwrap_or(Environment::Production);
        let usable =
            application.subscriptions.iter().filter(|one| check_state(one.state, environment).is_ok());
        let subscribed: Vec<Value> = usable
            .map(|one| {
                json!({ "name": one.api, "version": one.version.as_deref().unwrap_or("*"), "subscriptionTier": one.tier })
            })
            .collect();
        let told = json!({ "name": application.name, "tier": application.tier });
        let of_application =
            [("application".to_owned(), told), ("subscribedAPIs".to_owned(), subscribed.into())];
        tier.chain(of_application).collect()
    }
}

/// `keytype` is neither `PRODUCTION` nor `SANDBOX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnknownEnvironment;

fn read_application(application: Option<&Value>, subscriptions: Option<&Value>) -> Application {
    let text = |name| application.and_then(|application| text(application, name));
    let subscriptions = subscriptions.and_then(Value::as_array).into_iter().flatten();
    Application {
        name: text("name").unwrap_or_default(),
        tier: text("tier"),
        subscriptions: subscriptions.take(MAX_SUBSCRIPTIONS).filter_map(subscription).collect(),
    }
}

/// Of any state: an issuer lists those that may be used.
fn subscription(value: &Value) -> Option<SubscriptionConfig> {
    let version = text(value, "version")?;
    Some(SubscriptionConfig {
        api: text(value, "name")?,
        version: (version != "*").then_some(version),
        tier: text(value, "subscriptionTier"),
        state: SubscriptionStateConfig::Active,
    })
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use portcullis_config::auth::{EndpointsConfig, SubscribedApiConfig};

    use super::*;
    use crate::account::{Admission, NotAdmitted};

    fn read(claims: &str) -> Result<Option<Account>, UnknownEnvironment> {
        Account::of_claims(&serde_json::from_str(claims).unwrap(), false)
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn environments_are_named_or_refused() {
        let cases = [
            ("{}", Ok(None)),
            (r#"{"keytype":null}"#, Ok(None)),
            (r#"{"keytype":"PRODUCTION"}"#, Ok(Some(Environment::Production))),
            (r#"{"keytype":"sandbox"}"#, Ok(Some(Environment::Sandbox))),
            (r#"{"keytype":"STAGING"}"#, Err(UnknownEnvironment)),
            (r#"{"keytype":""}"#, Err(UnknownEnvironment)),
            (r#"{"keytype":["SANDBOX"]}"#, Err(UnknownEnvironment)),
        ];
        for (claims, expected) in cases {
            let found = read(claims).map(|account| account.and_then(|account| account.environment));
            assert_eq!(found, expected, "{claims}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn subscriptions_name_apis_and_versions() {
        let api = SubscribedApiConfig { api: "books".into(), version: "1.0".into() };
        let admission = Admission::new(Some(api), EndpointsConfig::default());
        let cases = [
            (r#"[{"name":"books","version":"1.0"}]"#, Ok(())),
            (r#"[{"name":"books","version":"*"}]"#, Ok(())),
            (
                r#"[{"name":"x","version":"*"},{"name":"books","version":"1.0","subscriptionTier":"Gold"}]"#,
                Ok(()),
            ),
            (r#"[{"name":"books","version":"2.0"}]"#, Err(NotAdmitted::NotSubscribed)),
            (r#"[{"name":"books"}]"#, Err(NotAdmitted::NotSubscribed)),
            (r#"[{"name":"Books","version":"*"}]"#, Err(NotAdmitted::NotSubscribed)),
            (r#"[{"name":"","version":"*"}]"#, Err(NotAdmitted::NotSubscribed)),
            (r#"["books"]"#, Err(NotAdmitted::NotSubscribed)),
            (r#"{"name":"books","version":"*"}"#, Err(NotAdmitted::NotSubscribed)),
            ("[]", Err(NotAdmitted::NotSubscribed)),
            ("null", Err(NotAdmitted::NotSubscribed)),
        ];
        for (subscribed, expected) in cases {
            let account = read(&format!(r#"{{"subscribedAPIs":{subscribed}}}"#)).unwrap();
            assert_eq!(admission.check(account.as_ref(), None), expected, "{subscribed}");
        }
        assert_eq!(admission.check(None, None), Err(NotAdmitted::NotSubscribed));
        assert_eq!(
            admission.check(read(r#"{"application":{"name":"books"}}"#).unwrap().as_ref(), None),
            Err(NotAdmitted::NotSubscribed)
        );
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_caller_has_the_tiers_of_its_application_and_subscription() {
        let claims = r#"{"application":{"name":"shop","tier":"Large","owner":"ada"},
            "subscribedAPIs":[{"name":"books","version":"*","subscriptionTier":"Gold"}],"keytype":"SANDBOX"}"#;
        let account = read(claims).unwrap();
        let api = SubscribedApiConfig { api: "books".into(), version: "1".into() };
        let terms =
            Admission::new(Some(api), EndpointsConfig::default()).terms(account.as_ref(), None).unwrap();
        let texts = (terms.application.as_deref(), terms.application_tier.as_deref(), terms.tier.as_deref());
        assert_eq!(texts, (Some("shop"), Some("Large"), Some("Gold")));
        assert_eq!(terms.environment, Some(Environment::Sandbox));
    }
}
