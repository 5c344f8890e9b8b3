use std::collections::HashMap;

use portcullis_config::schema::DialectConfig;

use crate::json;
use crate::validator::Validator;
use crate::work::Work;

const PET: &str = r##"{"type":"object","required":["name","kind","x"],"additionalProperties":{"type":"integer"},
    "minProperties":3,"maxProperties":5,
    "properties":{"name":{"type":"string","minLength":2},"kind":{"$ref":"#/$defs/kind"},"young":{"type":"array",
    "minItems":1,"maxItems":2,"items":{"$ref":"#"}},"any":{}},
    "$defs":{"kind":{"allOf":[{"enum":["cat","dog"]}]}}}"##;
const CLOSED: &str =
    r#"{"additionalProperties":false,"properties":{"a":{"anyOf":[{"type":"null"},{"minItems":2}]}}}"#;
const TUPLE: &str = r#"{"prefixItems":[{"type":"null"}],"items":{"uniqueItems":true}}"#;
const WHOLE: &str = r#"{"required":["a"],"not":{"required":["b"]}}"#;

const QUOTED: &str = r#"{"properties":{"a\"b":{"type":"integer"},"":{"type":"integer"}}}"#;
const NEVER_ITSELF: &str = r##"{"items":{"$ref":"#"},"not":{"$ref":"#"}}"##;
const ONE_OF: &str = r##"{"$ref":"#/$defs/pet","$defs":{"pet":{"oneOf":[{"$ref":"#/$defs/cat"},{"$ref":"#/$defs/dog"}]},
    "cat":{"allOf":[{"$ref":"#/$defs/pet"},{"required":["meow"]}]},
    "dog":{"allOf":[{"$ref":"#/$defs/pet"},{"required":["bark"]}]}}}"##;

fn validator(schema: &str) -> Validator {
    let root = json::read(schema.as_bytes(), json::Limits::SCHEMA).unwrap();
    Validator::new(&root, DialectConfig::Draft202012).unwrap()
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_is_good_is_known_once_it_is_read() {
    let cases = [
        ("all that is required", PET, r#"{"name":"Tom","kind":"cat","x":1}"#, true),
        ("in another order", PET, r#" { "x":1, "kind" : "dog","name":"Rex", "any":[{}] } "#, true),
        ("by an escaped name", PET, r#"{"n\u0061me":"Tom","kind":"cat","x":1}"#, true),
        (
            "within a list",
            PET,
            r#"{"young":[{"name":"Tim","kind":"cat","x":2}],"name":"Tom","kind":"cat","x":1}"#,
            true,
        ),
        ("a list that is too short", PET, r#"{"young":[],"name":"Tom","kind":"cat","x":1}"#, false),
        ("no name", PET, r#"{"kind":"cat","x":1,"y":2}"#, false),
        ("nothing that no schema names", PET, r#"{"name":"Tom","kind":"cat","any":1}"#, false),
        ("too many", PET, r#"{"name":"Tom","kind":"cat","x":1,"y":2,"z":3,"zz":4}"#, false),
        ("another kind", PET, r#"{"name":"Tom","kind":"fox","x":1}"#, false),
        ("a member of another type", PET, r#"{"name":"Tom","kind":"cat","x":"1"}"#, false),
        ("a named member twice", PET, r#"{"name":"Tom","kind":"cat","x":1,"name":"Tim"}"#, false),
        ("another member twice", PET, r#"{"name":"Tom","kind":"cat","x":1,"\u0078":2}"#, false),
        ("another type", PET, "[]", false),
        ("more than a value", PET, r#"{"name":"Tom","kind":"cat","x":1} 1"#, false),
        ("half a value", PET, r#"{"name":"Tom","kind":"cat","x":1"#, false),
        ("alternatives within", CLOSED, r#"{"a":[1,2]}"#, true),
        ("no alternative", CLOSED, r#"{"a":[1]}"#, false),
        ("a member too many", CLOSED, r#"{"b":1}"#, false),
        ("nothing at all", CLOSED, "{}", true),
        ("a tuple", TUPLE, "[null,[1,2],3]", true),
        ("a tuple with another start", TUPLE, "[1]", false),
        ("equal items in a list within", TUPLE, "[null,[1,1]]", false),
        ("what is judged as a whole", WHOLE, r#"{"a":1}"#, true),
        ("what is refused as a whole", WHOLE, r#"{"a":1,"b":1}"#, false),
        ("nothing to judge", "{}", r#"{"a":{"b":[1,"x"]}}"#, true),
        ("twice where nothing is named", "{}", r#"{"a":{"b":1,"b":2}}"#, false),
        ("never", "false", "1", false),
        ("a name that JSON escapes", QUOTED, r#"{"a\"b":1,"":2}"#, true),
        ("the same that is no number", QUOTED, r#"{"":2,"a\"b":"1"}"#, false),
        ("a name that ends where it seems to", QUOTED, r#"{"a\":1}"#, false),
        ("itself, refused, in its place", NEVER_ITSELF, "1", false),
        ("one of two that come back to both", ONE_OF, r#"{"meow":1}"#, true),
        ("two of two that come back to both", ONE_OF, r#"{"meow":1,"bark":1}"#, false),
        ("nothing but itself", r##"{"$ref":"#"}"##, "1", true),
    ];
    // What follows what in an object is remembered from one text to the next.
    let mut validators: HashMap<&str, Validator> = HashMap::new();
    for (name, schema, text, expected) in cases.iter().chain(cases.iter().rev()).copied() {
        let validator = validators.entry(schema).or_insert_with(|| validator(schema));
        assert_eq!(validator.accepts_text(text, &Work::default()), expected, "{name}");
        let value = json::read(text.as_bytes(), json::Limits::MESSAGE);
        let judged = value.is_ok_and(|value| validator.accepts(&value, &Work::default()));
        assert_eq!(judged, expected, "{name}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_is_read_is_bounded() {
    let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    let cases = [
        ("as deep as may be", nested(64), true),
        ("too deep", nested(65), false),
        ("as many values as may be", format!("[{}1]", "1,".repeat(249_998)), true),
        ("too many values", format!("[{}1]", "1,".repeat(249_999)), false),
        ("a long number", format!("[{}]", "1".repeat(129)), false),
    ];
    let lists = validator(r##"{"items":{"$ref":"#"}}"##);
    for (name, text, expected) in cases {
        assert_eq!(lists.accepts_text(&text, &Work::default()), expected, "{name}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn steps_are_taken_from_the_message_whatever_comes_of_it() {
    let validator = validator(r#"{"items":{"type":"integer","minimum":0}}"#);
    let left = |text: &str| {
        let work = Work::of_steps(5_000);
        (validator.accepts_text(text, &work), work.left())
    };
    assert_eq!(left("[1,2]"), (true, 4_992));
    assert_eq!(left("[1,-2]"), (false, 4_992));
    assert_eq!(left(&format!("[{}1]", "1,".repeat(2_000))), (false, 0));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn objects_of_many_members_are_judged_as_a_whole() {
    for count in [255, 256, 257] {
        let properties: Vec<String> =
            (0..count).map(|at| format!("\"m{at}\":{{\"type\":\"integer\"}}")).collect();
        let required: Vec<String> = (0..count).map(|at| format!("\"m{at}\"")).collect();
        let schema =
            format!("{{\"properties\":{{{}}},\"required\":[{}]}}", properties.join(","), required.join(","));
        let validator = validator(&schema);
        let text = |members: usize| {
            let members: Vec<String> = (0..members).map(|at| format!("\"m{at}\":{at}")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(validator.accepts_text(&text(count), &Work::default()), "{count}");
        assert!(!validator.accepts_text(&text(count - 1), &Work::default()), "{count}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn verdicts_on_one_part_are_not_those_on_the_next() {
    // Each part is a value of its own for a moment, maybe where the one before it was.
    let schema = r##"{"items":{"$ref":"#/$defs/tree"},"$defs":{"tree":{"anyOf":[{"type":"integer"},
        {"type":"array","minItems":1,"items":{"$ref":"#/$defs/tree"}}]}}}"##;
    let validator = validator(schema);
    for (text, expected) in [("[[1],[[2]],[1]]", true), ("[[1],[],[1]]", false), ("[[[1]],[[]]]", false)] {
        assert_eq!(validator.accepts_text(text, &Work::default()), expected, "{text}");
    }
}
