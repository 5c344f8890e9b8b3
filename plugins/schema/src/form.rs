//! `application/x-www-form-urlencoded` bodies: an object with a member for each property.

use std::borrow::Cow;
use std::collections::BTreeMap;

use portcullis_config::schema::{ShapeConfig, StyleConfig, TypeConfig};
use portcullis_core::pairs;

use crate::fault::Fault;
use crate::pairs::Pairs;
use crate::shape;
use crate::style::Coding;
use crate::value::{Members, Value};

/// Most pairs of one form.
const MAX_PAIRS: usize = 10_000;

/// How a form's properties are written, where not `form` with `explode`.
pub type Encodings = BTreeMap<String, (StyleConfig, bool)>;

/// Reads a form.
pub fn read<'t>(bytes: &'t [u8], shape: &ShapeConfig, encodings: &Encodings) -> Result<Value<'t>, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::new("syntax", "is not UTF-8"))?;
    if pairs(text).nth(MAX_PAIRS).is_some() {
        return Err(Fault::new("size", format!("has more than {MAX_PAIRS} fields")));
    }
    let form = Pairs::new(pairs(text), Coding::Form);
    let mut members = Members::new();
    for (name, property) in &shape.properties {
        let value = read_property(&form, name, property, encodings.get(name).copied())
            .map_err(|fault| fault.within(name))?;
        members.extend(value.map(|value| (Cow::Owned(name.clone()), value)));
    }
    let is_property = |name: &str| shape.properties.contains_key(name);
    if let Some(name) = form.left().find(|name| shape::is_otherwise_named(name, is_property)) {
        return Err(Fault::new("style", "is another property to some readers").within(name));
    }
    members.append(&mut form.rest(shape)?);
    Ok(members.into())
}

fn read_property<'t>(
    form: &Pairs<'t>,
    name: &str,
    shape: &ShapeConfig,
    encoding: Option<(StyleConfig, bool)>,
) -> Result<Option<Value<'t>>, Fault> {
    // Its members are fields of their own only where an encoding says so.
    if encoding.is_none() && shape::types(shape).contains(&TypeConfig::Object) {
        return form.read_nested(name, shape);
    }
    let (style, explode) = encoding.unwrap_or((StyleConfig::Form, true));
    let readings = form.read(name, style, explode, shape)?;
    if readings.is_none() && encoding.is_none() {
        return form.read_brackets(name, shape);
    }
    Ok(readings.and_then(|readings| readings.into_iter().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> ShapeConfig {
        let of = |kind: TypeConfig| ShapeConfig { types: vec![kind], ..ShapeConfig::default() };
        let list = ShapeConfig { items: Some(Box::new(of(TypeConfig::Integer))), ..of(TypeConfig::Array) };
        let address = ShapeConfig {
            properties: [("no".to_owned(), of(TypeConfig::Integer))].into(),
            ..of(TypeConfig::Object)
        };
        let either =
            ShapeConfig { types: vec![TypeConfig::Object, TypeConfig::String], ..ShapeConfig::default() };
        let amount = ShapeConfig { types: vec![TypeConfig::Integer, TypeConfig::Object], ..address.clone() };
        let properties = [
            ("n".to_owned(), of(TypeConfig::Integer)),
            ("list".to_owned(), list.clone()),
            ("csv".to_owned(), list),
            ("address".to_owned(), address.clone()),
            ("lines".to_owned(), ShapeConfig { items: Some(Box::new(address)), ..of(TypeConfig::Array) }),
            ("either".to_owned(), either),
            ("amount".to_owned(), amount),
            ("first_name".to_owned(), of(TypeConfig::Integer)),
        ];
        ShapeConfig { properties: properties.into(), ..of(TypeConfig::Object) }
    }

    fn read(form: &str) -> Result<String, Fault> {
        let encodings = [("csv".to_owned(), (StyleConfig::Form, false))].into();
        super::read(form.as_bytes(), &shape(), &encodings).map(|value| value.to_string())
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn forms_become_objects() {
        let cases = [
            ("", "{}"),
            ("n=1&x=a+b%26", r#"{"n":1,"x":"a b&"}"#),
            ("list=1&list=2", r#"{"list":[1,2]}"#),
            ("list[]=1&list[]=2", r#"{"list":[1,2]}"#),
            ("csv=1,2", r#"{"csv":[1,2]}"#),
            ("address=%7B%22no%22%3A1%7D", r#"{"address":{"no":1}}"#),
            ("address[no]=1&address[x]=y", r#"{"address":{"no":1,"x":"y"}}"#),
            ("lines=%7B%22no%22%3A1%7D&lines=%7B%7D", r#"{"lines":[{"no":1},{}]}"#),
            ("lines[0][no]=1&lines[1][no]=2", r#"{"lines":[{"no":1},{"no":2}]}"#),
            ("either=%7B%7D", r#"{"either":{}}"#),
            ("either=", r#"{"either":""}"#),
            ("no=1&amount=2", r#"{"amount":2,"no":"1"}"#),
            ("no=1", r#"{"no":"1"}"#),
            ("amount[no]=1", r#"{"amount":{"no":1}}"#),
            ("amount=%7B%22no%22%3A1%7D", r#"{"amount":{"no":1}}"#),
            ("y[a]=1&z[=2", r#"{"y[a]":"1","z[":"2"}"#),
            ("x=1&x=2&x=3", r#"{"x":["1","2","3"]}"#),
        ];
        for (form, expected) in cases {
            assert_eq!(read(form).as_deref(), Ok(expected), "{form}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn broken_forms_are_refused() {
        let cases = [
            ("n=1&n=2".to_owned(), "style", "/n"),
            ("x=%zz".to_owned(), "style", "/x"),
            ("%FF=1".to_owned(), "style", "/\u{fffd}"),
            ("50%=1".to_owned(), "style", "/50%"),
            ("address={".to_owned(), "syntax", "/address"),
            ("address={}&address={}".to_owned(), "style", "/address"),
            ("lines={}&lines=1,2".to_owned(), "syntax", "/lines/1"),
            ("a&".repeat(10_001), "size", ""),
            ("n=1&n[]=x".to_owned(), "style", "/n[]"),
            ("list=1&list[]=x".to_owned(), "style", "/list[]"),
            ("address=%7B%22no%22%3A1%7D&address%5Bno%5D=x".to_owned(), "style", "/address[no]"),
            ("%61ddress[%FF]=1".to_owned(), "style", "/address"),
            ("n=1&n[=x".to_owned(), "style", "/n["),
            ("[n]=x".to_owned(), "style", "/[n]"),
            ("+n=x".to_owned(), "style", "/ n"),
            ("n%00=x".to_owned(), "style", "/n\0"),
            ("first.name=x".to_owned(), "style", "/first.name"),
            ("address[no]=1&[address][no]=x".to_owned(), "style", "/[address][no]"),
        ];
        for (form, keyword, pointer) in cases {
            let fault = read(&form).unwrap_err();
            assert_eq!((fault.keyword, fault.pointer.as_str()), (keyword, pointer));
        }
        assert_eq!(super::read(b"a=\xff", &shape(), &Encodings::new()).unwrap_err().keyword, "syntax");
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_name_of_brackets_takes_no_long_look() {
        let form = format!("a{}=1", "[".repeat(500_000));
        assert!(read(&form).is_ok());
    }
}
