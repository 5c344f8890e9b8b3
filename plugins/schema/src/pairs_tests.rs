use portcullis_core::pairs;
use serde_json::json;

use super::*;
use StyleConfig::{DeepObject, Form, PipeDelimited};
use TypeConfig::{Array, Boolean, Integer, Object, String as Text};

fn of(types: &[TypeConfig]) -> ShapeConfig {
    ShapeConfig { types: types.to_vec(), ..ShapeConfig::default() }
}

fn list(items: ShapeConfig) -> ShapeConfig {
    ShapeConfig { items: Some(Box::new(items)), ..of(&[Array]) }
}

fn object(properties: &[(&str, ShapeConfig)]) -> ShapeConfig {
    let properties = properties.iter().map(|(name, shape)| ((*name).to_owned(), shape.clone())).collect();
    ShapeConfig { properties, ..of(&[Object]) }
}

fn read<'t>(
    query: &'t str,
    style: StyleConfig,
    explode: bool,
    shape: &ShapeConfig,
) -> Result<Option<Vec<Value<'t>>>, Fault> {
    Pairs::new(pairs(query), Coding::Form).read("p", style, explode, shape)
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn pairs_become_values() {
    let color = object(&[("R", of(&[Integer])), ("tags", list(of(&[Integer])))]);
    let filter = object(&[("price", object(&[("gte", of(&[Integer]))])), ("ids", list(of(&[Integer])))]);
    let lines = list(object(&[("n", of(&[Integer]))]));
    let either = ShapeConfig { types: vec![Integer, Object], ..object(&[("a", of(&[Integer]))]) };
    let of_itself = ShapeConfig { types: vec![Object, Text], ..object(&[("p", of(&[Integer]))]) };
    let rest = ShapeConfig { rest: Some(Box::new(of(&[Integer]))), ..object(&[]) };
    let lists = ShapeConfig { rest: Some(Box::new(list(of(&[Integer])))), ..object(&[]) };
    let tuple = ShapeConfig { prefix: vec![of(&[Text])], ..list(of(&[Integer])) };
    let one_or_many = ShapeConfig { types: vec![Array, Object], ..lines.clone() };
    let cases = [
        ("p=1", Form, true, of(&[Integer]), Some(json!(1))),
        ("%70=1", Form, true, of(&[Integer]), Some(json!(1))),
        ("p", Form, true, of(&[]), Some(json!(""))),
        ("q=1", Form, true, of(&[Integer]), None),
        ("p=1&q=0&p=2", Form, true, list(of(&[Integer])), Some(json!([1, 2]))),
        ("p=1,2", Form, true, list(of(&[])), Some(json!(["1,2"]))),
        ("p=1,2", Form, false, list(of(&[Integer])), Some(json!([1, 2]))),
        ("p=a%2Cb,c", Form, false, list(of(&[])), Some(json!(["a,b", "c"]))),
        ("p=1|2", PipeDelimited, false, list(of(&[Integer])), Some(json!([1, 2]))),
        ("p=1&p=2", PipeDelimited, true, list(of(&[Integer])), Some(json!([1, 2]))),
        ("R=1&tags=2&tags=3&x=y", Form, true, color.clone(), Some(json!({"R":1,"tags":[2,3],"x":"y"}))),
        ("x=y", Form, true, color, None),
        ("x=y&x=z", Form, true, object(&[]), Some(json!({"x":["y","z"]}))),
        (
            "p[price][gte]=1&p%5Bids%5D[]=2&p[ids][]=3",
            DeepObject,
            true,
            filter.clone(),
            Some(json!({"price":{"gte":1},"ids":[2,3]})),
        ),
        ("p[ids]=2&p[ids]=3&p[y]=z", DeepObject, true, filter.clone(), Some(json!({"ids":[2,3],"y":"z"}))),
        ("p[10][n]=1&p[9][n]=2", DeepObject, true, lines.clone(), Some(json!([{"n":2},{"n":1}]))),
        ("q=1", DeepObject, true, filter.clone(), None),
        ("p=5", DeepObject, true, either.clone(), Some(json!(5))),
        ("p[a]=5", DeepObject, true, either.clone(), Some(json!({"a":5}))),
        ("p=5", Form, true, either.clone(), Some(json!(5))),
        ("p=x", Form, true, either.clone(), Some(json!("x"))),
        ("a=5", Form, true, either.clone(), Some(json!({"a":5}))),
        ("b=5", Form, true, either, None),
        ("p=5", Form, true, of_itself, Some(json!({"p":5}))),
        ("x=1&y=2&x=3", Form, true, rest.clone(), Some(json!({"x":[1,3],"y":2}))),
        ("p[x]=1", DeepObject, true, rest, Some(json!({"x":1}))),
        ("x=1&y=2&x=3", Form, true, lists, Some(json!({"x":[1,3],"y":[2]}))),
        ("p=1&p=2&p=3", Form, true, tuple.clone(), Some(json!(["1", 2, 3]))),
        ("p=1,2", Form, false, tuple.clone(), Some(json!(["1", 2]))),
        ("p[]=1&p[]=2", DeepObject, true, tuple.clone(), Some(json!(["1", 2]))),
        ("p[0]=1&p[1]=2", DeepObject, true, tuple, Some(json!(["1", 2]))),
        ("p=%7B%22n%22:1%7D&p=%7B%7D", Form, true, lines.clone(), Some(json!([{"n":1},{}]))),
        ("p[0][n]=1&p[1][n]=2", Form, true, lines.clone(), Some(json!([{"n":1},{"n":2}]))),
        ("p.1.n=1", Form, true, lines, None),
        ("p=%7B%22n%22:1%7D", Form, true, one_or_many.clone(), Some(json!([{"n":1}]))),
        ("p[0][n]=1", Form, true, one_or_many.clone(), Some(json!([{"n":1}]))),
        ("n=1", Form, true, one_or_many, None),
        (
            "price=%7B%22gte%22:1%7D&ids=2",
            Form,
            true,
            filter.clone(),
            Some(json!({"price":{"gte":1},"ids":[2]})),
        ),
        ("price[gte]=1", Form, true, filter, Some(json!({"price":{"gte":1}}))),
    ];
    for (query, style, explode, shape, expected) in cases {
        let found = read(query, style, explode, &shape).unwrap().and_then(|values| values.into_iter().next());
        let found = found.map(serde_json::Value::from);
        assert_eq!(found, expected, "{query} {style:?} {explode}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn every_type_that_fits_is_a_reading() {
    let cases = [
        ("p=1", of(&[Integer, Boolean, Text]), json!([1, "1"])),
        ("p=1&p=2", of(&[Text, Array]), json!([["1", "2"]])),
        ("p=x", of(&[Integer]), json!(["x"])),
        ("p=1", of(&[Integer, TypeConfig::Number]), json!([1])),
    ];
    for (query, shape, expected) in cases {
        let found = read(query, Form, true, &shape).unwrap().map(Value::Array).map(serde_json::Value::from);
        assert_eq!(found, Some(expected), "{query}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn pairs_that_contradict_their_style_are_refused() {
    let cases = [
        ("p=1&p=2", Form, true, of(&[Integer])),
        ("p=1&p=2", Form, false, list(of(&[Integer]))),
        ("p=%zz", Form, true, of(&[])),
        ("p=%ff", Form, true, list(of(&[]))),
        ("p=1", DeepObject, true, object(&[])),
        ("p=1&p[a]=1", DeepObject, true, ShapeConfig { types: vec![Integer, Object], ..object(&[]) }),
        ("p=1&p=2", DeepObject, true, ShapeConfig { types: vec![Integer, Object], ..object(&[]) }),
        ("p[a=1", DeepObject, true, object(&[])),
        ("p[a]x=1", DeepObject, true, object(&[])),
        ("p[a]=1&p[a]=2", DeepObject, true, object(&[("a", of(&[Integer]))])),
        ("p[a]=1&p[a][b]=2", DeepObject, true, object(&[])),
        ("p[a][a][a][a][a][a][a][a][a]=1", DeepObject, true, object(&[])),
        ("p[a%ff]=1", DeepObject, true, object(&[])),
        ("%70[a%]=1", DeepObject, true, object(&[])),
        ("R%ff=1", Form, true, object(&[])),
    ];
    for (query, style, explode, shape) in cases {
        assert_eq!(read(query, style, explode, &shape).unwrap_err().keyword, "style", "{query}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_nobody_took_is_left() {
    let query = Pairs::new(pairs("p=1&q=2&r[a]=1&q=3&s%ff=1&t%=1"), Coding::Form);
    query.read("p", Form, true, &of(&[Integer])).unwrap();
    query.read("r", DeepObject, true, &object(&[])).unwrap();
    assert_eq!(query.take("t%"), [""; 0], "a name that is not encoded as it must be is no declared one");
    assert_eq!(query.left().collect::<Vec<_>>(), ["q", "s\u{fffd}", "t%"]);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_another_parameter_names_is_not_left_to_the_first() {
    let query = Pairs::new(pairs("a=1&b=2&c=3"), Coding::Form);
    ["a", "b"].into_iter().for_each(|name| query.name(name));
    let read = |name| {
        let shape = object(&[(name, of(&[Integer]))]);
        let value = query.read("p", Form, true, &shape).unwrap().unwrap().remove(0);
        serde_json::Value::from(value)
    };
    assert_eq!(read("a"), json!({"a":1,"c":"3"}));
    assert_eq!(read("b"), json!({"b":2}));
    assert_eq!(query.left().count(), 0);
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #[test]
    fn no_query_panics(query in "[p\\[\\]=&%0-9,|+]{0,32}") {
        for style in [Form, DeepObject, PipeDelimited] {
            let integer = of(&[Integer]);
            let lists = list(list(integer.clone()));
            for shape in [integer.clone(), list(integer.clone()), lists, object(&[("p", integer)])] {
                let _ = read(&query, style, true, &shape);
                let _ = read(&query, style, false, &shape);
            }
        }
    }
}
