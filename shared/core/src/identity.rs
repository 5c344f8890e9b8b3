//! Who the caller is, once authentication has said so. Travels between the plugins of a chain as one line
//! of text that a client cannot forge, because only plugins can write it.

use crate::percent::decode;

/// An authenticated caller.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Who is charged and logged: the key's consumer, the user, or the token's client or subject.
    pub consumer: String,
    /// The security scheme that vouched for it, by its name in the document.
    pub scheme: String,
    /// What the credential grants.
    pub scopes: Vec<String>,
}

impl Identity {
    /// One line: `consumer=…&scheme=…&scopes=…`, values percent-encoded.
    pub fn to_line(&self) -> String {
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
    }

    /// Reads what [`Identity::to_line`] wrote; `None` for anything else.
    pub fn from_line(line: &str) -> Option<Self> {
        let rest = line.strip_prefix("consumer=")?;
        let (consumer, rest) = rest.split_once("&scheme=")?;
        let (scheme, scopes) = rest.split_once("&scopes=")?;
        let text = |encoded: &str| decode(encoded).ok().map(|text| text.into_owned());
        let scopes = scopes.split('+').filter(|scope| !scope.is_empty()).map(text).collect::<Option<_>>()?;
        Some(Self { consumer: text(consumer)?, scheme: text(scheme)?, scopes })
    }
}

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
            let identity = Identity { consumer, scheme, scopes };
            proptest::prop_assert_eq!(Identity::from_line(&identity.to_line()), Some(identity));
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
