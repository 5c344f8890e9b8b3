//! The body of an operation's requests: whether there must be one, of which media types, and what is in it. The head
//! decides what it can; only then is the body asked for.

use portcullis_config::schema::BodyConfig;
use portcullis_core::{Headers, Rejection};

use crate::content::{Contents, Intern, InvalidBody, Mismatch};
use crate::fault::Violations;
use crate::schema::Unjudged;

/// What an operation says of its body.
#[derive(Debug)]
pub(crate) struct Body {
    required: bool,
    max_bytes: u32,
    /// Whether compressed bodies are read.
    decode: bool,
    contents: Contents,
}

/// What is known of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Absent,
    /// There is one; of this many bytes, if the head says so.
    Present(Option<u64>),
    /// Only the message's end will tell.
    Unknown,
}

/// What to do about a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All is said; the violations tell whether it is good.
    Judged,
    /// The body must be seen.
    Needed(u32),
    /// No schema is needed to refuse it.
    Refused(Rejection),
}

impl Body {
    /// `intern` makes schemas, so that equal ones are compiled once.
    pub(crate) fn new(config: BodyConfig, intern: &mut Intern<'_>) -> Result<Self, InvalidBody> {
        let contents = Contents::new(config.content, intern)?;
        let BodyConfig { required, max_bytes, decode, .. } = config;
        Ok(Self { required, max_bytes, decode, contents })
    }

    /// Judges the body, or as much of it as the head shows.
    pub(crate) fn check(
        &self,
        headers: &Headers,
        body: Option<&[u8]>,
        violations: &mut Violations,
    ) -> Result<Verdict, Unjudged> {
        let presence = match body {
            Some([]) => Presence::Absent,
            Some(bytes) => Presence::Present(Some(bytes.len() as u64)),
            None => presence_in_head(headers),
        };
        match presence {
            Presence::Absent => {
                if self.required {
                    violations.add("body", "", "", "required", "is missing".into());
                }
                return Ok(Verdict::Judged);
            }
            Presence::Unknown => return Ok(Verdict::Needed(self.max_bytes)),
            Presence::Present(_) => {}
        }
        let found = match self.contents.find(headers) {
            Ok(found) if self.decode || found.is_identity() => found,
            Ok(_) => return Ok(Verdict::Refused(self.refusal(Mismatch::Coding))),
            Err(mismatch) => return Ok(Verdict::Refused(self.refusal(mismatch))),
        };
        let too_long = || {
            let detail = format!("The body is longer than {} bytes.", self.max_bytes);
            Ok(Verdict::Refused(Rejection::new(413, "body-too-large", detail)))
        };
        if let Presence::Present(Some(length)) = presence
            && length > u64::from(self.max_bytes)
        {
            return too_long();
        }
        let sized = matches!(presence, Presence::Present(Some(_)));
        match body {
            Some(bytes) if found.check(bytes, self.max_bytes, violations)? => Ok(Verdict::Judged),
            Some(_) => too_long(),
            None if sized && found.is_identity() && found.content.is_bytes() => Ok(Verdict::Judged),
            None => Ok(Verdict::Needed(self.max_bytes)),
        }
    }

    fn refusal(&self, mismatch: Mismatch) -> Rejection {
        let undeclared = |detail: &'static str| {
            Rejection::new(415, "media-type-undeclared", detail).with_header("accept", self.contents.list())
        };
        match mismatch {
            Mismatch::Coding => {
                let detail = "Bodies in this content coding cannot be checked.";
                let refusal = Rejection::new(415, "content-coding-unsupported", detail);
                let read = if self.decode { "gzip, deflate, identity" } else { "identity" };
                refusal.with_header("accept-encoding", read)
            }
            Mismatch::Malformed => undeclared("The Content-Type is not a media type."),
            Mismatch::Several => undeclared("There is more than one Content-Type."),
            Mismatch::Missing => undeclared("The body has no Content-Type."),
            Mismatch::Undeclared => undeclared("The operation does not take bodies of this media type."),
            Mismatch::Charset => Rejection::new(415, "charset-unsupported", "Bodies are read as UTF-8 only."),
        }
    }
}

fn presence_in_head(headers: &Headers) -> Presence {
    if headers.first("transfer-encoding").is_some() {
        return Presence::Present(None);
    }
    let mut lengths = headers.all("content-length");
    match (lengths.next().map(read_length), lengths.next()) {
        (Some(Some(0)), None) => Presence::Absent,
        (Some(Some(length)), None) => Presence::Present(Some(length)),
        _ => Presence::Unknown,
    }
}

fn read_length(text: &[u8]) -> Option<u64> {
    let text =
        std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    text.parse().ok()
}
