//! Security schemes: ways to show who one is.

use super::Reading;
use crate::codes;
use crate::model::{KeyLocation, Scheme, SchemeKind};
use crate::tree::Node;

const SCHEME_FIELDS: &[&str] =
    &["type", "description", "name", "in", "scheme", "bearerFormat", "flows", "openIdConnectUrl"];

impl<'d> Reading<'d, '_> {
    pub(super) fn scheme(&mut self, node: &'d Node) -> Option<Scheme<'d>> {
        let node = self.followed(node)?;
        self.object(node, "a security scheme", SCHEME_FIELDS, false)?;
        let kind = match self.required_string(node, "type", "a security scheme")? {
            "apiKey" => self.api_key(node)?,
            "http" => SchemeKind::Http {
                scheme: self.required_string(node, "scheme", "an `http` security scheme")?,
                bearer_format: self.string(node, "bearerFormat"),
            },
            "oauth2" => SchemeKind::OAuth2 { flows: self.flows(node) },
            "openIdConnect" => SchemeKind::OpenIdConnect {
                url: self.required_string(node, "openIdConnectUrl", "an `openIdConnect` security scheme")?,
            },
            "mutualTLS" => SchemeKind::MutualTls,
            other => {
                let place = node.get("type").unwrap_or(node).place();
                self.error(
                    codes::INVALID_VALUE,
                    place,
                    format!("there is no security scheme of type `{other}`"),
                );
                return None;
            }
        };
        Some(Scheme { kind, place: node.place() })
    }

    fn api_key(&mut self, node: &'d Node) -> Option<SchemeKind<'d>> {
        let name = self.required_string(node, "name", "an `apiKey` security scheme");
        let location = match self.required_string(node, "in", "an `apiKey` security scheme")? {
            "header" => KeyLocation::Header,
            "query" => KeyLocation::Query,
            "cookie" => KeyLocation::Cookie,
            other => {
                let place = node.get("in").unwrap_or(node).place();
                self.error(codes::INVALID_VALUE, place, format!("an API key cannot stand in `{other}`"));
                return None;
            }
        };
        Some(SchemeKind::ApiKey { location, name: name? })
    }

    /// Each flow and its scopes. The flows' URLs concern clients, not a gateway.
    fn flows(&mut self, node: &'d Node) -> Vec<(&'d str, Vec<&'d str>)> {
        let flows = self.map(node, "flows").iter().filter(|flow| !flow.key.starts_with("x-"));
        flows
            .map(|flow| {
                (&*flow.key, self.map(&flow.node, "scopes").iter().map(|scope| &*scope.key).collect())
            })
            .collect()
    }
}
