//! Names with brackets, `filter[price][gte]`: the `deepObject` style, and beyond what OpenAPI defines, the
//! nesting and the lists (`ids[]`, `ids[0]`) that its users write.

use std::borrow::Cow;
use std::collections::BTreeMap;

use portcullis_config::schema::ShapeConfig;

use crate::fault::Fault;
use crate::shape;
use crate::value::{Members, Value};

/// Most brackets in one name.
const MAX_DEPTH: usize = 8;

/// Texts by the path of their names.
#[derive(Debug, Default)]
pub(crate) struct Tree<'t> {
    texts: Vec<Cow<'t, str>>,
    children: BTreeMap<String, Tree<'t>>,
}

impl<'t> Tree<'t> {
    /// Adds a text at a path such as `[a][b]`.
    pub(crate) fn insert(&mut self, path: &str, text: Cow<'t, str>) -> Result<(), Fault> {
        let mut node = self;
        let mut rest = path;
        let mut depth = 0;
        while !rest.is_empty() {
            let (name, tail) = rest
                .strip_prefix('[')
                .and_then(|rest| rest.split_once(']'))
                .ok_or_else(|| Fault::new("style", "has a name whose brackets do not pair up"))?;
            depth += 1;
            if depth > MAX_DEPTH {
                return Err(Fault::new("style", format!("nests deeper than {MAX_DEPTH} levels")));
            }
            node = node.children.entry(name.to_owned()).or_default();
            rest = tail;
        }
        node.texts.push(text);
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.children.is_empty()
    }

    /// The value: lists where the shape takes them, objects by name otherwise.
    pub(crate) fn into_value(self, shape: &ShapeConfig) -> Result<Value<'t>, Fault> {
        if !self.texts.is_empty() && !self.children.is_empty() {
            return Err(Fault::new("style", "is given both as a value and with members"));
        }
        if shape::takes_array(shape) && self.is_list() {
            return self.into_list(shape);
        }
        if !self.children.is_empty() {
            let member = |(name, child): (String, Self)| {
                let value =
                    child.into_value(shape::member(shape, &name)).map_err(|fault| fault.within(&name))?;
                Ok((Cow::Owned(name), value))
            };
            return self
                .children
                .into_iter()
                .map(member)
                .collect::<Result<Members<'t>, _>>()
                .map(Value::from);
        }
        let mut texts = self.texts.into_iter();
        match (texts.next(), texts.next()) {
            (Some(text), None) => Ok(shape::read(text, shape)),
            _ => Err(Fault::new("style", "is given more than once")),
        }
    }

    fn is_list(&self) -> bool {
        self.children.keys().all(|name| name.bytes().all(|byte| byte.is_ascii_digit()) && name.len() <= 6)
    }

    fn into_list(self, shape: &ShapeConfig) -> Result<Value<'t>, Fault> {
        let mut list: Vec<Value<'t>> = Vec::new();
        for text in self.texts {
            list.push(shape::read(text, shape::item(shape, list.len())));
        }
        let mut children: Vec<_> = self.children.into_iter().collect();
        children.sort_by_key(|(name, _)| name.parse::<u32>().unwrap_or(u32::MAX));
        for (name, child) in children {
            if name.is_empty() && child.children.is_empty() {
                for text in child.texts {
                    list.push(shape::read(text, shape::item(shape, list.len())));
                }
            } else {
                let at = list.len();
                let item = child.into_value(shape::item(shape, at));
                list.push(item.map_err(|fault| fault.within(&at.to_string()))?);
            }
        }
        Ok(Value::Array(list))
    }
}
