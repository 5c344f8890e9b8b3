//! Request bodies, responses and their media types.

use super::Reading;
use crate::codes;
use crate::model::{MediaType, RequestBody, Response};
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
            encoding: self.encodings(node, &member.key),
            examples: self.examples(node),
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
