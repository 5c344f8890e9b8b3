//! The query as ordered pairs, still encoded: what a name or a value means is its reader's business.

/// One `name=value` of a query or form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair<'a> {
    /// Text before the first `=`, encoded.
    pub name: &'a str,
    /// Text behind the first `=`, encoded; `None` when there is no `=`.
    pub value: Option<&'a str>,
}

/// The pairs between `&`, in order; empty ones are passed over.
pub fn pairs(query: &str) -> impl Iterator<Item = Pair<'_>> + Clone {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| match pair.split_once('=') {
        Some((name, value)) => Pair { name, value: Some(value) },
        None => Pair { name: pair, value: None },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn pairs_keep_order_and_tell_empty_from_absent() {
        let seen: Vec<_> = pairs("a=1&&b&c==&a=").map(|pair| (pair.name, pair.value)).collect();
        assert_eq!(seen, [("a", Some("1")), ("b", None), ("c", Some("=")), ("a", Some(""))]);
    }
}
