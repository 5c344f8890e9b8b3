//! Request bodies, responses and their media types.

use super::Reading;
use crate::codes;
use crate::model::{Encoding, Location, MediaType, RequestBody, Response, Style, Version};
use crate::tree::{Member, Node};

impl<'d> Reading<'d, '_> {
    pub(super) fn request_body(&mut self, operation: &'d Node) -> Option<RequestBody<'d>> {
        let node = self.followed(operation.get("requestBody")?)?;
        self.object(node, "a request body", &["description", "content", "required"], false)?;
        if node.get("content").is_none() {
            self.missing(node, "content", "a request body");
        }
        Some(RequestBody {
            required: self.boolean(node, "required").unwrap_or(false),
            content: self.content(node),
            place: node.place(),
        })
    }

    pub(super) fn responses(&mut self, operation: &'d Node) -> Vec<Response<'d>> {
        if operation.get("responses").is_none() {
            self.warn(
                codes::MISSING_FIELD,
                operation.place(),
                "an operation needs the field `responses`".to_owned(),
            );
        }
        let members = self.map(operation, "responses").iter();
        members
            .filter(|member| !member.key.starts_with("x-"))
            .filter_map(|member| self.response(member))
            .collect()
    }

    fn response(&mut self, member: &'d Member) -> Option<Response<'d>> {
        let status = &*member.key;
        if !is_status(status) {
            let message = format!("`{status}` is no status code, no range such as `4XX`, and not `default`");
            self.error(codes::RESPONSE_STATUS, member.key_place, message);
            return None;
        }
        let node = self.followed(&member.node)?;
        self.object(node, "a response", &["description", "headers", "content", "links"], false)?;
        Some(Response {
            status,
            headers: self.headers(node),
            content: self.content(node),
            place: member.key_place,
        })
    }

    fn content(&mut self, node: &'d Node) -> Vec<MediaType<'d>> {
        self.map(node, "content").iter().filter_map(|member| self.media_type(member)).collect()
    }

    fn media_type(&mut self, member: &'d Member) -> Option<MediaType<'d>> {
        let node = &member.node;
        self.object(node, "a media type", &["schema", "example", "examples", "encoding"], false)?;
        Some(MediaType {
            range: &member.key,
            schema: self.schema(node, "schema"),
            encoding: self.map(node, "encoding").iter().filter_map(|member| self.encoding(member)).collect(),
            examples: self.examples(node),
            place: member.key_place,
        })
    }

    fn encoding(&mut self, member: &'d Member) -> Option<Encoding<'d>> {
        let node = &member.node;
        self.object(
            node,
            "an encoding",
            &["contentType", "headers", "style", "explode", "allowReserved"],
            false,
        )?;
        if self.version == Version::V2_0 {
            let (style, explode) = self.collection_format(node, Location::Query)?;
            return Some(Encoding {
                property: &member.key,
                content_type: None,
                headers: Vec::new(),
                style: Some(style),
                explode: Some(explode),
                allow_reserved: false,
                place: member.key_place,
            });
        }
        let style_name = self.string(node, "style");
        let style = style_name.and_then(Style::from_name);
        if style_name.is_some() && style.is_none() {
            let place = node.get("style").unwrap_or(node).place();
            self.error(
                codes::INVALID_VALUE,
                place,
                format!("there is no style `{}`", style_name.unwrap_or_default()),
            );
        }
        Some(Encoding {
            property: &member.key,
            content_type: self.string(node, "contentType"),
            headers: self.headers(node),
            style,
            explode: self.boolean(node, "explode"),
            allow_reserved: self.boolean(node, "allowReserved").unwrap_or(false),
            place: member.key_place,
        })
    }
}

/// `200`, `2XX` or `default`; a code is from 100 to 599.
fn is_status(key: &str) -> bool {
    match key.as_bytes() {
        b"default" => true,
        [b'1'..=b'5', b'X', b'X'] => true,
        [b'1'..=b'5', tens, ones] => tens.is_ascii_digit() && ones.is_ascii_digit(),
        _ => false,
    }
}
