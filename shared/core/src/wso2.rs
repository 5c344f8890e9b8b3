//! Refusals as WSO2's API Microgateway tells them: its numbers, its bodies, its `WWW-Authenticate`. Statuses are ours.

use std::borrow::Cow;

use crate::decision::Rejection;
use crate::problem::{problem_json, push_string};

/// How refusals are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ErrorFormat {
    /// Problem details (RFC 9457).
    #[default]
    Problem,
    /// As WSO2 does.
    Wso2,
}

/// A number and what WSO2 says to it; `None` for what it answers with the status alone.
type Number = Option<(u32, &'static str)>;

const INVALID: Number = Some((900_901, "Invalid Credentials"));
const THROTTLED: &str = "Message throttled out";
const UNCLASSIFIED: Number = Some((900_900, "Unclassified Authentication Failure"));
const FORBIDDEN: Number = Some((900_908, "Resource forbidden "));
const ENFORCEMENT: Number = Some((900_809, "POLICY ENFORCEMENT ERROR"));

/// Every code of a refusal.
pub const NUMBERS: &[(&str, Number)] = &[
    ("credential-missing", Some((900_902, "Missing Credentials"))),
    ("credential-duplicate", INVALID),
    ("api-key-unknown", INVALID),
    ("api-key-invalid", INVALID),
    ("api-key-expired", INVALID),
    ("api-key-revoked", INVALID),
    ("api-key-api-refused", FORBIDDEN),
    ("api-key-address-refused", FORBIDDEN),
    ("api-key-referer-refused", FORBIDDEN),
    ("api-blocked", Some((700_700, "API blocked"))),
    ("subscription-missing", FORBIDDEN),
    ("subscription-blocked", Some((900_907, "The requested API is temporarily blocked"))),
    ("subscription-inactive", Some((900_909, "The subscription to the API is inactive"))),
    ("production-endpoint-missing", INVALID),
    ("sandbox-endpoint-missing", INVALID),
    ("token-revoked", INVALID),
    ("basic-invalid", Some((900_911, "Invalid Basic Credentials"))),
    ("attempts-exceeded", Some((900_807, THROTTLED))),
    ("certificate-unknown", INVALID),
    ("certificate-malformed", INVALID),
    ("certificate-expired", INVALID),
    ("certificate-not-yet-valid", INVALID),
    ("token-malformed", Some((900_918, "Invalid JWT token"))),
    ("token-issuer-unknown", INVALID),
    ("token-algorithm-refused", INVALID),
    ("token-key-unknown", INVALID),
    ("token-signature-invalid", INVALID),
    ("token-expired", INVALID),
    ("token-not-yet-valid", INVALID),
    ("token-audience-mismatch", INVALID),
    ("token-claim-missing", INVALID),
    ("token-claim-mismatch", INVALID),
    ("token-type-refused", INVALID),
    ("token-inactive", INVALID),
    ("keys-unavailable", UNCLASSIFIED),
    ("revocation-unavailable", UNCLASSIFIED),
    ("introspection-unavailable", UNCLASSIFIED),
    ("user-store-unavailable", UNCLASSIFIED),
    ("subscriptions-unavailable", UNCLASSIFIED),
    ("secret-missing", UNCLASSIFIED),
    ("random-missing", UNCLASSIFIED),
    ("token-unbound", INVALID),
    ("token-binding-unknown", INVALID),
    ("token-certificate-mismatch", INVALID),
    (
        "scope-missing",
        Some((900_910, "The access token does not allow you to access the requested resource")),
    ),
    ("limit-exceeded", Some((900_802, THROTTLED))),
    ("api-limit-exceeded", Some((900_800, THROTTLED))),
    ("application-limit-exceeded", Some((900_803, THROTTLED))),
    ("subscription-limit-exceeded", Some((900_804, THROTTLED))),
    ("custom-limit-exceeded", Some((900_806, THROTTLED))),
    ("burst-limit-exceeded", Some((900_807, THROTTLED))),
    ("upstream-limit-exceeded", Some((900_801, "API Limit Reached"))),
    ("tier-unknown", ENFORCEMENT),
    ("denied", Some((900_805, "Message blocked"))),
    ("limit-contended", ENFORCEMENT),
    ("limit-service-unavailable", ENFORCEMENT),
    ("limit-state-unreadable", ENFORCEMENT),
    ("prefer-invalid", Some((900_870, "Bad Request"))),
    ("mock-not-acceptable", Some((900_870, "Bad Request"))),
    ("mock-missing", Some((900_871, "Not Implemented"))),
    ("operation-unknown", None),
    ("operation-ambiguous", None),
    ("method-not-allowed", None),
    ("request-malformed", None),
    ("request-invalid", Some((400, "Bad Request"))),
    ("headers-too-large", None),
    ("body-too-large", None),
    ("media-type-undeclared", None),
    ("charset-unsupported", None),
    ("content-coding-unsupported", None),
    ("stream-unsupported", None),
    ("schema-broken", None),
    ("request-too-complex", None),
    ("response-invalid", Some((500, "Bad Response"))),
    ("response-too-complex", None),
    ("response-too-large", None),
    ("backend-jwt-unsigned", None),
    ("api-key-unsigned", None),
    ("identity-too-long", FORBIDDEN),
    ("configuration-mismatch", None),
    ("not-configured", None),
    ("host-refused", None),
    ("undecided", None),
    ("upstream-unavailable", Some((101_503, "Runtime Error"))),
    ("upstream-timeout", Some((101_504, "Runtime Error"))),
];

impl ErrorFormat {
    /// The media type of bodies.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Problem => "application/problem+json",
            Self::Wso2 => "application/json; charset=UTF-8",
        }
    }

    /// The body.
    pub fn body(self, rejection: &Rejection) -> String {
        match self {
            Self::Problem => problem_json(rejection),
            Self::Wso2 => wso2_json(rejection.status, rejection.code, &description(rejection)),
        }
    }

    /// A header of the rejection.
    pub fn header<'v>(self, name: &str, value: &'v str) -> Cow<'v, str> {
        match self {
            Self::Wso2 if name == "www-authenticate" => challenge(value),
            _ => Cow::Borrowed(value),
        }
    }
}

/// A body in WSO2's form. A code that has no number is told as a status report, as all were that WSO2's routing refuses.
pub fn wso2_json(status: u16, code: &str, description: &str) -> String {
    let number = NUMBERS.iter().find(|(known, _)| *known == code).and_then(|(_, number)| *number);
    let mut json = String::with_capacity(160);
    match number {
        Some((number, message)) => {
            json.push_str(&format!("{{\"fault\":{{\"code\":{number},\"message\":"));
            push_string(&mut json, message);
            json.push_str(",\"description\":");
            push_string(&mut json, description);
            json.push_str("}}");
        }
        None => {
            json.push_str(&format!("{{\"code\":{status},\"type\":\"Status report\",\"message\":"));
            push_string(&mut json, "Runtime Error");
            json.push_str(",\"description\":");
            push_string(&mut json, description);
            json.push('}');
        }
    }
    json
}

fn description(rejection: &Rejection) -> String {
    match rejection.code {
        "operation-unknown" => "No matching resource found for given API Request".to_owned(),
        "method-not-allowed" => "Method not allowed for given API resource".to_owned(),
        _ => {
            let mut text = rejection.detail.clone();
            for violation in &rejection.violations {
                let (place, pointer, message) = (violation.location, &violation.pointer, &violation.message);
                let gap = if pointer.is_empty() { "" } else { " " };
                text.push_str(&format!(" {place}{gap}{pointer}: {message};"));
            }
            text
        }
    }
}

/// A challenge in WSO2's words; of another scheme's, the realm alone.
fn challenge(value: &str) -> Cow<'_, str> {
    let name = match value.split_once(' ') {
        Some(("Bearer", rest)) => {
            let rest = rest.replacen(
                "error=\"invalid_token\", error_description",
                "error=\"invalid token\" , error_description",
                1,
            );
            return Cow::Owned(format!("OAuth2 {rest}"));
        }
        Some(("Basic", _)) => "Basic Auth",
        Some(("ApiKey", _)) => "API Key",
        Some(("MutualTLS", _)) => "Mutual SSL",
        _ => return Cow::Borrowed(value),
    };
    Cow::Owned(format!("{name} {}", realm(value).unwrap_or_default()))
}

/// `realm="…"`.
fn realm(challenge: &str) -> Option<&str> {
    let from = challenge.get(challenge.find("realm=\"")?..)?;
    let mut escaped = false;
    let end = from.bytes().enumerate().skip("realm=\"".len()).find(|(_, byte)| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    from.get(..=end?.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Violation;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn bodies_are_wso2s() {
        let mut invalid = Rejection::new(400, "request-invalid", "It is \"wrong\".");
        invalid.violations.push(Violation {
            location: "query",
            pointer: "limit".into(),
            keyword: "maximum",
            message: "is more than 100".into(),
            value: Some("101".into()),
        });
        let cases = [
            (
                Rejection::new(401, "token-expired", "The token has expired."),
                r#"{"fault":{"code":900901,"message":"Invalid Credentials","description":"The token has expired."}}"#,
            ),
            (
                Rejection::new(404, "operation-unknown", "No such operation."),
                r#"{"code":404,"type":"Status report","message":"Runtime Error","description":"No matching resource found for given API Request"}"#,
            ),
            (
                invalid,
                r#"{"fault":{"code":400,"message":"Bad Request","description":"It is \"wrong\". query limit: is more than 100;"}}"#,
            ),
            (
                Rejection::new(502, "response-invalid", "It is wrong."),
                r#"{"fault":{"code":500,"message":"Bad Response","description":"It is wrong."}}"#,
            ),
            (
                Rejection::new(415, "charset-unsupported", "Not so."),
                r#"{"code":415,"type":"Status report","message":"Runtime Error","description":"Not so."}"#,
            ),
        ];
        for (rejection, expected) in cases {
            assert_eq!(ErrorFormat::Wso2.body(&rejection), expected);
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn challenges_are_wso2s() {
        let cases = [
            (
                r#"Bearer realm="a b", error="invalid_token", error_description="the token has expired""#,
                r#"OAuth2 realm="a b", error="invalid token" , error_description="the token has expired""#,
            ),
            (r#"Bearer realm="r""#, r#"OAuth2 realm="r""#),
            (r#"Basic realm="q\"\\", charset="UTF-8""#, r#"Basic Auth realm="q\"\\""#),
            (r#"ApiKey realm="r", in="query", name="k""#, r#"API Key realm="r""#),
            (r#"MutualTLS realm="r""#, r#"Mutual SSL realm="r""#),
            ("Other x", "Other x"),
        ];
        for (ours, theirs) in cases {
            assert_eq!(ErrorFormat::Wso2.header("www-authenticate", ours), theirs);
            assert_eq!(ErrorFormat::Problem.header("www-authenticate", ours), ours);
            assert_eq!(ErrorFormat::Wso2.header("x-other", ours), ours);
        }
    }
}
