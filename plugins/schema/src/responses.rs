//! The responses of an operation: which status is declared, with which headers, of which media types, and what is in
//! the body. The head decides what it can; only then is the body asked for.

use portcullis_config::schema::{ResponseMode, ResponsesConfig};
use portcullis_core::{Body, Headers, Judgement, Observation, Rejection, Response, Watch};

use crate::content::{Contents, Intern, InvalidBody, Mismatch};
use crate::fault::Violations;
use crate::media_type::MediaType;
use crate::parameter::Parameter;
use crate::schema::Unjudged;

/// What an operation says of its responses.
#[derive(Debug)]
pub(crate) struct Responses {
    mode: ResponseMode,
    max_bytes: u32,
    by_status: Vec<(Status, Described)>,
}

/// Which statuses a description is for, the narrowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    Exactly(u16),
    /// By its first digit.
    Hundred(u16),
    Any,
}

#[derive(Debug)]
struct Described {
    headers: Vec<Parameter>,
    contents: Contents,
}

/// Why a response's declaration cannot be enforced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidResponse {
    /// A key that is no status, no range such as `2XX`, and not `default`.
    #[error("'{0}' is no status")]
    Status(String),
    /// A header's schema, or its style.
    #[error("the header '{0}'")]
    Header(String),
    /// The body.
    #[error(transparent)]
    Body(#[from] InvalidBody),
}

impl Responses {
    pub(crate) fn new(config: ResponsesConfig, intern: &mut Intern<'_>) -> Result<Self, InvalidResponse> {
        let mut by_status = Vec::with_capacity(config.by_status.len());
        for (key, response) in config.by_status {
            let status = Status::read(&key).ok_or(InvalidResponse::Status(key))?;
            let mut headers = Vec::with_capacity(response.headers.len());
            for config in response.headers {
                let name = config.name.clone();
                let made = Parameter::header(config, intern).ok().flatten();
                headers.push(made.ok_or(InvalidResponse::Header(name))?);
            }
            let contents = Contents::new(response.content, intern)?;
            by_status.push((status, Described { headers, contents }));
        }
        by_status.sort_by_key(|(status, _)| *status);
        Ok(Self { mode: config.mode, max_bytes: config.max_bytes, by_status })
    }

    /// Whether bodies are held, so that it matters how they are written.
    pub(crate) fn holds_bodies(&self) -> bool {
        self.mode == ResponseMode::Enforce
            && self.by_status.iter().any(|(_, described)| !described.contents.is_empty())
    }

    /// Judges a response, or as much of it as is there.
    pub(crate) fn judge(
        &self,
        watch: &Watch,
        response: &Response,
        violations: Violations,
    ) -> Result<Judgement, Unjudged> {
        match self.described(watch, response, violations) {
            Err(Unjudged::TooComplex) => {
                let detail = "Judging the upstream's response takes more work than it may.";
                let rejection = Rejection::new(502, "response-too-complex", detail);
                Ok(self.fault(rejection, Violations::up_to(0)))
            }
            judged => judged,
        }
    }

    fn described(
        &self,
        watch: &Watch,
        response: &Response,
        mut violations: Violations,
    ) -> Result<Judgement, Unjudged> {
        let status = response.status();
        // Another protocol begins: there is no response.
        if status == 101 {
            return Ok(Judgement::Pass(None));
        }
        let Some(described) = self.description(status) else {
            // Whoever asks for what has changed since then must hear that nothing has.
            if status != 304 {
                violations.add("status", &status.to_string(), "", "undeclared", "is not declared".into());
            }
            return Ok(self.judged(violations));
        };
        for header in &described.headers {
            header.check_header(response.headers(), &mut violations)?;
        }
        let has_body = !watch.is_head && !matches!(status, 204 | 205 | 304);
        if !has_body || described.contents.is_empty() || !violations.is_empty() {
            return Ok(self.judged(violations));
        }
        self.body(described, response, violations)
    }

    fn body(
        &self,
        described: &Described,
        response: &Response,
        mut violations: Violations,
    ) -> Result<Judgement, Unjudged> {
        if matches!(response.body(), Body::Whole(bytes) if bytes.is_empty()) {
            violations.add("body", "", "", "required", "is missing".into());
            return Ok(self.judged(violations));
        }
        let found = match described.contents.find(response.headers()) {
            Ok(found) => found,
            Err(mismatch) => {
                let (keyword, message) = wrong(mismatch);
                violations.add("body", "", "", keyword, message.into());
                return Ok(self.judged(violations));
            }
        };
        if found.content.is_bytes() || found.media().is_some_and(MediaType::is_stream) {
            return Ok(Judgement::Pass(None));
        }
        match response.body() {
            Body::Unread
                if length(response.headers()).is_none_or(|length| length <= self.max_bytes.into()) =>
            {
                let held = self.mode == ResponseMode::Enforce;
                Ok(Judgement::NeedBody { max: self.max_bytes, held })
            }
            Body::Unread | Body::TooLong => Ok(self.too_long()),
            Body::Whole(bytes) if found.check(bytes, self.max_bytes, &mut violations)? => {
                Ok(self.judged(violations))
            }
            Body::Whole(_) => Ok(self.too_long()),
        }
    }

    fn description(&self, status: u16) -> Option<&Described> {
        self.by_status.iter().find(|(known, _)| known.takes(status)).map(|(_, described)| described)
    }

    fn judged(&self, violations: Violations) -> Judgement {
        if violations.is_empty() {
            return Judgement::Pass(None);
        }
        let detail = "The upstream's response is not what the API describes.";
        self.fault(Rejection::new(502, "response-invalid", detail), violations)
    }

    fn too_long(&self) -> Judgement {
        let detail = "The upstream's response is larger than what can be judged.";
        self.fault(Rejection::new(502, "response-too-large", detail), Violations::up_to(0))
    }

    /// The client hears nothing of what was in the response; the access log says why.
    fn fault(&self, rejection: Rejection, violations: Violations) -> Judgement {
        let found = Observation { code: rejection.code, violations: violations.into_list(), operation: None };
        match self.mode {
            ResponseMode::Observe => Judgement::Pass(Some(found)),
            ResponseMode::Enforce => Judgement::Refuse(rejection, found),
        }
    }
}

impl Status {
    fn read(key: &str) -> Option<Self> {
        if key == "default" {
            return Some(Self::Any);
        }
        let number =
            |text: &str| text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        match key.strip_suffix("XX") {
            Some(hundred) if hundred.len() == 1 => number(hundred).map(Self::Hundred),
            None if key.len() == 3 => number(key).map(Self::Exactly),
            _ => None,
        }
    }

    fn takes(self, status: u16) -> bool {
        match self {
            Self::Exactly(own) => own == status,
            Self::Hundred(own) => own == status / 100,
            Self::Any => true,
        }
    }
}

fn length(headers: &Headers) -> Option<u64> {
    std::str::from_utf8(headers.first("content-length")?).ok()?.parse().ok()
}

fn wrong(mismatch: Mismatch) -> (&'static str, &'static str) {
    match mismatch {
        Mismatch::Coding => ("contentEncoding", "has a content coding that is not read"),
        Mismatch::Malformed => ("contentType", "has a Content-Type that is no media type"),
        Mismatch::Several => ("contentType", "has more than one Content-Type"),
        Mismatch::Missing => ("contentType", "has no Content-Type"),
        Mismatch::Undeclared => ("contentType", "is of a media type that is not declared"),
        Mismatch::Charset => ("charset", "is not UTF-8"),
    }
}

#[cfg(test)]
#[path = "responses_tests.rs"]
mod tests;
