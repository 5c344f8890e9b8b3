//! When and from where an API key may be used.

use portcullis_core::{AddressRange, Env, Request};
use serde_json::Value;

use crate::api_key::KeyRefused;
use crate::json::UniqueMembers;
use crate::wildcard::Wildcard;

/// What must hold beside that the key is known.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) revoked: bool,
    /// In seconds since 1970.
    pub(crate) expires: Option<u64>,
    /// From where it may be used; absent: from anywhere.
    pub(crate) addresses: Option<Vec<AddressRange>>,
    /// What `Referer` may be; absent: anything, or none.
    pub(crate) referers: Option<Vec<Wildcard>>,
}

/// A claim has another form than text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoText;

impl Conditions {
    /// What a signed key says itself: `permittedIP` and `permittedReferer`, each a list with commas. An address with bits behind
    /// its prefix stands for its range; what cannot be read permits nothing.
    pub(crate) fn of_claims(claims: &UniqueMembers) -> Result<Self, NoText> {
        let addresses = listed(claims, "permittedIP")?;
        let referers = listed(claims, "permittedReferer")?;
        Ok(Self {
            addresses: addresses.map(|items| items.filter_map(AddressRange::around).collect()),
            referers: referers.map(|items| items.map(Wildcard::new).collect()),
            ..Self::default()
        })
    }

    pub(crate) fn are_some(&self) -> bool {
        self.revoked || self.expires.is_some() || self.addresses.is_some() || self.referers.is_some()
    }

    /// Bytes of what it has in lists.
    pub(crate) fn size(&self) -> usize {
        let addresses = self.addresses.as_ref().map_or(0, Vec::len) * size_of::<AddressRange>();
        addresses + self.referers.iter().flatten().map(Wildcard::size).sum::<usize>()
    }

    pub(crate) fn check(&self, request: &Request, env: &dyn Env) -> Result<(), KeyRefused> {
        if self.revoked {
            return Err(KeyRefused::Revoked);
        }
        if self.expires.is_some_and(|expires| env.now().seconds() >= expires) {
            return Err(KeyRefused::Expired);
        }
        let lies_within = |range: &AddressRange| env.client().is_some_and(|client| range.contains(client));
        if self.addresses.as_ref().is_some_and(|ranges| !ranges.iter().any(lies_within)) {
            return Err(KeyRefused::Address);
        }
        let Some(referers) = &self.referers else { return Ok(()) };
        let mut named = request.headers().all("referer");
        // Two would be a guess.
        let referer = named.next().filter(|_| named.next().is_none());
        let fits = |pattern: &Wildcard| referer.is_some_and(|referer| pattern.matches(referer));
        if referers.iter().any(fits) { Ok(()) } else { Err(KeyRefused::Referer) }
    }
}

/// The items of a claim; `None` where it says nothing.
fn listed<'c>(
    claims: &'c UniqueMembers,
    name: &str,
) -> Result<Option<impl Iterator<Item = &'c str>>, NoText> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.split(',').map(str::trim).filter(|item| !item.is_empty()))),
        Some(_) => Err(NoText),
    }
}

#[cfg(test)]
mod tests {
    use portcullis_core::Headers;
    use portcullis_core::testing::FakeEnv;

    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn claims_say_from_where_a_key_may_be_used() {
        let here = Ok(());
        let cases = [
            ("{}", here),
            (r#"{"permittedIP":"","permittedReferer":null}"#, here),
            (r#"{"permittedIP":"192.0.2.1"}"#, here),
            (r#"{"permittedIP":" 10.0.0.0/8 , 192.0.2.0/24"}"#, here),
            (r#"{"permittedIP":"192.0.2.77/24"}"#, here),
            (r#"{"permittedIP":"192.0.3.1/24"}"#, Err(KeyRefused::Address)),
            (r#"{"permittedIP":"2001:db8::/32,::ffff:192.0.2.1"}"#, Err(KeyRefused::Address)),
            (r#"{"permittedIP":"192.0.2.2"}"#, Err(KeyRefused::Address)),
            (r#"{"permittedIP":"anywhere"}"#, Err(KeyRefused::Address)),
            (r#"{"permittedIP":","}"#, Err(KeyRefused::Address)),
            (r#"{"permittedReferer":"https://shop.example/*"}"#, here),
            (r#"{"permittedReferer":"a, *.example/x"}"#, here),
            (r#"{"permittedReferer":"https://shop.example"}"#, Err(KeyRefused::Referer)),
            (r#"{"permittedIP":"10.0.0.1","permittedReferer":"b"}"#, Err(KeyRefused::Address)),
        ];
        let env = FakeEnv::new().with_peer("192.0.2.1");
        let head =
            [(":method", "GET"), (":path", "/"), (":authority", "a"), ("referer", "https://shop.example/x")];
        let request = Request::new(Headers::from_pairs(head)).unwrap();
        for (text, expected) in cases {
            let claims = serde_json::from_str(text).unwrap();
            assert_eq!(Conditions::of_claims(&claims).unwrap().check(&request, &env), expected, "{text}");
        }
        for text in [r#"{"permittedIP":["192.0.2.1"]}"#, r#"{"permittedReferer":7}"#] {
            let claims = serde_json::from_str(text).unwrap();
            assert!(Conditions::of_claims(&claims).is_err(), "{text}");
        }
    }
}
