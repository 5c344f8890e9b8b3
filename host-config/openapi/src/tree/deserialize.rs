//! Typed structs from nodes, through serde: an error names the node, or the key, that does not fit.

use std::fmt;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::{Member, Node, Value};
use crate::source::Place;

/// A node that does not fit a type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidNode {
    /// What does not fit.
    pub message: String,
    /// The innermost node or key concerned.
    pub place: Option<Place>,
}

impl Node {
    /// Reads the node as a `T`.
    ///
    /// # Errors
    /// When it does not have the shape that `T` asks for.
    pub fn read<'d, T: Deserialize<'d>>(&'d self) -> Result<T, InvalidNode> {
        T::deserialize(self)
    }
}

impl de::Error for InvalidNode {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), place: None }
    }
}

impl InvalidNode {
    fn or_at(self, place: Place) -> Self {
        Self { place: self.place.or(Some(place)), ..self }
    }
}

impl<'d> Deserializer<'d> for &'d Node {
    type Error = InvalidNode;

    fn deserialize_any<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, InvalidNode> {
        match self.value() {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(text) => visit_number(text, visitor),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => visitor.visit_seq(Items(items.iter())),
            Value::Object(object) => {
                visitor.visit_map(Members { rest: object.members().iter(), current: None })
            }
        }
        .map_err(|error| error.or_at(self.place()))
    }

    fn deserialize_option<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, InvalidNode> {
        if *self.value() == Value::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'d>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, InvalidNode> {
        visitor.visit_newtype_struct(self).map_err(|error| error.or_at(self.place()))
    }

    fn deserialize_enum<V: Visitor<'d>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InvalidNode> {
        match self.value() {
            Value::String(name) => visitor.visit_enum((&**name).into_deserializer()),
            Value::Object(object) => match object.members() {
                [member] => visitor.visit_enum(Variant(member)),
                _ => Err(InvalidNode::custom("expected an object with one key")),
            },
            _ => Err(InvalidNode::custom(format!(
                "expected a string or an object with one key, found {}",
                self.kind()
            ))),
        }
        .map_err(|error| error.or_at(self.place()))
    }

    forward_to_deserialize_any! {
        <V: Visitor<'d>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

fn visit_number<'d, V: Visitor<'d>>(text: &str, visitor: V) -> Result<V::Value, InvalidNode> {
    if let Ok(value) = text.parse::<u64>() {
        return visitor.visit_u64(value);
    }
    if let Ok(value) = text.parse::<i64>() {
        return visitor.visit_i64(value);
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => visitor.visit_f64(value),
        _ => Err(InvalidNode::custom("the number is out of range")),
    }
}

struct Items<'d>(std::slice::Iter<'d, Node>);

impl<'d> SeqAccess<'d> for Items<'d> {
    type Error = InvalidNode;

    fn next_element_seed<S: DeserializeSeed<'d>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, InvalidNode> {
        let next = self.0.next();
        next.map(|node| seed.deserialize(node).map_err(|error| error.or_at(node.place()))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Members<'d> {
    rest: std::slice::Iter<'d, Member>,
    current: Option<&'d Member>,
}

impl<'d> MapAccess<'d> for Members<'d> {
    type Error = InvalidNode;

    fn next_key_seed<S: DeserializeSeed<'d>>(&mut self, seed: S) -> Result<Option<S::Value>, InvalidNode> {
        self.current = self.rest.next();
        let Some(member) = self.current else { return Ok(None) };
        let key = de::value::BorrowedStrDeserializer::new(&member.key);
        seed.deserialize(key).map(Some).map_err(|error: InvalidNode| error.or_at(member.key_place))
    }

    fn next_value_seed<S: DeserializeSeed<'d>>(&mut self, seed: S) -> Result<S::Value, InvalidNode> {
        let member = self.current.take().ok_or_else(|| InvalidNode::custom("a value before its key"))?;
        seed.deserialize(&member.node).map_err(|error| error.or_at(member.node.place()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Variant<'d>(&'d Member);

impl<'d> EnumAccess<'d> for Variant<'d> {
    type Error = InvalidNode;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'d>>(self, seed: S) -> Result<(S::Value, Self), InvalidNode> {
        let name = de::value::BorrowedStrDeserializer::new(&self.0.key);
        let name = seed.deserialize(name).map_err(|error: InvalidNode| error.or_at(self.0.key_place))?;
        Ok((name, self))
    }
}

impl<'d> VariantAccess<'d> for Variant<'d> {
    type Error = InvalidNode;

    fn unit_variant(self) -> Result<(), InvalidNode> {
        Deserialize::deserialize(&self.0.node)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'d>>(self, seed: S) -> Result<S::Value, InvalidNode> {
        seed.deserialize(&self.0.node)
    }

    fn tuple_variant<V: Visitor<'d>>(self, _len: usize, visitor: V) -> Result<V::Value, InvalidNode> {
        self.0.node.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'d>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InvalidNode> {
        self.0.node.deserialize_any(visitor)
    }
}
