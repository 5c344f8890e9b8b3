//! What each schema that is referred to is called among the definitions. Component schemas keep their name;
//! others are named by file and place. Names have only letters, digits, `.`, `_` and `-`, so that no reference to
//! them needs an escape.

use std::collections::{HashMap, HashSet};

use portcullis_openapi::{Documents, Node};

use super::scope::ScopeKey;

/// Names given so far. Which name a schema gets depends on the documents and the order of asking alone.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// By the address of the schema's node, and by what its `$dynamicRef`s lead to: two nodes are never one schema.
    by_node: HashMap<(*const Node, ScopeKey), String>,
    taken: HashSet<String>,
}

impl Names {
    /// The name of a schema, and whether it is asked for the first time.
    pub(super) fn name(&mut self, documents: &Documents, node: &Node, scope: ScopeKey) -> (String, bool) {
        let key = (std::ptr::from_ref(node), scope);
        if let Some(name) = self.by_node.get(&key) {
            return (name.clone(), false);
        }
        let name = self.unused(documents, node);
        self.taken.insert(name.clone());
        self.by_node.insert(key, name.clone());
        (name, true)
    }

    fn unused(&self, documents: &Documents, node: &Node) -> String {
        let pointer = documents.pointer(node.place());
        let root_file = documents.root().map(|root| root.place().file);
        let components = ["/components/schemas/", "/definitions/"];
        let own = components.iter().find_map(|prefix| pointer.strip_prefix(prefix));
        let is_component = own.is_some_and(|own| !own.contains('/'));
        let own = own.unwrap_or(&pointer).trim_start_matches('/');
        if root_file == Some(node.place().file) {
            if is_component && is_plain(own) && !self.taken.contains(own) {
                return own.to_owned();
            }
            return self.numbered(documents, &plain(own));
        }
        // Relative to the document, so that a name says nothing of where the files are.
        let folder = root_file.map_or("", |file| crate::gateway::folder(documents.name(file)));
        let file = documents.name(node.place().file);
        let file = file.strip_prefix(folder).unwrap_or(file).trim_start_matches("../");
        self.numbered(documents, &plain(&format!("{file}_{own}")))
    }

    /// The name itself, or with the first number that makes it unique. A component's own name is left to it.
    fn numbered(&self, documents: &Documents, name: &str) -> String {
        let is_free = |name: &str| !self.taken.contains(name) && !is_component(documents, name);
        if is_free(name) {
            return name.to_owned();
        }
        let numbered = (2_usize..).map(|number| format!("{name}_{number}"));
        numbered.into_iter().find(|name| is_free(name)).unwrap_or_default()
    }
}

fn is_component(documents: &Documents, name: &str) -> bool {
    let schemas = documents.root().and_then(|root| root.get("components")?.get("schemas"));
    schemas.is_some_and(|schemas| schemas.get(name).is_some())
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(is_plain_byte)
}

fn is_plain_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

fn plain(name: &str) -> String {
    let kept = name.chars().map(|character| match u8::try_from(character) {
        Ok(byte) if is_plain_byte(byte) => character,
        _ => '_',
    });
    let kept: String = kept.collect();
    if kept.is_empty() { "schema".to_owned() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::documents;

    #[test]
    fn components_keep_their_name_and_others_get_a_readable_unique_one() {
        let documents = documents(&[
            (
                "api.json",
                r#"{"components":{"schemas":{"Pet":{"properties":{"a":{},"é":{}}},"Pet_properties_a":{},"a b":{},
                    "a_b":{},"List<Pet>":{}}},"paths":{"/x":{"s":{"$ref":"../lib/v1.yaml#/Pet"}}}}"#,
            ),
            ("../lib/v1.yaml", "Pet: {type: object}\ncomponents: {schemas: {Pet: {}}}\n"),
        ]);
        let mut names = Names::default();
        let table = [
            ("#/components/schemas/Pet", "Pet"),
            ("#/components/schemas/Pet/properties/a", "Pet_properties_a_2"),
            ("#/components/schemas/Pet/properties/é", "Pet_properties__"),
            ("#/components/schemas/Pet_properties_a", "Pet_properties_a"),
            ("#/components/schemas/a b", "a_b_2"),
            ("#/components/schemas/a_b", "a_b"),
            ("#/components/schemas/List<Pet>", "List_Pet_"),
            ("#/paths/~1x", "paths__1x"),
            ("#", "schema"),
            ("../lib/v1.yaml#/Pet", "lib_v1.yaml_Pet"),
            ("../lib/v1.yaml#/components/schemas/Pet", "lib_v1.yaml_Pet_2"),
        ];
        let root = documents.root().unwrap().place();
        for first in [true, false] {
            for (reference, expected) in table {
                let node = documents.resolve(reference, root).unwrap();
                assert_eq!(
                    names.name(&documents, node, Vec::new()),
                    (expected.to_owned(), first),
                    "{reference}"
                );
            }
        }
    }
}
