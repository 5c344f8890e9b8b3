//! What tells operations of one path and method apart: a header or query parameter that a request must carry.

use std::borrow::Cow;

use crate::percent::decode_form;
use crate::request::Request;

/// What beside path and method an operation demands of a request, as the AWS query protocols do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// Where the name is looked for.
    pub place: ConditionPlace,
    /// The header's name in lower case, or the query parameter's.
    pub name: String,
    /// The value it must have, once and no other beside it; `None` when it need only be there.
    pub value: Option<String>,
}

/// Where a [`Condition`] looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConditionPlace {
    /// The query, decoded as a form.
    Query,
    /// The headers.
    Header,
}

impl Condition {
    /// Whether the request carries it. A value that cannot be decoded is there, but equals nothing.
    pub(crate) fn holds(&self, request: &Request) -> bool {
        match self.place {
            ConditionPlace::Header => {
                let values = request.headers().all(&self.name);
                self.holds_for(values.map(Some))
            }
            ConditionPlace::Query => {
                let named = request
                    .query_pairs()
                    .filter(|pair| decode_form(pair.name).is_ok_and(|name| name == self.name.as_str()));
                let values = named.map(|pair| decode_form(pair.value.unwrap_or_default()).ok());
                self.holds_for(values.map(|value| value.map(Bytes)))
            }
        }
    }

    fn holds_for<V: AsRef<[u8]>>(&self, mut values: impl Iterator<Item = Option<V>>) -> bool {
        match (&self.value, values.next()) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(wanted), Some(found)) => {
                found.is_some_and(|found| found.as_ref() == wanted.as_bytes()) && values.next().is_none()
            }
        }
    }
}

struct Bytes<'a>(Cow<'a, str>);

impl AsRef<[u8]> for Bytes<'_> {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
