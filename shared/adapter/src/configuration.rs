//! A plugin's configuration as the host hands it over: the policies' own, or that within what the adapter wants to know.

use portcullis_core::ErrorFormat;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Looks for `errors` alone: where it is, the policies' configuration stands under `config`.
#[derive(Deserialize)]
struct Probe {
    #[serde(default)]
    errors: Option<Errors>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Framed<C> {
    #[expect(dead_code, reason = "it was read by the probe")]
    errors: Errors,
    config: C,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Errors {
    Problem,
    Wso2,
}

/// Reads `CONFIG`, or `{"errors": "wso2", "config": CONFIG}`.
pub(crate) fn read<C: DeserializeOwned>(text: &[u8]) -> Result<(C, ErrorFormat), serde_json::Error> {
    match serde_json::from_slice::<Probe>(text)?.errors {
        None => Ok((serde_json::from_slice(text)?, ErrorFormat::Problem)),
        Some(errors) => {
            let format = match errors {
                Errors::Problem => ErrorFormat::Problem,
                Errors::Wso2 => ErrorFormat::Wso2,
            };
            Ok((serde_json::from_slice::<Framed<C>>(text)?.config, format))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        realm: String,
    }

    #[test]
    fn a_configuration_is_bare_or_framed_and_nothing_between() {
        let cases = [
            (r#"{"realm": "r"}"#, Some(ErrorFormat::Problem)),
            (r#"{"errors": "wso2", "config": {"realm": "r"}}"#, Some(ErrorFormat::Wso2)),
            (r#"{"config": {"realm": "r"}, "errors": "problem"}"#, Some(ErrorFormat::Problem)),
            (r#"{"errors": "wso3", "config": {"realm": "r"}}"#, None),
            (r#"{"errors": "wso2", "realm": "r"}"#, None),
            (r#"{"errors": "wso2", "config": {"realm": "r"}, "more": 1}"#, None),
            (r#"{"config": {"realm": "r"}}"#, None),
            (r#"{"errors": "wso2", "errors": "problem", "config": {"realm": "r"}}"#, None),
        ];
        for (text, expected) in cases {
            let read = read::<Inner>(text.as_bytes()).ok();
            assert_eq!(read, expected.map(|format| (Inner { realm: "r".into() }, format)), "{text}");
        }
    }
}
