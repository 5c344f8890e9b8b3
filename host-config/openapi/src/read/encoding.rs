//! How the properties of forms and multipart bodies are written (OpenAPI 3.0.4 and 3.1.1, Encoding Object). Which of its
//! fields count depends on the media type; those that do not are told and left out.

use super::Reading;
use crate::codes;
use crate::model::{Encoding, Location, Style, Version};
use crate::tree::{Member, Node};

const FIELDS: &[&str] = &["contentType", "headers", "style", "explode", "allowReserved"];
const OF_STYLE: &[&str] = &["style", "explode", "allowReserved"];

/// What may have encodings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Form,
    FormData,
    OtherMultipart,
}

impl<'d> Reading<'d, '_> {
    /// The encodings of a media type.
    pub(super) fn encodings(&mut self, media_type: &'d Node, range: &str) -> Vec<Encoding<'d>> {
        let Some(kind) = Kind::of(range) else {
            self.without_effect(media_type, &["encoding"], "in a body that is neither a form nor multipart");
            return Vec::new();
        };
        self.map(media_type, "encoding").iter().filter_map(|member| self.encoding(member, kind)).collect()
    }

    fn encoding(&mut self, member: &'d Member, kind: Kind) -> Option<Encoding<'d>> {
        let node = &member.node;
        self.object(node, "an encoding", FIELDS, false)?;
        let bare = Encoding {
            property: &member.key,
            content_type: None,
            headers: Vec::new(),
            style: None,
            explode: None,
            place: member.key_place,
        };
        if self.version == Version::V2_0 {
            let (style, explode) = self.collection_format(node, Location::Query)?;
            return Some(Encoding { style: Some(style), explode: Some(explode), ..bare });
        }
        let is_styled = kind.has_styles(self.version);
        if !is_styled {
            self.without_effect(node, OF_STYLE, kind.why_no_style());
        }
        let is_styled = is_styled && OF_STYLE.iter().any(|field| node.get(field).is_some());
        if is_styled {
            self.without_effect(node, &["contentType"], "beside a style");
        }
        if kind == Kind::Form {
            self.without_effect(node, &["headers"], "in a form, whose fields have none");
        }
        Some(Encoding {
            content_type: self.string(node, "contentType").filter(|_| !is_styled),
            headers: if kind == Kind::Form { Vec::new() } else { self.headers(node) },
            style: if is_styled { self.encoding_style(node) } else { None },
            explode: self.boolean(node, "explode").filter(|_| is_styled),
            ..bare
        })
    }

    fn encoding_style(&mut self, node: &'d Node) -> Option<Style> {
        let name = self.string(node, "style")?;
        let style = Style::from_name(name).filter(|style| Location::Query.allows(*style));
        if style.is_none() {
            let place = node.get("style").unwrap_or(node).place();
            self.error(codes::INVALID_VALUE, place, format!("there is no style `{name}` for a property"));
        }
        style
    }
}

impl Kind {
    fn of(range: &str) -> Option<Self> {
        let essence = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match &*essence {
            "application/x-www-form-urlencoded" => Some(Self::Form),
            "multipart/form-data" => Some(Self::FormData),
            _ => essence.starts_with("multipart/").then_some(Self::OtherMultipart),
        }
    }

    /// Parts have styles from OpenAPI 3.1 on.
    fn has_styles(self, version: Version) -> bool {
        match self {
            Self::Form => true,
            Self::FormData => version != Version::V3_0,
            Self::OtherMultipart => false,
        }
    }

    fn why_no_style(self) -> &'static str {
        match self {
            Self::FormData => "in multipart bodies before OpenAPI 3.1",
            _ => "in multipart bodies without names",
        }
    }
}
