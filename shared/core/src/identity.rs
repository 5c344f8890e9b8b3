//! Who the caller is, once authentication has said so. Travels between the plugins of a chain as one line
//! of text that a client cannot forge, because only plugins can write it.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::percent::decode;

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Identity {
    consumer: Rc<str>,
    scheme: Rc<str>,
    scopes: Rc<[String]>,
    line: OnceCell<String>,
}

impl Identity {
    /// A caller, by what its credential says and who vouched for it.
    pub fn new(consumer: Rc<str>, scheme: Rc<str>, scopes: Rc<[String]>) -> Self {
        Self { consumer, scheme, scopes, line: OnceCell::new() }
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

    /// One line: `consumer=…&scheme=…&scopes=…`, values percent-encoded. Written once, since callers come again.
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
            line
        })
    }

    /// Reads what [`Identity::line`] wrote; `None` for anything else.
    pub fn from_line(line: &str) -> Option<Self> {
        let rest = line.strip_prefix("consumer=")?;
        let (consumer, rest) = rest.split_once("&scheme=")?;
        let (scheme, scopes) = rest.split_once("&scopes=")?;
        let text = |encoded: &str| decode(encoded).ok().map(|text| text.into_owned());
        let scopes = scopes.split('+').filter(|scope| !scope.is_empty()).map(text).collect::<Option<_>>()?;
        Some(Self::new(text(consumer)?.into(), text(scheme)?.into(), scopes))
    }
}

/// Whether they are the same caller, written down or not.
impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        (&self.consumer, &self.scheme, &self.scopes) == (&other.consumer, &other.scheme, &other.scopes)
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
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn other_text_is_no_identity() {
        for line in ["", "consumer=a", "consumer=a&scheme=b", "consumer=%zz&scheme=b&scopes=", "x"] {
            assert_eq!(Identity::from_line(line), None, "{line}");
        }
    }
}
