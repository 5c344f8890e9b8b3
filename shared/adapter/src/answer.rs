//! What the client is told instead of an upstream's response.

use std::borrow::Cow;

use portcullis_core::{ErrorFormat, Rejection, Reply};

use crate::host::{self, Refused};

/// An answer, and the response headers of the policies that were passed before it.
pub(crate) struct Answer {
    content: Content,
    response: Vec<(Cow<'static, str>, String)>,
}

enum Content {
    Rejection(Rejection),
    Reply(Reply),
}

impl From<Rejection> for Answer {
    fn from(rejection: Rejection) -> Self {
        Self { content: Content::Rejection(rejection), response: Vec::new() }
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self { content: Content::Reply(reply), response: Vec::new() }
    }
}

impl From<Refused> for Answer {
    fn from(Refused: Refused) -> Self {
        Rejection::internal("host-refused").into()
    }
}

impl Answer {
    /// Adds headers; they replace those of the same names.
    pub(crate) fn with(mut self, response: Vec<(Cow<'static, str>, String)>) -> Self {
        self.response.extend(response);
        self
    }

    pub(crate) fn send(&self, format: ErrorFormat) -> Result<(), Refused> {
        match &self.content {
            Content::Rejection(rejection) => {
                let mut headers = vec![("content-type".into(), format.content_type().into())];
                let own: Vec<_> = rejection
                    .headers
                    .iter()
                    .map(|(name, value)| (name.clone(), format.header(name, value).into_owned()))
                    .collect();
                headers.extend(self.headers(&own));
                let details = format!("portcullis.{}", rejection.code);
                host::answer(rejection.status, &details, &headers, format.body(rejection).as_bytes())
            }
            Content::Reply(reply) => {
                let headers: Vec<_> = self.headers(&reply.headers).collect();
                host::answer(reply.status, "portcullis.reply", &headers, &reply.body)
            }
        }
    }

    fn headers<'h>(
        &'h self,
        own: &'h [(Cow<'static, str>, String)],
    ) -> impl Iterator<Item = (Cow<'h, str>, Cow<'h, str>)> {
        let is_replaced = |name: &str| self.response.iter().any(|(other, _)| other == name);
        let own = own.iter().filter(move |(name, _)| !is_replaced(name));
        own.chain(&self.response).map(|(name, value)| (Cow::Borrowed(&**name), Cow::Borrowed(value.as_str())))
    }
}
