//! Every node and key knows where it stands.

use portcullis_openapi::tree::Value;
use portcullis_openapi::{Documents, Node, Place};

use super::load;

fn text(documents: &Documents, place: Place) -> &str {
    &documents.text(place.file)[place.start as usize..place.end as usize]
}

#[test]
fn places_cover_what_they_name() {
    let yaml = "ä: 1\r\nlist:\r\n  - 'xü'\r\n  - {k: [v, w]}\r\nblock: |\r\n  text\r\nlast: true\r\n";
    let json = "{\"ä\": 1, \"list\": [\"xü\", {\"k\": [\"v\", \"w\"]}],\n \"last\": true}";
    for (name, source) in [("a.yaml", yaml), ("a.json", json)] {
        let (documents, _) = load(&[(name, source)]);
        let root = documents.root().unwrap();
        let at = |node: &Node| text(&documents, node.place()).to_owned();
        let unquoted = |text: String| text.trim_matches(['"', '\'']).to_owned();
        for member in root.as_object().unwrap().members() {
            assert_eq!(unquoted(text(&documents, member.key_place).to_owned()), *member.key, "{name}");
        }
        let list = root.get("list").unwrap().as_array().unwrap();
        assert_eq!(at(root.get("ä").unwrap()), "1", "{name}");
        assert_eq!(unquoted(at(&list[0])), "xü", "{name}");
        assert!(at(&list[1]).starts_with('{') && at(&list[1]).ends_with('}'), "{name}: {}", at(&list[1]));
        assert_eq!(at(root.get("last").unwrap()), "true", "{name}");
    }
}

#[test]
fn pointers_lead_back_to_the_node_they_came_from() {
    let yaml = "a/b:\n  - x: 1\n    '~': [p, q]\n  - - deep\n    - y: z\nlast:\n  k: v\nshared: &s {m: 1}\nagain: *s\nflat:\n- a\nflatter:\n- x: 1\n  y: 2\n";
    let json = r#"{"a/b":[{"x":1,"~":["p","q"]},[["deep"],{"y":"z"}]],"last":{"k":"v"}}"#;
    for (name, source) in [("a.yaml", yaml), ("a.json", json)] {
        let (documents, _) = load(&[(name, source)]);
        let mut checked = 0;
        check(&documents, documents.root().unwrap(), "", &mut checked);
        assert!(checked > 12, "{name}: {checked}");
    }
}

/// Nodes under an alias have the place, and so the pointer, of their anchor.
fn check(documents: &Documents, node: &Node, pointer: &str, checked: &mut usize) {
    if !pointer.starts_with("/again/") {
        assert_eq!(documents.pointer(node.place()), pointer);
        *checked += 1;
    }
    match node.value() {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                check(documents, item, &format!("{pointer}/{at}"), checked);
            }
        }
        Value::Object(object) => {
            for member in object.members() {
                let pointer = format!("{pointer}/{}", member.key.replace('~', "~0").replace('/', "~1"));
                if !pointer.starts_with("/again/") {
                    assert_eq!(documents.pointer(member.key_place), pointer);
                }
                check(documents, &member.node, &pointer, checked);
            }
        }
        _ => {}
    }
}
