//! Keywords that say how values are written or documented and assert nothing: whether they are what OpenAPI lets them
//! be. A slip in one would go unseen, for nothing else reads most of them.

use portcullis_openapi::Node;
use portcullis_openapi::model::Version;

use super::text::Writer;

/// The fields of an XML Object, with what they are (OpenAPI 3.0.4, XML Object).
const XML: &[(&str, &str)] = &[
    ("name", "a string"),
    ("namespace", "a string"),
    ("prefix", "a string"),
    ("attribute", "a boolean"),
    ("wrapped", "a boolean"),
];

impl Writer<'_, '_> {
    /// Tells what is wrong with a keyword that asserts nothing.
    pub(super) fn hint(&mut self, key: &str, node: &Node) {
        match key {
            "xml" => self.xml(node),
            "discriminator" => self.discriminator(node),
            "readOnly" | "writeOnly" => self.truth(key, node),
            _ => {}
        }
    }

    /// Tells that a keyword is no truth value, and so has no effect.
    pub(super) fn truth(&mut self, key: &str, node: &Node) {
        if node.as_bool().is_none() {
            self.warn(node, format!("`{key}` has no effect: it must be a boolean, not {}", node.kind()));
        }
    }

    fn xml(&mut self, node: &Node) {
        let Some(object) = node.as_object() else {
            return self
                .warn(node, format!("`xml` has no effect: it must be an object, not {}", node.kind()));
        };
        for member in object.members().iter().filter(|member| !member.key.starts_with("x-")) {
            let (key, found) = (&*member.key, member.node.kind());
            match XML.iter().find(|(known, _)| *known == key) {
                None => self.warn(&member.node, format!("`xml` has no field `{key}`; it has no effect")),
                Some((_, wanted)) if *wanted != found => {
                    self.warn(
                        &member.node,
                        format!("`{key}` has no effect: it must be {wanted}, not {found}"),
                    );
                }
                Some(_) => {}
            }
        }
    }

    fn discriminator(&mut self, node: &Node) {
        let name = match self.writing.model.version {
            Version::V2_0 => Some(node),
            _ => node.get("propertyName"),
        };
        if name.and_then(Node::as_str).is_none() {
            self.warn(node, "`discriminator` does not name a property".to_owned());
        }
    }
}
