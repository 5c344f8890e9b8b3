//! Schemas stay nodes; here only every reference that can be reached in them is followed once, so that whoever
//! compiles them meets none that leads nowhere. Knows where in a schema schemas stand, and nothing else of them.

use super::Reading;
use crate::codes;
use crate::model::SchemaRef;
use crate::resource::{LISTS, MAPS, SINGLE};
use crate::tree::{Node, Value};

impl<'d> Reading<'d, '_> {
    /// The schema under `key`, its references checked.
    pub(super) fn schema(&mut self, node: &'d Node, key: &str) -> Option<SchemaRef<'d>> {
        let schema = node.get(key)?;
        self.check_schema(schema);
        Some(SchemaRef { node: schema })
    }

    fn check_schema(&mut self, root: &'d Node) {
        let mut rest = vec![root];
        while let Some(node) = rest.pop() {
            if !self.checked.insert(node) {
                continue;
            }
            match node.value() {
                Value::Bool(_) if !self.version.is_draft4() => {}
                Value::Object(_) => self.check_keywords(node, &mut rest),
                _ => self.wrong_type(node, "a schema", "an object"),
            }
        }
    }

    fn check_keywords(&mut self, node: &'d Node, rest: &mut Vec<&'d Node>) {
        if let Some(reference) = node.get("$ref") {
            rest.extend(self.referred(node, reference));
            if self.version.is_draft4() {
                return;
            }
        }
        if !self.version.is_draft4() {
            self.check_id(node);
            if let Some(reference) = node.get("$dynamicRef") {
                rest.extend(self.dynamically_referred(reference));
            }
        }
        for member in node.as_object().map_or(&[][..], |object| object.members()) {
            let key = &*member.key;
            let is_switch = key == "additionalProperties" && member.node.as_bool().is_some();
            if SINGLE.contains(&key) && !is_switch {
                rest.push(&member.node);
            } else if LISTS.contains(&key) {
                rest.extend(self.list(node, key));
            } else if MAPS.contains(&key) {
                rest.extend(self.map(node, key).iter().map(|member| &member.node));
            }
        }
    }

    fn check_id(&mut self, node: &'d Node) {
        let Some(id) = node.get("$id") else { return };
        let problem = match id.as_str().map(|text| text.strip_suffix('#').unwrap_or(text)) {
            Some(text) if !text.contains('#') => return,
            Some(_) => "`$id` has a fragment; what names a part of a document is `$anchor`".to_owned(),
            None => format!("`$id` must be a string, not {}", id.kind()),
        };
        self.error(codes::SCHEMA_ID, id.place(), problem);
    }

    /// Everything that a `$dynamicRef` may lead to.
    fn dynamically_referred(&mut self, reference: &'d Node) -> Vec<&'d Node> {
        let Some(text) = reference.as_str() else {
            let message = format!("`$dynamicRef` must be a string, not {}", reference.kind());
            self.error(codes::REF_SYNTAX, reference.place(), message);
            return Vec::new();
        };
        let documents = self.documents;
        let found = documents.resolve(text, reference.place()).and_then(|initial| {
            let name = documents.dynamic_name(text, reference.place());
            let others = name.map_or(Ok(Vec::new()), |name| documents.candidates(name))?;
            Ok([vec![initial], others].concat())
        });
        found.map_err(|error| self.unresolved(&error, reference.place())).unwrap_or_default()
    }

    fn referred(&mut self, node: &'d Node, reference: &'d Node) -> Option<&'d Node> {
        let Some(text) = reference.as_str() else {
            self.error(
                codes::REF_SYNTAX,
                reference.place(),
                format!("`$ref` must be a string, not {}", reference.kind()),
            );
            return None;
        };
        let end = self.documents.follow(node).and_then(|_| self.documents.resolve(text, reference.place()));
        end.map_err(|error| self.unresolved(&error, reference.place())).ok()
    }
}
