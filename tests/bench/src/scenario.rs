//! What is sent while a subject is measured.

use clap::ValueEnum;

use crate::api::{BULK, FIVE};
use crate::failure::Result;
use crate::ground::{Ground, api_key, bench_folder};
use crate::subject::Subject;
use crate::tokens::Signer;
use crate::traffic::{Request, Traffic, orders};
use crate::wrk::Script;

/// More tokens than any subject keeps verdicts of.
const TOKENS: usize = 6000;

/// A kind of request, sent over and over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Scenario {
    /// A GET with a token and three parameters, answered by Envoy itself.
    Get,
    /// A POST of 1 KiB of JSON, answered by Envoy itself.
    Post,
    /// The GET, answered by a real upstream.
    GetUpstream,
    /// The POST, answered by a real upstream.
    PostUpstream,
    /// The GET, each time with a token that was not seen for long.
    GetRs256Uncached,
    /// No token.
    #[value(name = "rejected-401")]
    Rejected401,
    /// A parameter that is not as declared.
    #[value(name = "rejected-400")]
    Rejected400,
    /// A limit that is used up.
    #[value(name = "rejected-429")]
    Rejected429,
    /// No such operation.
    #[value(name = "rejected-404")]
    Rejected404,
    /// A GET with an API key.
    AuthApiKey,
    /// The GET with a token, always the same.
    AuthJwtCached,
    /// The GET, each time with a token that was not seen for long, signed with RS256.
    AuthRs256Uncached,
    /// The same with ES256.
    AuthEs256Uncached,
    /// The same with PS256.
    AuthPs256Uncached,
    /// The same with EdDSA.
    AuthEddsaUncached,
    /// A GET of an operation with one limit, without credential.
    ThrottleOne,
    /// The same with five limits.
    ThrottleFive,
    /// A POST of a list of orders that is 1 KiB of JSON.
    #[value(name = "schema-1-kib")]
    Schema1Kib,
    /// The same of 10 KiB.
    #[value(name = "schema-10-kib")]
    Schema10Kib,
    /// The same of 100 KiB.
    #[value(name = "schema-100-kib")]
    Schema100Kib,
}

impl Scenario {
    /// Those of a whole run.
    pub(crate) fn all() -> Vec<Self> {
        Self::value_variants().iter().copied().filter(|one| !one.is_of_part()).collect()
    }

    /// Whether it belongs to a part of what can be measured.
    fn is_of_part(self) -> bool {
        Self::auth().contains(&self) || Self::throttle().contains(&self) || self.body_bytes().is_some()
    }

    /// What validation costs, by the size of the body.
    pub(crate) fn schema() -> [Self; 3] {
        [Self::Schema1Kib, Self::Schema10Kib, Self::Schema100Kib]
    }

    /// How long the body is that a scenario of [`Self::schema`] validates.
    pub(crate) fn body_bytes(self) -> Option<usize> {
        match self {
            Self::Schema1Kib => Some(1 << 10),
            Self::Schema10Kib => Some(10 << 10),
            Self::Schema100Kib => Some(100 << 10),
            _ => None,
        }
    }

    /// What limits cost, and nothing beside them.
    pub(crate) fn throttle() -> [Self; 2] {
        [Self::ThrottleOne, Self::ThrottleFive]
    }

    /// What authentication costs, and nothing beside it.
    pub(crate) fn auth() -> [Self; 6] {
        [
            Self::AuthApiKey,
            Self::AuthJwtCached,
            Self::AuthRs256Uncached,
            Self::AuthEs256Uncached,
            Self::AuthPs256Uncached,
            Self::AuthEddsaUncached,
        ]
    }

    /// As it is written on the command line and in results.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Whether it is measured with the subject: one that cannot do what is asked has nothing to show. Bare Envoy and
    /// the empty filter do nothing, and are the measure for the others: they answer whatever comes.
    pub(crate) fn suits(self, subject: Subject) -> bool {
        let measure = matches!(subject, Subject::Bare | Subject::Empty | Subject::Floor);
        match self {
            Self::Schema1Kib | Self::Schema10Kib | Self::Schema100Kib => {
                measure || Subject::schema().contains(&subject)
            }
            _ if subject.is_node() => false,
            Self::Get | Self::Post | Self::GetRs256Uncached => subject.abilities().answers_here,
            Self::ThrottleOne | Self::ThrottleFive => measure || Subject::throttle().contains(&subject),
            Self::AuthApiKey => measure || subject.abilities().checks_keys,
            _ if Self::auth().contains(&self) => subject.abilities().answers_here,
            Self::GetUpstream | Self::PostUpstream => true,
            _refusal => measure || self.refused_by(subject),
        }
    }

    /// Whether the subject must refuse every request; else it may refuse none.
    pub(crate) fn refused_by(self, subject: Subject) -> bool {
        let can = subject.abilities();
        match self {
            Self::Get | Self::Post | Self::GetUpstream | Self::PostUpstream | Self::GetRs256Uncached => false,
            Self::Rejected401 => can.checks_tokens,
            Self::Rejected400 => can.checks_messages,
            Self::Rejected429 => can.limits,
            Self::Rejected404 => can.knows_operations,
            _part => false,
        }
    }

    /// The load for it.
    pub(crate) fn script(self, ground: &Ground) -> Result<Script> {
        let traffic = &ground.traffic;
        let requests = match self {
            Self::Get | Self::AuthJwtCached => vec![traffic.get()],
            Self::Post => vec![traffic.post()],
            Self::GetUpstream => vec![traffic.get().upstream()],
            Self::PostUpstream => vec![traffic.post().upstream()],
            Self::GetRs256Uncached | Self::AuthRs256Uncached => with_each(traffic, &ground.signer, "tokens")?,
            Self::AuthEs256Uncached => with_each(traffic, &Signer::es256(), "tokens-es256")?,
            Self::AuthPs256Uncached => with_each(traffic, &Signer::ps256(), "tokens-ps256")?,
            Self::AuthEddsaUncached => with_each(traffic, &Signer::eddsa(), "tokens-eddsa")?,
            Self::ThrottleOne => vec![traffic.anonymous_get()],
            Self::ThrottleFive => vec![Request::new("GET", FIVE)],
            Self::Schema1Kib | Self::Schema10Kib | Self::Schema100Kib => {
                vec![
                    Request::new("POST", BULK)
                        .json(orders(self.body_bytes().unwrap_or_default()).to_string()),
                ]
            }
            Self::AuthApiKey => vec![traffic.keyed(&api_key(0))],
            Self::Rejected401 => vec![traffic.anonymous_get()],
            Self::Rejected400 => vec![traffic.bad_parameter()],
            Self::Rejected429 => vec![traffic.limited()],
            Self::Rejected404 => vec![traffic.unknown()],
        };
        let bytes: Vec<Vec<u8>> = requests.iter().map(Request::bytes).collect();
        Script::sending(&bytes, &self.name(), ground.folder())
    }
}

/// The GET with each of many tokens, which are kept in a file.
fn with_each(traffic: &Traffic, signer: &Signer, file: &str) -> Result<Vec<Request>> {
    let tokens = signer.many(TOKENS, &bench_folder()?.join(file))?;
    Ok(tokens.iter().map(|token| traffic.anonymous_get().bearer(token)).collect())
}
