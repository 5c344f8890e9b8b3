//! Who is counted: callers and counts become numbers, so that a slot holds no name and no address, and
//! nobody can choose whose count to share.

use std::borrow::Cow;
use std::cell::OnceCell;

use portcullis_config::throttle::LimitKeyConfig;
use sha2::{Digest as _, Sha256};

use crate::attribute::{Attribute, Subject};
use crate::known::Known;

/// What a text or address is known by: the first 16 bytes of its SHA-256. There is no secret in a plugin's
/// configuration and no randomness that all workers share, so the hash must do without a key: finding
/// somebody else's tag costs 2^64 hashes, and whoever picks slots finds [`crate::slot::Slot`] bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Fingerprint {
    /// Tells callers of one slot apart.
    pub(crate) tag: u64,
    /// Chooses the slot.
    pub(crate) spread: u64,
}

impl Fingerprint {
    /// Of parts that cannot run into one another.
    pub(crate) fn of(kind: u8, parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        hash.update([kind]);
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self::from_hash(hash)
    }

    fn from_hash(hash: Sha256) -> Self {
        let digest = hash.finalize();
        let (words, _) = digest.as_slice().as_chunks::<8>();
        let word = |at: usize| words.get(at).copied().map(u64::from_le_bytes).unwrap_or_default();
        Self { tag: word(0), spread: word(1) }
    }

    /// Of two things together, each already a fingerprint.
    pub(crate) fn with(self, other: Self) -> Self {
        Self { tag: self.tag ^ other.tag, spread: self.spread ^ other.spread }
    }
}

/// A caller, as a limit counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) fingerprint: Fingerprint,
    /// Whether there are only as many of these as there are credentials. Addresses come for nothing, and
    /// have their own half of the table.
    pub(crate) verified: bool,
}

/// Who is counted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    Consumer,
    Address,
    All,
    Application,
    Subscription,
    /// Whoever has all of these in common.
    Parts(Vec<Attribute>),
}

/// Most parts of a key: each may cost a search in the head.
const MOST_PARTS: usize = 8;

impl Key {
    /// `None` for no parts, too many, or one that nothing can have.
    pub(crate) fn new(config: &LimitKeyConfig) -> Option<Self> {
        Some(match config {
            LimitKeyConfig::Consumer => Self::Consumer,
            LimitKeyConfig::Address => Self::Address,
            LimitKeyConfig::All => Self::All,
            LimitKeyConfig::Application => Self::Application,
            LimitKeyConfig::Subscription => Self::Subscription,
            LimitKeyConfig::Parts(parts) if (1..=MOST_PARTS).contains(&parts.len()) => {
                Self::Parts(parts.iter().map(Attribute::new).collect::<Option<_>>()?)
            }
            LimitKeyConfig::Parts(_) => return None,
        })
    }

    /// Whether authentication has to come first.
    pub(crate) fn is_of_caller(&self) -> bool {
        match self {
            Self::Consumer | Self::Application | Self::Subscription => true,
            Self::Address | Self::All => false,
            Self::Parts(parts) => parts.iter().any(Attribute::is_of_caller),
        }
    }

    /// Whether the request's head is needed.
    pub(crate) fn reads_head(&self) -> bool {
        matches!(self, Self::Parts(parts) if parts.iter().any(Attribute::is_of_head))
    }

    /// Whether a caller has another count for each API.
    pub(crate) fn is_of_api(&self) -> bool {
        match self {
            Self::Subscription => true,
            Self::Parts(parts) => parts.iter().any(|part| part.parameter().is_none()),
            _ => false,
        }
    }

    /// Its name.
    pub(crate) fn name(&self) -> Cow<'static, str> {
        match self {
            Self::Consumer => "consumer".into(),
            Self::Address => "address".into(),
            Self::All => "all".into(),
            Self::Application => "application".into(),
            Self::Subscription => "subscription".into(),
            Self::Parts(parts) => {
                let names = parts.iter().map(|part| part.parameter().unwrap_or("api".into()));
                names.collect::<Vec<_>>().join(", ").into()
            }
        }
    }
}

/// Adds a value of a part. A list has all of its members in the key, so none of them ends the search.
fn append(hash: &mut Sha256, value: &[u8]) -> bool {
    hash.update([1]);
    hash.update((value.len() as u64).to_le_bytes());
    hash.update(value);
    false
}

/// The callers of one request; each is looked up once, when a limit wants it.
pub(crate) struct Callers<'e> {
    subject: &'e Subject<'e>,
    known: &'e Known,
    /// Stands for the API.
    api: Fingerprint,
    consumer: OnceCell<Caller>,
    address: OnceCell<Caller>,
}

impl<'e> Callers<'e> {
    pub(crate) fn new(subject: &'e Subject<'e>, known: &'e Known, api: Fingerprint) -> Self {
        Self { subject, known, api, consumer: OnceCell::new(), address: OnceCell::new() }
    }

    /// Who a limit `by` counts.
    pub(crate) fn by(&self, by: &Key) -> Caller {
        match by {
            Key::Consumer => *self.consumer.get_or_init(|| self.consumer()),
            Key::Address => self.address(),
            Key::All => Caller { fingerprint: Fingerprint::default(), verified: true },
            Key::Application => self.application(),
            Key::Subscription => {
                let application = self.application();
                Caller { fingerprint: application.fingerprint.with(self.api), ..application }
            }
            Key::Parts(parts) => self.parts(parts),
        }
    }

    /// What is missing counts as one value, and as no text.
    fn parts(&self, parts: &[Attribute]) -> Caller {
        let mut hash = Sha256::new();
        hash.update(b"k");
        for part in parts {
            if part.is_address() {
                let network = self.subject.env.client().map(|address| self.known.network(address));
                let _none = network.is_some_and(|network| append(&mut hash, &network));
            } else {
                let _none = part.any(self.subject, |value| append(&mut hash, value));
            }
            hash.update([0]);
        }
        // Without anything that callers choose, those whom nobody knows have one value.
        let verified = !parts.iter().any(Attribute::is_free);
        Caller { fingerprint: Fingerprint::from_hash(hash), verified }
    }

    fn application(&self) -> Caller {
        let identity = self.subject.env.identity();
        let terms = identity.as_ref().and_then(|identity| identity.terms());
        match terms.and_then(|terms| terms.application.as_deref()) {
            Some(application) => {
                let fingerprint = self.known.application(application);
                Caller { fingerprint, verified: true }
            }
            None => *self.consumer.get_or_init(|| self.consumer()),
        }
    }

    fn consumer(&self) -> Caller {
        match self.subject.env.identity() {
            Some(identity) => {
                let fingerprint = self.known.consumer(identity.consumer());
                Caller { fingerprint, verified: true }
            }
            None => self.address(),
        }
    }

    fn address(&self) -> Caller {
        *self.address.get_or_init(|| {
            let client = self.subject.env.client().map(|address| self.known.address(address));
            let fingerprint = client.unwrap_or_else(|| Fingerprint::of(b'-', &[]));
            Caller { fingerprint, verified: false }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_core::testing::FakeEnv;
    use portcullis_core::{Identity, Terms};

    fn known() -> Known {
        Known::new(None).unwrap()
    }

    fn caller(env: &FakeEnv, api: Fingerprint, by: &Key) -> Caller {
        let subject = Subject { request: None, env, api: "" };
        Callers::new(&subject, &known(), api).by(by)
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn how_much_of_an_ipv6_address_is_one_caller_may_be_said() {
        let cases = [
            (1, "::", "7fff::", true),
            (1, "::", "8000::", false),
            (48, "2001:db8:0:1::1", "2001:db8:0:2::1", true),
            (48, "2001:db8:0:1::1", "2001:db8:1:1::1", false),
            (56, "2001:db8:0:ff::1", "2001:db8:0:1::1", true),
            (128, "2001:db8::1", "2001:db8::1", true),
            (128, "2001:db8::1", "2001:db8::2", false),
            (1, "192.0.2.1", "192.0.2.2", false),
        ];
        for (prefix, left, right, same) in cases {
            let known = Known::new(Some(prefix)).unwrap();
            let of = |address: &str| {
                let env = FakeEnv::new().with_peer(address);
                let subject = Subject { request: None, env: &env, api: "" };
                Callers::new(&subject, &known, Fingerprint::default()).by(&Key::Address)
            };
            assert_eq!(of(left) == of(right), same, "/{prefix}: {left}, {right}");
        }
        assert!(Known::new(Some(0)).is_none() && Known::new(Some(129)).is_none());
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn addresses_of_one_subscriber_are_one_caller() {
        let cases = [
            ("same", "192.0.2.1", "192.0.2.1", true),
            ("another", "192.0.2.1", "192.0.2.2", false),
            ("an IPv4 address seen through IPv6", "192.0.2.1", "::ffff:192.0.2.1", true),
            ("two of those", "::ffff:192.0.2.2", "::ffff:192.0.2.1", false),
            ("one /64", "2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", true),
            ("the next /64", "2001:db8:0:1::1", "2001:db8:0:2::1", false),
            ("no address is like no other", "", "192.0.2.1", false),
        ];
        for (name, left, right, same) in cases {
            let of = |address: &str| {
                caller(&FakeEnv::new().with_peer(address), Fingerprint::default(), &Key::Address)
            };
            assert_eq!(of(left) == of(right), same, "{name}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn the_anonymous_are_counted_by_address() {
        let of = |env: FakeEnv, by: Key| caller(&env, Fingerprint::default(), &by);
        let anonymous = || FakeEnv::new().with_peer("192.0.2.1");
        let known = || anonymous().with_consumer("alice");
        let address = of(anonymous(), Key::Address);
        assert_eq!(of(anonymous(), Key::Consumer), address);
        assert_eq!(of(known(), Key::Address), address);
        assert_ne!(of(known(), Key::Consumer), address);
        assert_eq!(of(known(), Key::All), of(anonymous(), Key::All));
        let elsewhere = FakeEnv::new().with_peer("192.0.2.2").with_consumer("alice");
        assert_eq!(of(known(), Key::Consumer), of(elsewhere, Key::Consumer));
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn an_application_is_one_caller_and_one_for_each_api() {
        let api = |name: &str| Fingerprint::of(b'i', &[name.as_bytes()]);
        let of = |consumer: &str, application: Option<&str>, by: Key, api: Fingerprint| {
            let terms = Terms { application: application.map(str::to_owned), ..Terms::default() };
            let identity = Identity::new(consumer.into(), "".into(), [].into()).on_terms(Some(terms));
            let env = FakeEnv::new().with_peer("192.0.2.1").with_identity(identity);
            caller(&env, api, &by)
        };
        use Key::{Application, Consumer, Subscription};
        let (pets, shop) = (api("pets"), api("shop"));
        let mobile = of("ann", Some("mobile"), Application, pets);
        assert_eq!(mobile, of("bob", Some("mobile"), Application, shop));
        assert_ne!(mobile, of("ann", Some("web"), Application, pets));
        assert_ne!(mobile, of("mobile", None, Consumer, pets), "a consumer of the same name");
        assert_eq!(of("ann", None, Application, pets), of("ann", None, Consumer, pets));
        let booked = of("ann", Some("mobile"), Subscription, pets);
        assert_eq!(booked, of("bob", Some("mobile"), Subscription, pets));
        assert_ne!(booked, of("ann", Some("mobile"), Subscription, shop));
        assert_ne!(of("ann", None, Subscription, pets), of("ann", None, Subscription, shop));
        let nobody = FakeEnv::new().with_peer("192.0.2.1");
        let address = |by: Key| caller(&nobody, pets, &by);
        assert_eq!(address(Application), address(Key::Address));
        assert!(!address(Subscription).verified);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn parts_do_not_run_into_one_another() {
        assert_ne!(Fingerprint::of(b'l', &[b"ab", b"c"]), Fingerprint::of(b'l', &[b"a", b"bc"]));
        assert_ne!(Fingerprint::of(b'c', &[b"ab"]), Fingerprint::of(b'4', &[b"ab"]));
    }
}
