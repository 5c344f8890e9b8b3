//! Who the caller is, and on what terms, once authentication has said so. Travels between the plugins of a chain as one line
//! of text that a client cannot forge, because only plugins can write it.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::percent::decode;

/// What begins the last member of the line, if it is there: no value has an `&`.
const CREDENTIAL: &str = "&credential=";

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Identity {
    consumer: Rc<str>,
    scheme: Rc<str>,
    scopes: Rc<[String]>,
    terms: Option<Box<Terms>>,
    /// See [`Identity::credential`].
    credential: Option<Rc<str>>,
    claims: Option<Rc<Claims>>,
    line: OnceCell<String>,
}

/// Claims of a token that later policies judge by, each member of a list for itself: names and texts.
pub type Claims = [(String, String)];

/// On what terms somebody calls, as far as the credential says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// The application that the credential belongs to.
    pub application: Option<String>,
    /// The application's tier.
    pub application_tier: Option<String>,
    /// The tier of the subscription to this API, or of the credential itself.
    pub tier: Option<String>,
    /// The environment that the credential is for.
    pub environment: Option<Environment>,
}

/// Which of an API's endpoints a credential is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// The real one.
    Production,
    /// The one for trying out.
    Sandbox,
}

impl Identity {
    /// A caller, by what its credential says and who vouched for it.
    pub fn new(consumer: Rc<str>, scheme: Rc<str>, scopes: Rc<[String]>) -> Self {
        let (terms, claims, credential) = (None, None, None);
        Self { consumer, scheme, scopes, terms, claims, credential, line: OnceCell::new() }
    }

    /// The same caller on these terms.
    #[must_use]
    pub fn on_terms(self, terms: Option<Terms>) -> Self {
        Self {
            terms: terms.filter(|terms| *terms != Terms::default()).map(Box::new),
            line: OnceCell::new(),
            ..self
        }
    }

    /// The same caller by a credential that is known by this.
    #[must_use]
    pub fn by_credential(self, credential: Option<Rc<str>>) -> Self {
        Self { credential, line: OnceCell::new(), ..self }
    }

    /// What tells the credential from others in logs: the first digits of the SHA-256 of a token or key; `None` where that
    /// would help to guess it.
    pub fn credential(&self) -> Option<&str> {
        self.credential.as_deref()
    }

    /// The same caller with these claims.
    #[must_use]
    pub fn with_claims(self, claims: Option<Rc<Claims>>) -> Self {
        Self { claims: claims.filter(|claims| !claims.is_empty()), line: OnceCell::new(), ..self }
    }

    /// The values of a claim, if the token has it and it was kept.
    pub fn claim<'c>(&'c self, name: &'c str) -> impl Iterator<Item = &'c str> {
        let claims = self.claims.as_deref().unwrap_or_default();
        claims.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// On what terms the caller calls; `None` when nothing is known of them.
    pub fn terms(&self) -> Option<&Terms> {
        self.terms.as_deref()
    }

    /// Who is charged and logged: the key's consumer, the user, or the token's client or subject.
    pub fn consumer(&self) -> &str {
        &self.consumer
    }

    /// The security scheme that vouched for it, by its name in the document.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// What the credential grants.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// One line: `consumer=…&scheme=…&scopes=…`, what is known of `application`, `application-tier`, `tier` and
    /// `environment`, a `claim=NAME+VALUE` for each that later policies judge by, and last `credential`, values
    /// percent-encoded. Written once, since callers come again.
    pub fn line(&self) -> &str {
        self.line.get_or_init(|| {
            let mut line = String::from("consumer=");
            encode_into(&self.consumer, &mut line);
            line.push_str("&scheme=");
            encode_into(&self.scheme, &mut line);
            line.push_str("&scopes=");
            for (at, scope) in self.scopes.iter().enumerate() {
                if at > 0 {
                    line.push('+');
                }
                encode_into(scope, &mut line);
            }
            if let Some(terms) = &self.terms {
                terms.write(&mut line);
            }
            for (name, value) in self.claims.iter().flat_map(|claims| claims.iter()) {
                line.push_str("&claim=");
                encode_into(name, &mut line);
                line.push('+');
                encode_into(value, &mut line);
            }
            if let Some(credential) = &self.credential {
                line.push_str(CREDENTIAL);
                encode_into(credential, &mut line);
            }
            line
        })
    }

    /// [`Identity::line`] without the credential: the same for all by which the caller may come.
    pub fn line_of_caller(&self) -> &str {
        let line = self.line();
        line.rsplit_once(CREDENTIAL).map_or(line, |(caller, _)| caller)
    }

    /// Reads what [`Identity::line`] wrote; `None` for anything else.
    pub fn from_line(line: &str) -> Option<Self> {
        let rest = line.strip_prefix("consumer=")?;
        let (consumer, rest) = rest.split_once("&scheme=")?;
        let (scheme, rest) = rest.split_once("&scopes=")?;
        let (scopes, terms) =
            rest.split_once('&').map_or((rest, None), |(scopes, terms)| (scopes, Some(terms)));
        let text = |encoded: &str| decode(encoded).ok().map(|text| text.into_owned());
        let scopes = scopes.split('+').filter(|scope| !scope.is_empty()).map(text).collect::<Option<_>>()?;
        let identity = Self::new(text(consumer)?.into(), text(scheme)?.into(), scopes);
        let Some(rest) = terms else { return Some(identity) };
        let mut claims = Vec::new();
        let (terms, credential) = Terms::read(rest, &mut claims)?;
        let identity = identity.with_claims((!claims.is_empty()).then(|| claims.into()));
        Some(identity.on_terms(Some(terms)).by_credential(credential))
    }
}

impl Terms {
    fn write(&self, line: &mut String) {
        let environment = self.environment.map(Environment::name);
        let members = [
            ("&application=", self.application.as_deref()),
            ("&application-tier=", self.application_tier.as_deref()),
            ("&tier=", self.tier.as_deref()),
            ("&environment=", environment),
        ];
        for (name, value) in members {
            if let Some(value) = value {
                line.push_str(name);
                encode_into(value, line);
            }
        }
    }

    /// The terms, and the credential; claims stand there too.
    fn read(line: &str, claims: &mut Vec<(String, String)>) -> Option<(Self, Option<Rc<str>>)> {
        let (mut terms, mut credential) = (Self::default(), None);
        for member in line.split('&') {
            let (name, value) = member.split_once('=')?;
            if name == "claim" {
                let (name, value) = value.split_once('+')?;
                claims.push((decode(name).ok()?.into_owned(), decode(value).ok()?.into_owned()));
                continue;
            }
            let value = decode(value).ok()?.into_owned();
            match name {
                "application" => terms.application = Some(value),
                "application-tier" => terms.application_tier = Some(value),
                "tier" => terms.tier = Some(value),
                "environment" => terms.environment = Some(Environment::of_name(&value)?),
                "credential" => credential = Some(value.into()),
                _ => return None,
            }
        }
        Some((terms, credential))
    }
}

impl Environment {
    /// `production` or `sandbox`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Sandbox => "sandbox",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        [Self::Production, Self::Sandbox].into_iter().find(|one| one.name() == name)
    }
}

/// Whether they are the same caller, written down or not.
impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        (&self.consumer, &self.scheme, &self.scopes, &self.terms, &self.claims, &self.credential)
            == (&other.consumer, &other.scheme, &other.scopes, &other.terms, &other.claims, &other.credential)
    }
}

impl Eq for Identity {}

fn encode_into(text: &str, line: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@:/".contains(&byte) {
            line.push(byte as char);
        } else {
            line.push('%');
            for half in [byte >> 4, byte & 15] {
                line.push(char::from_digit(half.into(), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn an_identity_survives_its_line(consumer in ".{0,20}", scheme in ".{0,8}", scopes in proptest::collection::vec(".{1,8}", 0..4)) {
            let identity = Identity::new(consumer.into(), scheme.into(), scopes.into());
            proptest::prop_assert_eq!(Identity::from_line(identity.line()), Some(identity));
        }

        #[test]
        fn a_credential_survives_the_line(credential in proptest::option::of(".{0,9}"), tier in proptest::option::of(".{0,9}")) {
            let terms = Terms { tier, ..Terms::default() };
            let caller = Identity::new("a".into(), "s".into(), [].into()).on_terms(Some(terms));
            let identity = caller.clone().by_credential(credential.map(Into::into));
            proptest::prop_assert_eq!(identity.line_of_caller(), caller.line());
            proptest::prop_assert_eq!(Identity::from_line(identity.line()), Some(identity));
        }

        #[test]
        fn claims_survive_the_line(claims in proptest::collection::vec((".{0,9}", ".{0,9}"), 0..4), tier in proptest::option::of(".{0,9}")) {
            let terms = Terms { tier, ..Terms::default() };
            let identity = Identity::new("a".into(), "s".into(), [].into()).on_terms(Some(terms));
            let identity = identity.with_claims(Some(claims.clone().into())).by_credential(Some("c".into()));
            let read = Identity::from_line(identity.line());
            for (name, value) in &claims {
                proptest::prop_assert!(read.as_ref().is_some_and(|read| read.claim(name).any(|one| one == value)));
            }
            proptest::prop_assert_eq!(read, Some(identity));
        }

        #[test]
        fn terms_survive_the_line(application in proptest::option::of(".{0,9}"), tier in proptest::option::of(".{0,9}"), sandbox: bool) {
            let environment = sandbox.then_some(Environment::Sandbox);
            let terms = Terms { application_tier: application.clone(), application, tier, environment };
            let identity = Identity::new("a&b".into(), "s".into(), ["x".into()].into()).on_terms(Some(terms));
            proptest::prop_assert_eq!(Identity::from_line(identity.line()), Some(identity));
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn other_text_is_no_identity() {
        for line in [
            "",
            "consumer=a",
            "consumer=a&scheme=b",
            "consumer=%zz&scheme=b&scopes=",
            "consumer=a&scheme=b&scopes=&x=y",
            "consumer=a&scheme=b&scopes=&environment=x",
            "consumer=a&scheme=b&scopes=&",
            "consumer=a&scheme=b&scopes=&claim=x",
            "consumer=a&scheme=b&scopes=&claim=%zz+x",
            "x",
        ] {
            assert_eq!(Identity::from_line(line), None, "{line}");
        }
    }
}
