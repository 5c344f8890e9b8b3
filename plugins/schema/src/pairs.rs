//! Values spread over `name=value` pairs: the query, cookies, and URL-encoded forms. What one parameter
//! takes of them, and what nobody took.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;

use portcullis_config::schema::{ShapeConfig, StyleConfig, TypeConfig};
use portcullis_core::{Pair, decode_form_lossily};

use crate::brackets;
use crate::fault::Fault;
use crate::json;
use crate::shape;
use crate::style::{Coding, Writing, read_text};
use crate::value::{Members, Value};

const BOTH: &str = "is given both as a value and with members";

/// Pairs with their names decoded, each marked once a parameter takes it.
#[derive(Debug)]
pub struct Pairs<'t> {
    coding: Coding,
    pairs: Vec<Entry<'t>>,
}

#[derive(Debug)]
struct Entry<'t> {
    /// What a lenient reader makes of it, where it is not encoded as it must be.
    name: Cow<'t, str>,
    /// How it is not, for whoever would take it as a member.
    broken: Option<Fault>,
    value: &'t str,
    taken: Cell<bool>,
    /// Whether some parameter names it: it is none of what others leave.
    named: Cell<bool>,
}

impl<'t> Pairs<'t> {
    /// Decodes the names; one that is not encoded as it must be is no declared name, and no member's.
    pub fn new(pairs: impl Iterator<Item = Pair<'t>>, coding: Coding) -> Self {
        let entry = |pair: Pair<'t>| {
            let (name, broken) = match coding.decode(pair.name) {
                Ok(name) => (name, None),
                Err(Fault { message, .. }) => {
                    let fault = Fault::new("style", format!("has a name that {message}"));
                    (Cow::Owned(decode_form_lossily(pair.name)), Some(fault))
                }
            };
            let value = pair.value.unwrap_or_default();
            Entry { name, broken, value, taken: Cell::new(false), named: Cell::new(false) }
        };
        Self { coding, pairs: pairs.map(entry).collect() }
    }

    fn of_name<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p Entry<'t>> {
        self.pairs.iter().filter(move |pair| pair.name == name && pair.broken.is_none())
    }

    /// The values of a name, encoded; the pairs are taken.
    pub fn take(&self, name: &str) -> Vec<&'t str> {
        self.of_name(name).inspect(|pair| pair.taken.set(true)).map(|pair| pair.value).collect()
    }

    /// Which pairs are taken.
    pub(crate) fn taken(&self) -> Vec<bool> {
        self.pairs.iter().map(|pair| pair.taken.get()).collect()
    }

    /// Gives back what was taken since.
    pub(crate) fn set_taken(&self, taken: &[bool]) {
        self.pairs.iter().zip(taken).for_each(|(pair, taken)| pair.taken.set(*taken));
    }

    /// Keeps the pairs of a name from whoever takes what is left.
    pub fn name(&self, name: &str) {
        self.of_name(name).for_each(|pair| pair.named.set(true));
    }

    /// Whether the name is there, with an empty value or none.
    pub fn is_empty_text(&self, name: &str) -> bool {
        let mut of_name = self.of_name(name);
        of_name.next().is_some_and(|pair| pair.value.is_empty()) && of_name.next().is_none()
    }

    /// The names that nobody took, each once.
    pub fn left(&self) -> impl Iterator<Item = &str> {
        let left: BTreeSet<&str> =
            self.pairs.iter().filter(|pair| !pair.taken.get()).map(|pair| &*pair.name).collect();
        left.into_iter()
    }

    /// What nobody took or names, as the members of a shape that it does not name; the pairs are taken.
    pub fn rest(&self, shape: &ShapeConfig) -> Result<Members<'t>, Fault> {
        let shape = shape::rest(shape);
        let mut members = Members::new();
        for pair in self.pairs.iter().filter(|pair| !pair.named.get() && !pair.taken.replace(true)) {
            let text = pair.decoded(self.coding).map_err(|fault| fault.within(&pair.name))?;
            if !shape::takes_array(shape) {
                shape::add(&mut members, pair.name.clone(), shape::read(text, shape));
                continue;
            }
            let list = members.entry(pair.name.clone()).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                list.push(shape::read(text, shape::item(shape, list.len())));
            }
        }
        Ok(members)
    }

    /// All readings of the parameter `name`, by the types of its shape in their order; `None` when it is absent.
    pub fn read(
        &self,
        name: &str,
        style: StyleConfig,
        explode: bool,
        shape: &ShapeConfig,
    ) -> Result<Option<Vec<Value<'t>>>, Fault> {
        let one = |value: Option<Value<'t>>| value.map(|value| vec![value]);
        // Its name alone is an object's no more than a member's is another value's.
        let is_alone = self.has(name) && !shape.properties.contains_key(name);
        if style == StyleConfig::DeepObject {
            let value = self.read_brackets(name, shape)?;
            return match (value, is_alone) {
                (value, false) => Ok(one(value)),
                (None, true) if takes_single(shape) => self.read_single(name, style, explode, shape),
                (value, true) => {
                    self.take(name);
                    let is_both = value.is_some();
                    Err(Fault::new(
                        "style",
                        if is_both { BOTH } else { "is not written as name[member]=value" },
                    ))
                }
            };
        }
        if spreads(style, explode, shape) {
            return if is_alone && (takes_single(shape) || shape::takes_array(shape)) {
                self.read_single(name, style, explode, shape)
            } else {
                self.read_spread(shape).map(one)
            };
        }
        if explode && style == StyleConfig::Form && shape::nests(shape) {
            return self.read_nested(name, shape).map(one);
        }
        let values = self.take(name);
        if values.is_empty() {
            return Ok(None);
        }
        let writing = Writing { name, style, explode, coding: self.coding };
        readings(shape, |kind| self.read_values(&values, writing, shape, kind)).map(Some)
    }

    fn has(&self, name: &str) -> bool {
        self.of_name(name).next().is_some()
    }

    /// The readings of a parameter that may be an object, and is none here: its name stands alone.
    fn read_single(
        &self,
        name: &str,
        style: StyleConfig,
        explode: bool,
        shape: &ShapeConfig,
    ) -> Result<Option<Vec<Value<'t>>>, Fault> {
        let values = self.take(name);
        let writing = Writing { name, style, explode, coding: self.coding };
        let read = |kind| match kind {
            TypeConfig::Object => Ok(None),
            kind => self.read_values(&values, writing, shape, kind),
        };
        readings(shape, read).map(Some)
    }

    /// What no style of OpenAPI writes, objects within lists or objects: each is a JSON text, which is what forms
    /// have by default (OpenAPI 3.0.4, Encoding Object, `contentType`), or is written in brackets.
    pub fn read_nested(&self, name: &str, shape: &ShapeConfig) -> Result<Option<Value<'t>>, Fault> {
        let values = self.take(name);
        match values.as_slice() {
            [] => self.read_brackets(name, shape),
            texts if shape::types(shape).first() == Some(&TypeConfig::Array) => {
                let read = |(at, text): (usize, &&'t str)| {
                    self.read_json(text, shape::item(shape, at))
                        .map_err(|fault| fault.within(&at.to_string()))
                };
                texts.iter().enumerate().map(read).collect::<Result<_, _>>().map(Value::Array).map(Some)
            }
            [text] => self.read_json(text, shape).map(Some),
            _ => Err(Fault::new("style", "is given more than once")),
        }
    }

    /// JSON where the shape takes nothing else; text that is none is text where the shape takes that too.
    fn read_json(&self, text: &'t str, shape: &ShapeConfig) -> Result<Value<'t>, Fault> {
        let text = self.coding.decode(text)?;
        let may_be_parts = shape.types.contains(&TypeConfig::Object) && text.starts_with('{');
        if !shape::is_compound(shape) && !may_be_parts {
            return Ok(shape::read(text, shape));
        }
        let takes_text = shape.types.contains(&TypeConfig::String);
        json::read_text(text.clone(), json::Limits::MESSAGE)
            .or_else(|fault| if takes_text { Ok(Value::String(text)) } else { Err(fault) })
    }

    /// `name[a]=1&name[b][]=2`.
    pub fn read_brackets(&self, name: &str, shape: &ShapeConfig) -> Result<Option<Value<'t>>, Fault> {
        // All are taken, whatever is wrong with the first.
        self.pairs
            .iter()
            .filter(|pair| pair.path_within(name).is_some())
            .for_each(|pair| pair.taken.set(true));
        let mut tree = brackets::Tree::default();
        for pair in &self.pairs {
            let Some(path) = pair.path_within(name) else { continue };
            tree.insert(path, pair.decoded(self.coding)?)?;
        }
        if tree.is_empty() { Ok(None) } else { tree.into_value(shape).map(Some) }
    }

    fn read_values(
        &self,
        values: &[&'t str],
        writing: Writing<'_>,
        shape: &ShapeConfig,
        kind: TypeConfig,
    ) -> Result<Option<Value<'t>>, Fault> {
        if kind == TypeConfig::Array && writing.explode {
            let read = |(at, value): (usize, &&'t str)| {
                let text = self.coding.decode(value).map_err(|fault| fault.within(&at.to_string()))?;
                Ok(shape::read(text, shape::item(shape, at)))
            };
            let items = values.iter().enumerate().map(read).collect::<Result<_, Fault>>()?;
            return Ok(Some(Value::Array(items)));
        }
        match values {
            [text] => read_text(text, writing, shape, kind),
            _ => Err(Fault::new("style", "is given more than once")),
        }
    }

    /// An exploded object: its members are pairs of their own. It is there when one of the members that its
    /// schema names is; then it also has the pairs that nobody else took.
    fn read_spread(&self, shape: &ShapeConfig) -> Result<Option<Value<'t>>, Fault> {
        let mut members = Members::new();
        for (name, member) in &shape.properties {
            let value = self.read_member(name, member).map_err(|fault| fault.within(name))?;
            members.extend(value.map(|value| (Cow::Owned(name.clone()), value)));
        }
        if members.is_empty() && !shape.properties.is_empty() {
            return Ok(None);
        }
        members.append(&mut self.rest(shape)?);
        Ok(if members.is_empty() { None } else { Some(members.into()) })
    }

    /// A member of a spread object, which cannot spread again.
    fn read_member(&self, name: &str, shape: &ShapeConfig) -> Result<Option<Value<'t>>, Fault> {
        if spreads(StyleConfig::Form, true, shape) {
            return self.read_nested(name, shape);
        }
        let readings = self.read(name, StyleConfig::Form, true, shape)?;
        Ok(readings.and_then(|readings| readings.into_iter().next()))
    }
}

impl<'t> Entry<'t> {
    /// `[a][b]` of `name[a][b]`.
    fn path_within(&self, name: &str) -> Option<&str> {
        self.name.strip_prefix(name).filter(|path| path.starts_with('['))
    }

    /// The value, under a name that is encoded as it must be.
    fn decoded(&self, coding: Coding) -> Result<Cow<'t, str>, Fault> {
        self.broken.clone().map_or_else(|| coding.decode(self.value), Err)
    }
}

/// Whether the members of the parameter are pairs of their own, so that its name never appears.
pub(crate) fn spreads(style: StyleConfig, explode: bool, shape: &ShapeConfig) -> bool {
    let takes_object = shape::types(shape).contains(&TypeConfig::Object);
    explode && style == StyleConfig::Form && takes_object && !shape::nests(shape)
}

/// Whether one text may be a value.
fn takes_single(shape: &ShapeConfig) -> bool {
    let is_single = |kind: &TypeConfig| !matches!(kind, TypeConfig::Array | TypeConfig::Object);
    shape::types(shape).iter().any(is_single)
}

/// The readings by each type in turn; text when there is none, so that the schema names the type it wants.
pub(crate) fn readings<'t>(
    shape: &ShapeConfig,
    mut read: impl FnMut(TypeConfig) -> Result<Option<Value<'t>>, Fault>,
) -> Result<Vec<Value<'t>>, Fault> {
    let mut values = Vec::new();
    let mut first_fault = None;
    for kind in shape::types(shape) {
        match read(*kind) {
            Ok(value) => values.extend(value.filter(|value| !values.contains(value))),
            Err(fault) => first_fault = first_fault.or(Some(fault)),
        }
    }
    match first_fault {
        _ if !values.is_empty() => {}
        Some(fault) => return Err(fault),
        None => values.extend(read(TypeConfig::String)?),
    }
    Ok(values)
}

#[cfg(test)]
#[path = "pairs_tests.rs"]
mod tests;
