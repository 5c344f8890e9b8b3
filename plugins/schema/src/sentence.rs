//! One sentence for each way in which a value misses its schema. Says what the schema wants, never what
//! the client sent; member names apart, which the client needs in order to find the place.

use std::borrow::Cow;
use std::fmt::Write;

use crate::validator::keyword::{Bound, Keyword, Types};
use crate::value::Value;

/// Longest sentence, in bytes: limits and names come from documents and clients.
const MAX_SENTENCE: usize = 240;

/// Of a pattern whose match takes too many steps.
pub(crate) const TOO_HARD: &str = "is too hard to match";

/// The name of a keyword that a value misses, and the sentence for it.
pub(crate) fn of(keyword: &Keyword) -> (&'static str, Cow<'static, str>) {
    match keyword {
        Keyword::Types(types) => ("type", typed(*types).into()),
        Keyword::Enum(options) => ("enum", one_of(options).into()),
        Keyword::Const(value) => ("const", clip(format!("is not {value}")).into()),
        Keyword::Bound(bound) => bounded(bound),
        Keyword::MultipleOf(of) => ("multipleOf", format!("is not a multiple of {of}").into()),
        Keyword::MinLength(limit) => ("minLength", format!("is shorter than {limit} characters").into()),
        Keyword::MaxLength(limit) => ("maxLength", format!("is longer than {limit} characters").into()),
        Keyword::Pattern(pattern) => ("pattern", quoted("does not match ", &[&pattern.text])),
        Keyword::Format(format) => ("format", format.sentence()),
        Keyword::MinItems(limit) => ("minItems", format!("has fewer than {limit} items").into()),
        Keyword::MaxItems(limit) => ("maxItems", format!("has more than {limit} items").into()),
        Keyword::MinProperties(limit) => ("minProperties", format!("has fewer than {limit} members").into()),
        Keyword::MaxProperties(limit) => ("maxProperties", format!("has more than {limit} members").into()),
        other => fixed(other),
    }
}

fn fixed(keyword: &Keyword) -> (&'static str, Cow<'static, str>) {
    let (name, sentence) = match keyword {
        Keyword::Never => ("falseSchema", "is not allowed here"),
        Keyword::Not(_) => ("not", "is not allowed here"),
        Keyword::AnyOf(_) => ("anyOf", one_of_alternatives(0)),
        Keyword::OneOf(_) => ("oneOf", one_of_alternatives(0)),
        Keyword::Contains(_) => ("contains", "has too few or too many of the items it must contain"),
        Keyword::UniqueItems => ("uniqueItems", "has equal items"),
        Keyword::PropertyNames(_) => ("propertyNames", "has a member whose name is not allowed"),
        Keyword::UnevaluatedItems(_) => ("unevaluatedItems", "has items that are not allowed"),
        _ => ("schema", "is not as the schema says"),
    };
    (name, sentence.into())
}

/// Of a value that fits this many alternatives, which is not one.
pub(crate) fn one_of_alternatives(count: usize) -> &'static str {
    if count == 0 { "is none of the alternatives" } else { "is more than one of the alternatives" }
}

/// Of an object without a member.
pub(crate) fn lacks(name: &str) -> Cow<'static, str> {
    quoted("lacks ", &[name])
}

/// Of an object with members that nothing allows.
pub(crate) fn may_not_have(names: &[&str]) -> Cow<'static, str> {
    quoted("may not have ", names)
}

/// Of a text without its format.
pub(crate) fn is_no(format: &str) -> Cow<'static, str> {
    quoted("is no ", &[format])
}

fn bounded(bound: &Bound) -> (&'static str, Cow<'static, str>) {
    let (keyword, fault) = match (bound.is_lower, bound.is_exclusive) {
        (true, false) => ("minimum", "less than"),
        (false, false) => ("maximum", "more than"),
        (true, true) => ("exclusiveMinimum", "not more than"),
        (false, true) => ("exclusiveMaximum", "not less than"),
    };
    (keyword, clip(format!("is {fault} {}", bound.limit)).into())
}

fn typed(types: Types) -> String {
    let names: Vec<_> = types.names().collect();
    match names.as_slice() {
        [single] => format!("is not of type {single}"),
        names => format!("is of none of the types {}", names.join(", ")),
    }
}

fn one_of(options: &[Value<'_>]) -> String {
    let mut text = String::from("is none of ");
    for (at, option) in options.iter().enumerate() {
        if text.len() > MAX_SENTENCE {
            break;
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{}{option}", if at == 0 { "" } else { ", " });
    }
    clip(text)
}

fn quoted(start: &str, names: &[&str]) -> Cow<'static, str> {
    let mut text = start.to_owned();
    for (at, name) in names.iter().enumerate() {
        if text.len() > MAX_SENTENCE {
            break;
        }
        let _ = write!(text, "{}'{name}'", if at == 0 { "" } else { ", " });
    }
    clip(text).into()
}

fn clip(mut text: String) -> String {
    if text.len() > MAX_SENTENCE {
        let end = (0..=MAX_SENTENCE).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
