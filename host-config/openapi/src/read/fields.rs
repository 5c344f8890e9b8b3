//! One field of an object at a time: of the right kind, or reported.

use super::extension::is_ours;
use super::{MAX_OBJECTS, Reading};
use crate::codes;
use crate::model::Version;
use crate::reference::Unresolved;
use crate::source::Place;
use crate::tree::{Member, Node, Object};

/// What is left of Swagger 2.0 in its documents.
const OF_2_0: &[&str] = &["swagger", "collectionFormat"];

impl<'d> Reading<'d, '_> {
    /// The object, with every field checked against those that OpenAPI defines. `is_extended` where `x-portcullis` is read.
    pub(super) fn object(
        &mut self,
        node: &'d Node,
        what: &str,
        fields: &[&str],
        is_extended: bool,
    ) -> Option<&'d Object> {
        let Some(object) = node.as_object() else {
            self.wrong_type(node, what, "an object");
            return None;
        };
        self.spend(node)?;
        for member in object.members() {
            let key = &*member.key;
            if key.starts_with("x-") {
                self.extension(member, is_extended);
            } else if key == "$ref" && !fields.contains(&key) {
                let message = format!("{what} cannot be a `$ref`");
                self.error(codes::REF_MISPLACED, member.key_place, message);
            } else if !(fields.contains(&key) || self.version == Version::V2_0 && OF_2_0.contains(&key)) {
                self.warn(
                    codes::UNKNOWN_FIELD,
                    member.key_place,
                    format!("{what} has no field `{key}`; it has no effect"),
                );
            }
        }
        Some(object)
    }

    /// Tells of fields that say nothing where they stand.
    pub(super) fn without_effect(&mut self, node: &'d Node, fields: &[&str], place: &str) {
        for member in node.as_object().into_iter().flat_map(Object::members) {
            if fields.contains(&&*member.key) {
                let message = format!("`{}` has no effect {place}", member.key);
                self.warn(codes::UNKNOWN_FIELD, member.key_place, message);
            }
        }
    }

    /// Counts an object; none when there have been too many.
    fn spend(&mut self, node: &'d Node) -> Option<()> {
        let rest = self.budget.checked_sub(1);
        self.budget = rest.unwrap_or(0);
        if rest.is_none() && !self.is_spent {
            self.is_spent = true;
            let message = format!("the definition has more than {MAX_OBJECTS} objects, references followed");
            self.error(codes::TOO_LARGE, node.place(), message);
        }
        rest.map(|_| ())
    }

    /// The node itself, or what its `$ref` leads to. For every kind of object but schemas.
    pub(super) fn followed(&mut self, node: &'d Node) -> Option<&'d Node> {
        let Some(reference) = node.get("$ref") else { return Some(node) };
        if reference.as_str().is_none() {
            self.error(
                codes::REF_SYNTAX,
                reference.place(),
                format!("`$ref` must be a string, not {}", reference.kind()),
            );
            return None;
        }
        let siblings = node.as_object().map_or(&[][..], Object::members).iter();
        for sibling in siblings.filter(|sibling| !matches!(&*sibling.key, "$ref" | "summary" | "description"))
        {
            if is_ours(&sibling.key) {
                self.misplaced(sibling);
            } else {
                let message = format!("`{}` next to `$ref` has no effect", sibling.key);
                self.warn(codes::REF_SIBLINGS, sibling.key_place, message);
            }
        }
        match self.documents.follow(node) {
            Ok(target) => Some(target),
            Err(error) => {
                self.unresolved(&error, reference.place());
                None
            }
        }
    }

    pub(super) fn unresolved(&mut self, error: &Unresolved, place: Place) {
        let code = match error {
            Unresolved::Remote { .. } => codes::REF_REMOTE,
            Unresolved::Syntax { .. } => codes::REF_SYNTAX,
            Unresolved::File { .. } => codes::REF_FILE,
            Unresolved::Dangling { .. } | Unresolved::Within { .. } => codes::REF_DANGLING,
            Unresolved::Ambiguous { .. } => codes::REF_AMBIGUOUS,
            Unresolved::Cycle { .. } => codes::REF_CYCLE,
        };
        self.error(code, place, error.to_string());
    }

    pub(super) fn string(&mut self, node: &'d Node, key: &str) -> Option<&'d str> {
        let field = node.get(key)?;
        let text = field.as_str();
        if text.is_none() {
            self.wrong_type(field, key, "a string");
        }
        text
    }

    pub(super) fn required_string(&mut self, node: &'d Node, key: &str, what: &str) -> Option<&'d str> {
        if node.get(key).is_none() {
            self.missing(node, key, what);
        }
        self.string(node, key)
    }

    pub(super) fn missing(&mut self, node: &'d Node, key: &str, what: &str) {
        self.error(codes::MISSING_FIELD, node.place(), format!("{what} needs the field `{key}`"));
    }

    pub(super) fn boolean(&mut self, node: &'d Node, key: &str) -> Option<bool> {
        let field = node.get(key)?;
        let value = field.as_bool();
        if value.is_none() {
            self.wrong_type(field, key, "a boolean");
        }
        value
    }

    /// The members of a field that is a map; none when it is absent.
    pub(super) fn map(&mut self, node: &'d Node, key: &str) -> &'d [Member] {
        let Some(field) = node.get(key) else { return &[] };
        match field.as_object() {
            Some(object) => object.members(),
            None => {
                self.wrong_type(field, key, "an object");
                &[]
            }
        }
    }

    /// The items of a field that is a list; none when it is absent.
    pub(super) fn list(&mut self, node: &'d Node, key: &str) -> &'d [Node] {
        let Some(field) = node.get(key) else { return &[] };
        match field.as_array() {
            Some(items) => items,
            None => {
                self.wrong_type(field, key, "an array");
                &[]
            }
        }
    }

    pub(super) fn wrong_type(&mut self, node: &'d Node, what: &str, wanted: &str) {
        self.error(codes::WRONG_TYPE, node.place(), format!("{what} must be {wanted}, not {}", node.kind()));
    }
}
