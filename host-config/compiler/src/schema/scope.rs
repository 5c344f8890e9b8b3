//! The dynamic scope of JSON Schema 2020-12 (section 7.1), resolved before any message is seen: which schema a
//! `$dynamicRef` leads to depends on the resources that were entered on the way to it, and all ways are in the
//! documents. So a schema is written once for each scope in which it is reached.

use std::rc::Rc;

use portcullis_openapi::{Documents, Node};

/// What each `$dynamicAnchor`'s name leads to: the schema of the outermost resource that has it.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope<'d> {
    /// By name, in the order in which resources were entered; none without a name.
    anchors: Option<Rc<Vec<(&'d str, &'d Node)>>>,
}

/// A scope as part of a key: names and addresses of nodes.
pub(super) type ScopeKey = Vec<(String, *const Node)>;

impl<'d> Scope<'d> {
    /// The scope within a schema that is reached from this one.
    pub(super) fn entered(&self, documents: &'d Documents, schema: &Node) -> Self {
        if !documents.is_dynamic() {
            return self.clone();
        }
        let mut new = documents.dynamic_anchors(documents.resource(schema.place())).peekable();
        if new.peek().is_none() {
            return self.clone();
        }
        let mut anchors = self.anchors.as_deref().cloned().unwrap_or_default();
        for (name, node) in new {
            if !anchors.iter().any(|(known, _)| *known == name) {
                anchors.push((name, node));
            }
        }
        Self { anchors: Some(Rc::new(anchors)) }
    }

    /// The schema that the `$dynamicRef` of a schema leads to; none where it leads nowhere.
    pub(super) fn target(&self, documents: &'d Documents, schema: &Node, text: &str) -> Option<&'d Node> {
        let initial = documents.resolve(text, schema.place()).ok()?;
        let Some(name) = documents.dynamic_name(text, schema.place()) else { return Some(initial) };
        let mut known = self.anchors.iter().flat_map(|anchors| anchors.iter());
        Some(known.find(|(known, _)| *known == name).map_or(initial, |(_, node)| node))
    }

    /// Tells scopes apart in which a schema means something else.
    pub(super) fn key(&self) -> ScopeKey {
        let anchors = self.anchors.iter().flat_map(|anchors| anchors.iter());
        let mut key: ScopeKey =
            anchors.map(|(name, node)| ((*name).to_owned(), std::ptr::from_ref(*node))).collect();
        key.sort();
        key
    }
}
