//! What explaining a wrong value may cost. Judging is cheap: the verdicts of schemas that recur are kept. An
//! explanation is not: it goes into every schema for the same value, and where those refer to one another that
//! doubles with each level a client nests. So the visits are counted first.

use super::keyword::{Keyword, Members, Node, NodeId, Others};
use crate::value::{Object, Value};
use crate::work::MAX_DEPTH;

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

/// What is affordable for a value, judged by the first of the nodes.
pub(super) fn detail(nodes: &[Node], value: &Value<'_>) -> Detail {
    let mut walk = Walk { nodes, left: FIRST, depth: 0 };
    walk.visit(0, value, 0);
    match FIRST - walk.left {
        ..ALL => Detail::All,
        ALL..FIRST => Detail::First,
        _ => Detail::Verdict,
    }
}

/// Members that are looked at in the time of a visit.
const LOOKS_A_VISIT: usize = 16;

struct Walk<'n> {
    nodes: &'n [Node],
    left: usize,
    depth: u32,
}

impl Walk<'_> {
    fn visit(&mut self, id: NodeId, value: &Value<'_>, hops: usize) {
        let Some(node) = self.nodes.get(id) else { return };
        if self.left == 0 || hops > MAX_HOPS {
            return;
        }
        // So deep, nothing is explained.
        if self.depth == MAX_DEPTH {
            self.left = 0;
            return;
        }
        self.left -= 1;
        self.depth += 1;
        self.keywords(node, value, hops);
        self.depth -= 1;
    }

    fn keywords(&mut self, node: &Node, value: &Value<'_>, hops: usize) {
        for keyword in &node.keywords {
            if self.left == 0 {
                return;
            }
            match (keyword, value) {
                (Keyword::Members(schemas), Value::Object(members)) => self.members(schemas, members),
                (Keyword::PropertyNames(_), _) => {}
                (Keyword::UnevaluatedProperties(id), Value::Object(members)) => {
                    members.iter().for_each(|(_, member)| self.visit(*id, member, 0));
                }
                (Keyword::Items(schemas), Value::Array(items)) => {
                    let judged =
                        items.iter().enumerate().map_while(|(at, item)| Some((schemas.of(at)?, item)));
                    judged.for_each(|(id, item)| self.visit(id, item, 0));
                }
                (Keyword::Contains(contains), Value::Array(items)) => {
                    items.iter().for_each(|item| self.visit(contains.schema, item, 0));
                }
                (Keyword::UnevaluatedItems(id), Value::Array(items)) => {
                    items.iter().for_each(|item| self.visit(*id, item, 0));
                }
                (
                    Keyword::Members(_)
                    | Keyword::Items(_)
                    | Keyword::Contains(_)
                    | Keyword::UnevaluatedItems(_)
                    | Keyword::UnevaluatedProperties(_),
                    _,
                ) => {}
                (in_place, _) => in_place.each_node(|id| self.visit(id, value, hops + 1)),
            }
        }
    }

    /// Visits what is within an object. To look at members that nothing is said about takes time, too.
    fn members(&mut self, schemas: &Members, members: &Object<'_>) {
        self.left = self.left.saturating_sub(members.len() / LOOKS_A_VISIT);
        for (name, member) in members.iter() {
            if let Some(id) = schemas.named(name) {
                self.visit(id, member, 0);
            }
            schemas.patterns.iter().for_each(|(_, id)| self.visit(*id, member, 0));
            if let Others::Judged(id) = schemas.others {
                self.visit(id, member, 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use portcullis_config::schema::DialectConfig;

    use super::*;
    use crate::json;
    use crate::validator::Validator;
    use crate::value::Members;

    fn detail(schema: &str, value: &Value<'_>) -> Detail {
        let root = json::read(schema.as_bytes(), json::Limits::SCHEMA).unwrap();
        Validator::new(&root, DialectConfig::Draft202012).unwrap().detail(value)
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn detail_shrinks_as_visits_grow() {
        let list = r#"{"items":{"type":"integer"}}"#;
        let chain = r##"{"properties":{"a":{"$ref":"#"}}}"##;
        let doubling = r##"{"oneOf":[{"properties":{"a":{"$ref":"#"}}},{"properties":{"a":{"$ref":"#"}}}]}"##;
        let nowhere = r##"{"allOf":[{"$ref":"#"},{"$ref":"#"}]}"##;
        let items = |count: usize| Value::Array(vec![Value::Null; count]);
        let nested = |depth: usize| {
            let object = |inner, _| Value::from(Members::from([("a".into(), inner)]));
            (0..depth).fold(Value::Null, object)
        };
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
        let wide = || {
            let members = (0..80_000).map(|number| (format!("m{number}").into(), Value::Null));
            Value::from(members.collect::<Members>())
        };
        // Each of many schemas looks at all of its members, and has something to say about none.
        let twice = |inner: String, _| format!(r#"{{"allOf":[{inner},{inner}]}}"#);
        let looks = r#"{"required":["x"],"properties":{"y":true}}"#.to_owned();
        let looks = (0..8).fold(looks, twice);
        assert_eq!(detail(&looks, &wide()), Detail::Verdict);
        for (schema, value, expected) in cases {
            assert_eq!(detail(schema, &value), expected, "{schema}");
        }
    }
}
