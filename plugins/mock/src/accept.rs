//! Which media types the client takes, and how gladly (RFC 9110, section 12.5.1).

use std::borrow::Cow;

use portcullis_core::Headers;

use crate::fields::Cursor;
use crate::media_type::{MediaType, kind_and_subtype};

/// The ranges of a request's `Accept` fields. None, or none that can be read: anything is taken.
#[derive(Debug, Default)]
pub(crate) struct Accept<'a> {
    ranges: Vec<MediaRange<'a>>,
}

#[derive(Debug)]
struct MediaRange<'a> {
    kind: &'a str,
    subtype: &'a str,
    parameters: Vec<(&'a str, Cow<'a, str>)>,
    quality: Quality,
}

/// Thousandths of a weight; 0 is "not acceptable".
type Quality = u16;

impl<'a> Accept<'a> {
    /// Reads all `Accept` fields; members that are no media range are passed over.
    pub(crate) fn read(headers: &'a Headers) -> Self {
        let mut ranges = Vec::new();
        for line in headers.all("accept").filter_map(|line| std::str::from_utf8(line).ok()) {
            let mut cursor = Cursor::new(line);
            while !cursor.is_at_end() {
                cursor.skip_space();
                ranges.extend(MediaRange::read(&mut cursor));
                cursor.skip_member();
            }
        }
        Self { ranges }
    }

    /// The offer the client likes best; among equals the first, `None` when it takes none of them.
    pub(crate) fn choose<'o, T>(
        &self,
        offers: impl Iterator<Item = &'o T>,
        media_type: impl Fn(&'o T) -> &'o MediaType,
    ) -> Option<&'o T> {
        let mut best: Option<(Quality, &T)> = None;
        for offer in offers {
            let quality = self.quality(media_type(offer));
            if quality > best.map_or(0, |(best, _)| best) {
                best = Some((quality, offer));
            }
        }
        best.map(|(_, offer)| offer)
    }

    /// The weight that the most specific range gives.
    fn quality(&self, media_type: &MediaType) -> Quality {
        if self.ranges.is_empty() {
            return 1000;
        }
        let weights =
            self.ranges.iter().filter_map(|range| Some((range.specificity(media_type)?, range.quality)));
        weights.max().map_or(0, |(_, quality)| quality)
    }
}

impl<'a> MediaRange<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        let (kind, subtype) = kind_and_subtype(cursor)?;
        let mut parameters = Vec::new();
        let mut quality = 1000;
        for (name, value) in cursor.parameters()? {
            let value = value.unwrap_or_default();
            if name.eq_ignore_ascii_case("q") {
                // What stands behind the weight is no part of the media type.
                quality = read_quality(&value)?;
                break;
            }
            parameters.push((name, value));
        }
        let is_range = kind != "*" || subtype == "*";
        let ends = cursor.is_at_end() || cursor.clone().take(',');
        (is_range && ends).then_some(Self { kind, subtype, parameters, quality })
    }

    /// How closely the range names the media type; `None` when it does not cover it. A `charset` that the offer
    /// leaves open matches any.
    fn specificity(&self, media_type: &MediaType) -> Option<(bool, bool, usize)> {
        let kind = self.kind != "*";
        let subtype = self.subtype != "*";
        let covered = (!kind || self.kind.eq_ignore_ascii_case(&media_type.kind))
            && (!subtype || self.subtype.eq_ignore_ascii_case(&media_type.subtype))
            && self.parameters.iter().all(|parameter| is_offered(parameter, media_type));
        covered.then_some((kind, subtype, self.parameters.len()))
    }
}

fn is_offered((name, value): &(&str, Cow<'_, str>), media_type: &MediaType) -> bool {
    match media_type.parameters.iter().find(|(offered, _)| offered.eq_ignore_ascii_case(name)) {
        Some((_, offered)) => offered.eq_ignore_ascii_case(value),
        None => name.eq_ignore_ascii_case("charset"),
    }
}

/// `0`, `0.5`, `1.000`: at most three decimals (RFC 9110, section 12.4.2).
fn read_quality(text: &str) -> Option<Quality> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: Quality = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(accept: &[&str], offers: &[&str]) -> Option<String> {
        let headers = Headers::from_pairs(accept.iter().map(|line| ("accept", line)));
        let offers: Vec<_> = offers.iter().map(|text| MediaType::parse(text).unwrap()).collect();
        Accept::read(&headers).choose(offers.iter(), |offer| offer).map(|offer| offer.text.clone())
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn the_offer_with_the_highest_weight_is_chosen() {
        const OFFERS: &[&str] = &["application/json", "application/xml", "text/plain;v=1"];
        let cases: [(&[&str], Option<&str>); 20] = [
            (&[], Some("application/json")),
            (&[""], Some("application/json")),
            (&["nonsense"], Some("application/json")),
            (&["*/*"], Some("application/json")),
            (&["APPLICATION/XML"], Some("application/xml")),
            (&["application/*;q=0.2, text/*"], Some("text/plain;v=1")),
            (&["application/json;q=0.5, application/xml;q=0.7"], Some("application/xml")),
            (&["application/json;q=0.5", "application/xml;q=0.7"], Some("application/xml")),
            (&["*/*, application/json;q=0"], Some("application/xml")),
            (&["*/*;q=0.1, application/*;q=0"], Some("text/plain;v=1")),
            (&["text/html, image/png"], None),
            (&["application/json;q=0"], None),
            (&["application/json;q=0.000, text/html"], None),
            (&["application/json;charset=utf-8"], Some("application/json")),
            (&["application/json;v=1"], None),
            (&["text/plain;v=1"], Some("text/plain;v=1")),
            (&["text/plain;v=2, application/xml;q=0.1"], Some("application/xml")),
            (&["text/plain;q=0.3, text/plain;v=1;q=0.9;ext, application/json;q=0.5"], Some("text/plain;v=1")),
            (
                &["application/json;q=2, application/json;q=0.5x, text/plain;q=.5, application/xml;q=0.1"],
                Some("application/xml"),
            ),
            (&["*/json, application/xml x, text/plain;a=\",\""], None),
        ];
        for (accept, expected) in cases {
            assert_eq!(choose(accept, OFFERS).as_deref(), expected, "{accept:?}");
        }
    }
}
