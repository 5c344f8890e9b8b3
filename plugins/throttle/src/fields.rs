//! The header fields `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10), written as
//! structured fields (RFC 9651).

use portcullis_config::throttle::CountsConfig;

use crate::gcra::SECOND;
use crate::limit::Limit;

/// The string of a structured field; `None` for text that it cannot hold.
pub(crate) fn quoted(text: &str) -> Option<String> {
    if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return None;
    }
    Some(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// `RateLimit-Policy`: each limit once, by name, in order. Months and years have no `w`: they differ in length.
pub(crate) fn policies<'l>(limits: impl Iterator<Item = &'l Limit>) -> String {
    let mut items: Vec<String> = Vec::new();
    for limit in limits {
        let window = limit.period.map(|seconds| format!(";w={seconds}")).unwrap_or_default();
        let unit = match limit.of {
            CountsConfig::Requests => "",
            CountsConfig::InFlight => ";qu=\"concurrent-requests\"",
            _ => ";qu=\"bytes\"",
        };
        let item = format!("{};q={}{unit}{window}", limit.quoted, limit.requests);
        if !items.contains(&item) {
            items.push(item);
        }
    }
    items.join(", ")
}

/// `RateLimit`: what remains of a limit, and for how many seconds. When requests in flight end, nobody knows: `None`.
pub(crate) fn standing(limit: &Limit, remaining: u64, seconds: Option<u64>) -> String {
    let (mut number, mut time) = (itoa::Buffer::new(), itoa::Buffer::new());
    let (of_time, time) = seconds.map_or(("", ""), |seconds| (";t=", time.format(seconds)));
    [&limit.quoted, ";r=", number.format(remaining), of_time, time].concat()
}

/// Whole seconds, rounded up, and at least one: who comes back then is not too early.
pub(crate) fn seconds(nanoseconds: u64) -> u64 {
    nanoseconds.div_ceil(SECOND).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_config::throttle::{LimitConfig, LimitKeyConfig, UnitConfig, WindowConfig};

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn names_are_quoted_and_escaped() {
        let cases = [
            ("gold", Some(r#""gold""#)),
            ("per day", Some(r#""per day""#)),
            (r#"a"b\c"#, Some(r#""a\"b\\c""#)),
            ("a\r\nset-cookie: b", None),
            ("\u{7f}", None),
            ("é", None),
        ];
        for (text, expected) in cases {
            assert_eq!(quoted(text).as_deref(), expected, "{text:?}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn fields_say_quota_window_rest_and_time() {
        let limit = |name: &str, requests, window: Option<WindowConfig>| {
            let period_seconds = window.is_none().then_some(60);
            let by = LimitKeyConfig::All;
            let config = LimitConfig {
                requests,
                counts: CountsConfig::Requests,
                lease_seconds: None,
                burst_control: None,
                period_seconds,
                window,
                burst: None,
                by,
                marks: false,
                groups: Vec::new(),
                fleet: None,
            };
            Limit::new(name.to_owned(), &config).unwrap()
        };
        let month = WindowConfig { unit: UnitConfig::Month, units: 1, utc_offset_minutes: 0 };
        let (gold, none) = (limit("gold", 100, None), limit("none", 0, None));
        let monthly = limit("monthly", 7, Some(month));
        assert_eq!(
            policies([&gold, &none, &monthly, &gold].into_iter()),
            r#""gold";q=100;w=60, "none";q=0;w=60, "monthly";q=7"#
        );
        assert_eq!(standing(&gold, 7, Some(30)), r#""gold";r=7;t=30"#);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn seconds_are_rounded_up() {
        for (nanoseconds, expected) in
            [(0, 1), (1, 1), (SECOND, 1), (SECOND + 1, 2), (u64::MAX, 18_446_744_074)]
        {
            assert_eq!(seconds(nanoseconds), expected);
        }
    }
}
