//! YAML 1.2 with the core schema to a tree, over the events of `saphyr-parser`. Aliases are copied within a
//! budget; merge keys, other tags, keys that are no scalars and several documents in one file are refused.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use super::offsets::Offsets;
use super::scalar::{self, NotJson};
use super::{MAX_DEPTH, Member, Node, Object, SyntaxError, Value};
use crate::codes;
use crate::source::{FileId, Place, saturating};

/// How many bytes of tree anchors and aliases may add to a file.
const ALIAS_BUDGET: usize = 64 << 20;

pub(super) fn parse(file: FileId, text: &str) -> Result<Node, SyntaxError> {
    let offsets = Offsets::new(text);
    let parser = Parser::new_from_str(text);
    let mut reader = Reader { file, offsets, parser, anchors: HashMap::new(), alias_budget: ALIAS_BUDGET };
    let root = reader.document()?;
    reader.end()?;
    Ok(root)
}

struct Reader<'t> {
    file: FileId,
    offsets: Offsets<'t>,
    parser: Parser<'t, StrInput<'t>>,
    anchors: HashMap<usize, Node>,
    alias_budget: usize,
}

impl<'t> Reader<'t> {
    /// The first document; a file without one reads as null.
    fn document(&mut self) -> Result<Node, SyntaxError> {
        loop {
            let (event, place) = self.event()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
                Event::StreamEnd | Event::DocumentEnd => return Ok(Node::new(place, Value::Null)),
                event => return self.value(event, place, 0),
            }
        }
    }

    fn end(&mut self) -> Result<(), SyntaxError> {
        loop {
            match self.event()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentStart(_), place) => {
                    return Err(self.error(codes::YAML_SYNTAX, "a file holds one YAML document", place));
                }
                _ => {}
            }
        }
    }

    fn event(&mut self) -> Result<(Event<'t>, Place), SyntaxError> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, self.place(span))),
            Some(Err(error)) => {
                let at = self.place(Span::empty(*error.marker()));
                Err(self.error(codes::YAML_SYNTAX, error.info(), at))
            }
            None => {
                let end = saturating(self.offsets.text.len());
                Ok((Event::StreamEnd, Place { file: self.file, start: end, end }))
            }
        }
    }

    fn value(&mut self, event: Event<'t>, place: Place, depth: usize) -> Result<Node, SyntaxError> {
        if depth > MAX_DEPTH {
            let message = format!("values nest more than {MAX_DEPTH} deep");
            return Err(self.error(codes::TOO_DEEP, &message, place));
        }
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = self.scalar(&text, style, tag.as_deref(), place)?;
                (Node::new(place, value), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_collection_tag(tag, "seq", place)?;
                (self.sequence(place, depth)?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.check_collection_tag(tag, "map", place)?;
                (self.mapping(place, depth)?, anchor)
            }
            Event::Alias(anchor) => return self.alias(anchor, place),
            _ => return Err(self.error(codes::YAML_SYNTAX, "expected a value", place)),
        };
        if anchor > 0 {
            self.spend(&node)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        place: Place,
    ) -> Result<Value, SyntaxError> {
        let string = || Ok(Value::String(text.into()));
        let resolved = match tag {
            None if style == ScalarStyle::Plain => scalar::resolve(text),
            None => string(),
            Some(tag) if tag.handle.is_empty() && tag.suffix == "!" => string(),
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => string(),
            Some(tag) if tag.is_yaml_core_schema() => {
                let value = scalar::resolve(text);
                if value.as_ref().is_ok_and(|value| !has_tag(value, &tag.suffix)) {
                    return Err(self.error(
                        codes::YAML_TAG,
                        &format!("`{text}` is not what its tag {tag} says"),
                        place,
                    ));
                }
                value
            }
            Some(tag) => return Err(self.foreign_tag(tag, place)),
        };
        resolved
            .map_err(|NotJson| self.error(codes::YAML_NUMBER, &format!("JSON has no number `{text}`"), place))
    }

    fn check_collection_tag(
        &self,
        tag: Option<Cow<'t, Tag>>,
        own: &str,
        place: Place,
    ) -> Result<(), SyntaxError> {
        match tag {
            Some(tag) if !(tag.is_yaml_core_schema() && tag.suffix == own) => {
                Err(self.foreign_tag(&tag, place))
            }
            _ => Ok(()),
        }
    }

    fn foreign_tag(&self, tag: &Tag, place: Place) -> SyntaxError {
        self.error(
            codes::YAML_TAG,
            &format!("the tag {tag} is not of YAML's core schema, or not of this kind of value"),
            place,
        )
    }

    fn sequence(&mut self, place: Place, depth: usize) -> Result<Node, SyntaxError> {
        let mut items: Vec<Node> = Vec::new();
        loop {
            let (event, at) = self.event()?;
            if event == Event::SequenceEnd {
                let end = items.last().map_or(place.end, |item| item.place().end).max(at.end_of_token());
                let start = self.sequence_start(place, items.first());
                return Ok(Node::new(Place { start, end, ..place }, Value::Array(items.into())));
            }
            items.push(self.value(event, at, depth + 1)?);
        }
    }

    /// A block sequence no deeper than its key is said to start with its first item: it starts with the dash before.
    fn sequence_start(&self, place: Place, first: Option<&Node>) -> u32 {
        let is_blurred = first.is_some_and(|item| item.place().start == place.start);
        let before = self.offsets.text.get(..place.start as usize).filter(|_| is_blurred);
        before.and_then(|text| text.rfind('-')).map_or(place.start, saturating)
    }

    fn mapping(&mut self, place: Place, depth: usize) -> Result<Node, SyntaxError> {
        let mut members: Vec<Member> = Vec::new();
        loop {
            let (event, at) = self.event()?;
            if event == Event::MappingEnd {
                let end =
                    members.last().map_or(place.end, |member| member.node.place().end).max(at.end_of_token());
                let object = Object::new(members).map_err(|member| super::json::duplicate_key(&member))?;
                return Ok(Node::new(Place { end, ..place }, Value::Object(Box::new(object))));
            }
            let key = self.key(event, at)?;
            let (event, value_at) = self.event()?;
            let node = self.value(event, value_at, depth + 1)?;
            members.push(Member { key, key_place: at, node });
        }
    }

    /// A key is the text of a scalar, whatever it would resolve to: `200:` is a status code.
    fn key(&self, event: Event<'t>, place: Place) -> Result<Box<str>, SyntaxError> {
        match event {
            Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<" => {
                Err(self.error(codes::YAML_MERGE_KEY, "merge keys (`<<`) are not part of YAML 1.2", place))
            }
            Event::Scalar(text, _, 0, None) => Ok(text.into()),
            Event::Scalar(..) => Err(self.error(codes::YAML_KEY, "a key has neither tag nor anchor", place)),
            _ => Err(self.error(codes::YAML_KEY, "a key is a plain or quoted string", place)),
        }
    }

    fn alias(&mut self, anchor: usize, place: Place) -> Result<Node, SyntaxError> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(self.error(codes::YAML_ALIAS, "an alias may not stand within its own anchor", place));
        };
        let node = Node { place, ..node };
        self.spend(&node)?;
        Ok(node)
    }

    fn spend(&mut self, copied: &Node) -> Result<(), SyntaxError> {
        match self.alias_budget.checked_sub(weight(copied)) {
            Some(rest) => {
                self.alias_budget = rest;
                Ok(())
            }
            None => Err(self.error(
                codes::YAML_ALIAS,
                "anchors and aliases repeat more than 64 MiB",
                copied.place(),
            )),
        }
    }

    fn place(&self, span: Span) -> Place {
        let start = self.offsets.byte(span.start.index());
        Place { file: self.file, start, end: self.offsets.byte(span.end.index()).max(start) }
    }

    fn error(&self, code: &'static str, message: &str, place: Place) -> SyntaxError {
        SyntaxError { code, message: message.to_owned(), place }
    }
}

impl Place {
    /// The end of a closing bracket; block collections end without a token of their own.
    fn end_of_token(self) -> u32 {
        if self.start == self.end { 0 } else { self.end }
    }
}

fn has_tag(value: &Value, suffix: &str) -> bool {
    match value {
        Value::Null => suffix == "null",
        Value::Bool(_) => suffix == "bool",
        Value::Number(text) => suffix == "float" || (suffix == "int" && !text.contains(['.', 'e', 'E'])),
        _ => false,
    }
}

/// Roughly the bytes a copy of this node takes.
fn weight(node: &Node) -> usize {
    let content = match node.value() {
        Value::Null | Value::Bool(_) => 0,
        Value::Number(text) | Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(object) => {
            object.members().iter().map(|member| 32 + member.key.len() + weight(&member.node)).sum()
        }
    };
    size_of::<Node>() + content
}
