//! What explaining a wrong value may cost. Judging is cheap: the validator remembers what it has judged. Its
//! explanations are not: it lists the errors of every branch of every alternative, and where alternatives
//! refer to one another that doubles with each level a client nests. So the visits are counted first.

use portcullis_core::decode;
use serde_json::Value;

/// How much of an explanation is affordable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// All that is wrong.
    All,
    /// The first thing that is wrong.
    First,
    /// That something is wrong.
    Verdict,
}

/// Visits of a schema to a value up to which all errors are listed.
const ALL: usize = 20_000;
/// Visits up to which the first error is found.
const FIRST: usize = 100_000;
/// Most subschemas in place, one within or behind the other, that are followed for one value.
const MAX_HOPS: usize = 64;

/// What is affordable for a value; `root` holds the schema and its definitions.
pub(crate) fn detail(root: &Value, value: &Value) -> Detail {
    let mut walk = Walk { root, left: FIRST };
    walk.visit(root, value, 0);
    match FIRST - walk.left {
        ..ALL => Detail::All,
        ALL..FIRST => Detail::First,
        _ => Detail::Verdict,
    }
}

struct Walk<'s> {
    root: &'s Value,
    left: usize,
}

impl<'s> Walk<'s> {
    fn visit(&mut self, schema: &'s Value, value: &Value, hops: usize) {
        let Value::Object(keywords) = schema else { return };
        if self.left == 0 || hops > MAX_HOPS {
            return;
        }
        self.left -= 1;
        for (keyword, inner) in keywords {
            match keyword.as_str() {
                "$ref" | "$dynamicRef" => {
                    if let Some(target) = inner.as_str().and_then(|target| self.resolve(target)) {
                        self.visit(target, value, hops + 1);
                    }
                }
                "allOf" | "anyOf" | "oneOf" => {
                    inner.as_array().into_iter().flatten().for_each(|one| self.visit(one, value, hops + 1));
                }
                "not" | "if" | "then" | "else" => self.visit(inner, value, hops + 1),
                "dependentSchemas" | "dependencies" => {
                    let named = inner.as_object().into_iter().flatten();
                    named.for_each(|(_, one)| self.visit(one, value, hops + 1));
                }
                keyword => self.descend(keyword, inner, value),
            }
        }
    }

    /// Visits what is within the value.
    fn descend(&mut self, keyword: &str, inner: &'s Value, value: &Value) {
        match (keyword, value) {
            ("properties", Value::Object(members)) => {
                for (name, member) in members {
                    if let Some(schema) = inner.get(name) {
                        self.visit(schema, member, 0);
                    }
                }
            }
            ("patternProperties", Value::Object(members)) => {
                for schema in inner.as_object().into_iter().flatten().map(|(_, schema)| schema) {
                    members.values().for_each(|member| self.visit(schema, member, 0));
                }
            }
            ("additionalProperties" | "unevaluatedProperties", Value::Object(members)) => {
                members.values().for_each(|member| self.visit(inner, member, 0));
            }
            ("items" | "prefixItems", Value::Array(items)) if inner.is_array() => {
                let schemas = inner.as_array().into_iter().flatten();
                schemas.zip(items).for_each(|(schema, item)| self.visit(schema, item, 0));
            }
            ("items" | "additionalItems" | "unevaluatedItems" | "contains", Value::Array(items)) => {
                items.iter().for_each(|item| self.visit(inner, item, 0));
            }
            _ => {}
        }
    }

    fn resolve(&self, target: &str) -> Option<&'s Value> {
        self.root.pointer(&decode(target.strip_prefix('#')?).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn detail_shrinks_as_visits_grow() {
        let list = r#"{"items":{"type":"integer"}}"#;
        let chain = r##"{"properties":{"a":{"$ref":"#"}}}"##;
        let doubling = r##"{"oneOf":[{"properties":{"a":{"$ref":"#"}}},{"properties":{"a":{"$ref":"#"}}}]}"##;
        let nowhere = r##"{"allOf":[{"$ref":"#"},{"$ref":"#"}]}"##;
        let items = |count: usize| Value::Array(vec![Value::Null; count]);
        let nested =
            |depth: usize| (0..depth).fold(Value::Null, |inner, _| serde_json::json!({ "a": inner }));
        let cases = [
            (list, items(19_998), Detail::All),
            (list, items(20_000), Detail::First),
            (list, items(100_000), Detail::Verdict),
            (chain, nested(64), Detail::All),
            (doubling, nested(8), Detail::All),
            (doubling, nested(64), Detail::Verdict),
            (nowhere, Value::Null, Detail::Verdict),
            ("true", Value::Null, Detail::All),
        ];
        for (schema, value, expected) in cases {
            let schema = serde_json::from_str(schema).unwrap();
            assert_eq!(detail(&schema, &value), expected, "{schema}");
        }
    }
}
