//! JSON pointers (RFC 6901): from a pointer to a node, and from a place back to the pointer.

use std::borrow::Cow;

use crate::source::Place;
use crate::tree::{Node, Value};

/// The pointer of the innermost node, or key, that holds a place.
pub(crate) fn of_place(root: &Node, place: Place) -> String {
    let mut pointer = String::new();
    let mut node = Some(root);
    while let Some((token, child)) = node.and_then(|node| step_towards(node, place)) {
        pointer.push('/');
        pointer.push_str(&token);
        node = child;
    }
    pointer
}

/// The node that a pointer, which starts with a slash, leads to.
pub(crate) fn at_pointer<'d>(root: &'d Node, pointer: &str) -> Option<&'d Node> {
    pointer.split('/').skip(1).try_fold(root, |node, token| {
        let token = unescaped(token);
        match node.value() {
            Value::Object(object) => object.get(&token).map(|member| &member.node),
            Value::Array(items) => items.get(index(&token)?),
            _ => None,
        }
    })
}

/// RFC 6901 4: digits without leading zeros.
fn index(token: &str) -> Option<usize> {
    let is_plain =
        token.bytes().all(|byte| byte.is_ascii_digit()) && (token.len() == 1 || !token.starts_with('0'));
    if is_plain { token.parse().ok() } else { None }
}

/// The key or position under which a node holds a place, and the child when it is in that child.
fn step_towards(node: &Node, place: Place) -> Option<(String, Option<&Node>)> {
    match node.value() {
        Value::Array(items) => {
            let after = items.partition_point(|item| item.place().start <= place.start);
            let item = items.get(after.checked_sub(1)?)?;
            holds(item, place).then(|| ((after - 1).to_string(), Some(item)))
        }
        Value::Object(object) => {
            let members = object.members();
            let after = members.partition_point(|member| member.key_place.start <= place.start);
            let member = members.get(after.checked_sub(1)?)?;
            let child = holds(&member.node, place).then_some(&member.node);
            let in_key = place.end <= member.key_place.end;
            (in_key || child.is_some()).then(|| (escaped(&member.key).into_owned(), child))
        }
        _ => None,
    }
}

fn holds(node: &Node, place: Place) -> bool {
    node.place().start <= place.start && place.end <= node.place().end
}

/// One token of a JSON pointer without its `~0` and `~1`.
fn unescaped(token: &str) -> Cow<'_, str> {
    if token.contains('~') {
        Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(token)
    }
}

/// One token of a JSON pointer, escaped.
fn escaped(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) {
        Cow::Owned(key.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_lead_to_nodes() {
        let text = r#"{"a/b": {"~": [{"": 1}, 2]}, "0": 3}"#;
        let root = crate::tree::parse(crate::source::FileId(0), "a.json", text).unwrap();
        for (pointer, expected) in [
            ("/a~1b/~0/0/", Some("1")),
            ("/a~1b/~0/1", Some("2")),
            ("/0", Some("3")),
            ("/a~1b/~0/01", None),
            ("/a~1b/~0/+1", None),
            ("/a~1b/~0/2", None),
            ("/a~1b/~0/-", None),
            ("/0/0", None),
            ("/", None),
        ] {
            let found = at_pointer(&root, pointer).map(Node::to_json);
            assert_eq!(found.as_deref(), expected, "{pointer}");
        }
    }

    #[test]
    fn pointer_tokens_are_escaped_and_unescaped() {
        for (key, token) in [("a/b", "a~1b"), ("a~b", "a~0b"), ("~1", "~01"), ("plain", "plain")] {
            assert_eq!(escaped(key), token);
            assert_eq!(unescaped(token), key);
        }
    }
}
