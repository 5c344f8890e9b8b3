//! How one mocked operation answers: the declared response that a request gets, or why it gets none.

use portcullis_config::mock::MockRule;
use portcullis_core::{Rejection, Reply, Request};

use crate::accept::Accept;
use crate::prefer::Preferences;
use crate::response::{InvalidResponse, NoContent, Response, StatusPattern};

/// Most names that a refusal lists.
const MAX_LISTED: usize = 20;

/// The responses of a mocked operation, in document order.
#[derive(Debug)]
pub(crate) struct MockOperation {
    responses: Vec<Response>,
}

impl MockOperation {
    /// Interim responses (1XX) are left out: they answer nothing.
    pub(crate) fn compile(rule: MockRule) -> Result<Self, InvalidResponse> {
        let responses = rule.responses.into_iter().map(Response::compile).collect::<Result<Vec<_>, _>>()?;
        let is_final = |response: &Response| response.status.own_status() >= 200;
        Ok(Self { responses: responses.into_iter().filter(is_final).collect() })
    }

    /// The answer to HEAD is that to GET: the host leaves the body out, and so its length and type stay true.
    pub(crate) fn answer(&self, request: &Request) -> Result<Reply, Rejection> {
        let preferences = Preferences::read(request.headers())
            .map_err(|cause| Rejection::new(400, "prefer-invalid", cause.to_string()))?;
        let (status, response) = self.select(preferences.code)?;
        let example = preferences.example.as_deref();
        let mut reply = response
            .reply(status, &Accept::read(request.headers()), example)
            .map_err(|cause| refuse(status, &cause, example.unwrap_or_default()))?;
        if let Some(applied) = preferences.applied() {
            reply.headers.push(("preference-applied".into(), applied));
        }
        Ok(reply)
    }

    fn select(&self, code: Option<u16>) -> Result<(u16, &Response), Rejection> {
        let selected = match code {
            Some(code) => self.for_status(code).map(|response| (code, response)),
            None => self.usual().map(|response| (response.status.own_status(), response)),
        };
        selected.ok_or_else(|| {
            let declared = list(self.responses.iter().map(|response| response.status.to_string()));
            let asked = code.map_or(String::new(), |code| format!(" {code}"));
            missing(format!("This operation declares no response{asked}; it declares {declared}."))
        })
    }

    /// Exactly this status, then its class, then `default`.
    fn for_status(&self, status: u16) -> Option<&Response> {
        self.of(StatusPattern::Exact(status))
            .or_else(|| self.of(StatusPattern::Class(status / 100)))
            .or_else(|| self.of(StatusPattern::Default))
    }

    /// The lowest success, then any success, then `default`, then whatever comes first.
    fn usual(&self) -> Option<&Response> {
        let success = |response: &&Response| matches!(response.status, StatusPattern::Exact(status) if (200..300).contains(&status));
        let lowest =
            self.responses.iter().filter(success).min_by_key(|response| response.status.own_status());
        lowest
            .or_else(|| self.of(StatusPattern::Class(2)))
            .or_else(|| self.of(StatusPattern::Default))
            .or_else(|| self.responses.first())
    }

    fn of(&self, status: StatusPattern) -> Option<&Response> {
        self.responses.iter().find(|response| response.status == status)
    }
}

fn refuse(status: u16, cause: &NoContent<'_>, example: &str) -> Rejection {
    match cause {
        NoContent::Example(names) => {
            let names = list(names.iter().map(|name| format!("'{name}'")));
            missing(format!("The response {status} has no example '{example}'; it has {names}."))
        }
        NoContent::Body => missing(format!(
            "The response {status} has neither an example nor a schema that an answer could be made from."
        )),
        NoContent::NotAcceptable(media_types) => {
            let offered = list(media_types.iter().map(|text| (*text).to_owned()));
            let detail = format!("The response {status} is there as {offered}, which Accept does not allow.");
            Rejection::new(406, "mock-not-acceptable", detail)
        }
    }
}

fn missing(detail: String) -> Rejection {
    Rejection::new(501, "mock-missing", detail)
}

fn list(mut names: impl Iterator<Item = String>) -> String {
    let listed: Vec<String> = names.by_ref().take(MAX_LISTED).collect();
    match (listed.as_slice(), names.count()) {
        ([], _) => "none".to_owned(),
        (listed, 0) => listed.join(", "),
        (listed, more) => format!("{} and {more} more", listed.join(", ")),
    }
}

#[cfg(test)]
mod tests;
