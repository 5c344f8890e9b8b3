//! A JWS in compact form (RFC 7515, section 7.1), read strictly: what is not exactly a token is none.
//! Reading says nothing about whether anything in it is true.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::json::UniqueMembers;

/// Longest token that is looked at, in bytes.
pub(crate) const MAX_TOKEN: usize = 16 * 1024;

/// A token whose parts could be read; nothing is verified yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Token<'t> {
    /// The compact form.
    pub text: &'t str,
    /// `alg`: what the signer says it used.
    pub algorithm: String,
    /// `kid`: which key the signer says it used.
    pub key_id: Option<String>,
    /// All parameters of the header.
    pub header: UniqueMembers,
    /// The claims.
    pub claims: UniqueMembers,
    /// The third part, decoded.
    pub signature: Vec<u8>,
}

impl<'t> Token<'t> {
    /// What is signed: the first two parts as they came, and the dot between them.
    pub fn signed(&self) -> &'t str {
        self.text.rsplit_once('.').map_or(self.text, |(signed, _)| signed)
    }
}

/// Why a text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Over 16 KiB.
    #[error("it is too long")]
    TooLong,
    /// Not three parts.
    #[error("it does not consist of three parts")]
    Parts,
    /// A part is not canonical base64url without padding.
    #[error("a part is not base64url without padding")]
    Base64,
    /// The header is no JSON object with distinct names.
    #[error("its header is no JSON object, or repeats a name")]
    Header,
    /// The header lacks `alg`, or a known header parameter has the wrong type.
    #[error("a parameter of its header is missing or of the wrong type")]
    HeaderParameter,
    /// The header demands an extension (RFC 7515, section 4.1.11); none is understood.
    #[error("it demands an extension that is not understood")]
    Critical,
    /// The header brings its own key, which proves nothing.
    #[error("it brings its own key")]
    EmbeddedKey,
    /// `typ` says that it is something else.
    #[error("its type is not JWT")]
    Type,
    /// The claims are no JSON object with distinct names.
    #[error("its claims are no JSON object, or repeat a name")]
    Claims,
}

/// Reads a token.
pub fn parse_token(text: &str) -> Result<Token<'_>, TokenError> {
    if text.len() > MAX_TOKEN {
        return Err(TokenError::TooLong);
    }
    let mut parts = text.split('.');
    let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(TokenError::Parts);
    };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Base64);
    let (header, claims) = (decode(header)?, decode(claims)?);
    let signature = decode(signature)?;
    let header: UniqueMembers = serde_json::from_slice(&header).map_err(|_| TokenError::Header)?;
    check_header(&header)?;
    Ok(Token {
        text,
        algorithm: header.text("alg").ok_or(TokenError::HeaderParameter)?.to_owned(),
        key_id: header.text("kid").map(str::to_owned),
        header,
        claims: serde_json::from_slice(&claims).map_err(|_| TokenError::Claims)?,
        signature,
    })
}

/// `jku`, `x5u` and `x5c` are never followed; issuers write them for others, so they do no harm.
fn check_header(header: &UniqueMembers) -> Result<(), TokenError> {
    if header.get("crit").is_some() {
        return Err(TokenError::Critical);
    }
    if header.get("jwk").is_some() {
        return Err(TokenError::EmbeddedKey);
    }
    if header.get("kid").is_some_and(|kid| !kid.is_string()) {
        return Err(TokenError::HeaderParameter);
    }
    match header.get("typ") {
        Some(typ) if !typ.as_str().is_some_and(is_jwt) => Err(TokenError::Type),
        _ => Ok(()),
    }
}

/// A `typ` as it is compared (RFC 7515, section 4.1.9): in lower case, without the prefix that may be left out.
pub(crate) fn short_type(typ: &str) -> String {
    let typ = typ.to_ascii_lowercase();
    match typ.strip_prefix("application/") {
        Some(short) if !short.contains('/') => short.to_owned(),
        _ => typ,
    }
}

/// `JWT`, or a media type with that suffix, such as `at+jwt` (RFC 9068).
pub(crate) fn is_jwt(typ: &str) -> bool {
    let typ = typ.to_ascii_uppercase();
    typ == "JWT" || typ.ends_with("+JWT")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(text)
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn only_a_strict_compact_form_is_a_token() {
        let long = "a".repeat(MAX_TOKEN + 1);
        let cases: [(&str, Result<(), TokenError>); 11] = [
            ("eyJhbGciOiJub25lIn0.e30.", Ok(())),
            ("eyJhbGciOiJub25lIn0.e30", Err(TokenError::Parts)),
            ("eyJhbGciOiJub25lIn0.e30..", Err(TokenError::Parts)),
            ("", Err(TokenError::Parts)),
            ("..", Err(TokenError::Header)),
            ("eyJhbGciOiJub25lIn0=.e30.", Err(TokenError::Base64)),
            ("eyJhbGciOiJub25lIn0.e31.", Err(TokenError::Base64)),
            ("eyJhbGciOiJub25lIn0.e30.+/", Err(TokenError::Base64)),
            ("eyJhbGciOiJub25lIn0.e30. ", Err(TokenError::Base64)),
            ("eyJhbGciOiJub25lIn0.W10.", Err(TokenError::Claims)),
            (&long, Err(TokenError::TooLong)),
        ];
        for (text, expected) in cases {
            let name = text.get(..40).unwrap_or(text);
            assert_eq!(parse_token(text).map(|_| ()), expected, "{name}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn headers_that_ask_for_trust_are_refused() {
        let cases = [
            (r#"{"alg":"RS256","kid":"a","jku":"https://x","x5t":"y"}"#, Ok(())),
            (r#"{"alg":"RS256","typ":"at+jwt"}"#, Ok(())),
            (r#"{"typ":"JWT"}"#, Err(TokenError::HeaderParameter)),
            (r#"{"alg":1}"#, Err(TokenError::HeaderParameter)),
            (r#"{"alg":"RS256","kid":7}"#, Err(TokenError::HeaderParameter)),
            (r#"{"alg":"RS256","alg":"none"}"#, Err(TokenError::Header)),
            (r#"{"alg":"RS256","crit":["exp"]}"#, Err(TokenError::Critical)),
            (r#"{"alg":"RS256","crit":[]}"#, Err(TokenError::Critical)),
            (r#"{"alg":"RS256","jwk":{"kty":"RSA"}}"#, Err(TokenError::EmbeddedKey)),
            (r#"{"alg":"RS256","typ":"JOSE"}"#, Err(TokenError::Type)),
        ];
        for (header, expected) in cases {
            let text = format!("{}.{}.", part(header), part("{}"));
            assert_eq!(parse_token(&text).map(|_| ()), expected, "{header}");
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn reading_any_text_ends_in_an_answer(text in r"[A-Za-z0-9_\-.=]{0,80}|\PC{0,80}") {
            if let Ok(token) = parse_token(&text) {
                proptest::prop_assert_eq!(token.text.matches('.').count(), 2);
            }
        }
    }
}
