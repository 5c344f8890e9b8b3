//! One sentence for each way in which a value misses its schema. Says what the schema wants, never what
//! the client sent; member names apart, which the client needs in order to find the place.

use std::borrow::Cow;
use std::fmt::Write;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};

/// Longest sentence, in bytes: limits and names come from documents and clients.
const MAX_SENTENCE: usize = 240;

/// The keyword that a value misses, and the sentence for it.
pub(crate) fn of<'e>(error: &'e ValidationError<'_>) -> (&'e str, Cow<'static, str>) {
    let keyword = match error.kind() {
        Kind::Custom { .. } => "format",
        kind => kind.keyword(),
    };
    (keyword, about(error.kind()))
}

fn about(kind: &Kind) -> Cow<'static, str> {
    match kind {
        Kind::Type { kind } => typed(kind).into(),
        Kind::Required { property } => quoted("lacks ", [property.as_str().unwrap_or_default()]),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            quoted("may not have ", unexpected.iter().map(String::as_str))
        }
        Kind::Format { format } => quoted("is no ", [format.as_str()]),
        Kind::Custom { message, .. } => message.clone().into(),
        Kind::Pattern { pattern } => quoted("does not match ", [pattern.as_str()]),
        Kind::Minimum { limit } => format!("is less than {limit}").into(),
        Kind::Maximum { limit } => format!("is more than {limit}").into(),
        Kind::ExclusiveMinimum { limit } => format!("is not more than {limit}").into(),
        Kind::ExclusiveMaximum { limit } => format!("is not less than {limit}").into(),
        Kind::MinLength { limit } => format!("is shorter than {limit} characters").into(),
        Kind::MaxLength { limit } => format!("is longer than {limit} characters").into(),
        Kind::MinItems { limit } => format!("has fewer than {limit} items").into(),
        Kind::MaxItems { limit } => format!("has more than {limit} items").into(),
        Kind::AdditionalItems { limit } => format!("has more than {limit} items").into(),
        Kind::MinProperties { limit } => format!("has fewer than {limit} members").into(),
        Kind::MaxProperties { limit } => format!("has more than {limit} members").into(),
        Kind::MultipleOf { multiple_of } => format!("is not a multiple of {multiple_of}").into(),
        Kind::Enum { options } => one_of(options).into(),
        Kind::Constant { expected_value } => clip(format!("is not {expected_value}")).into(),
        other => fixed(other).into(),
    }
}

fn fixed(kind: &Kind) -> &'static str {
    match kind {
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => "is none of the alternatives",
        Kind::OneOfMultipleValid { .. } => "is more than one of the alternatives",
        Kind::Not { .. } | Kind::FalseSchema => "is not allowed here",
        Kind::BacktrackLimitExceeded { .. } | Kind::RegexEngineFailure { .. } => "is too hard to match",
        Kind::Contains => "has too few or too many of the items it must contain",
        Kind::UnevaluatedItems { .. } => "has items that are not allowed",
        Kind::UniqueItems => "has equal items",
        Kind::PropertyNames { .. } => "has a member whose name is not allowed",
        Kind::ContentEncoding { .. } | Kind::FromUtf8 { .. } => "is not encoded as it must be",
        Kind::ContentMediaType { .. } => "is not of the media type it must be",
        _ => "is not as the schema says",
    }
}

fn typed(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(single) => format!("is not of type {single}"),
        TypeKind::Multiple(types) => {
            let names: Vec<_> = types.iter().map(|one| one.to_string()).collect();
            format!("is of none of the types {}", names.join(", "))
        }
    }
}

fn one_of(options: &serde_json::Value) -> String {
    let mut text = String::from("is none of ");
    for (at, option) in options.as_array().into_iter().flatten().enumerate() {
        if text.len() > MAX_SENTENCE {
            break;
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{}{option}", if at == 0 { "" } else { ", " });
    }
    clip(text)
}

fn quoted<'a>(start: &str, names: impl IntoIterator<Item = &'a str>) -> Cow<'static, str> {
    let mut text = start.to_owned();
    for (at, name) in names.into_iter().enumerate() {
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
