//! Takes credentials out of a request before the upstream sees it: every header, query parameter and cookie
//! that one of the operation's schemes reads, whether or not it was the one that let the caller in.

use std::borrow::Cow;

use portcullis_core::{Edits, Request, decode_form};

use crate::presented::cookies;
use crate::scheme::{Place, Scheme};

/// Adds to `edits` what removes the credentials of `schemes`.
pub(crate) fn strip<'s>(request: &Request, schemes: impl Iterator<Item = &'s Scheme>, edits: &mut Edits) {
    let (mut parameters, mut crumbs) = (Vec::new(), Vec::new());
    for scheme in schemes {
        match scheme {
            Scheme::MutualTls { .. } => {}
            Scheme::Basic { header, .. } | Scheme::Bearer { header, .. } => {
                strip_header(request, Cow::Owned(header.clone()), edits);
            }
            Scheme::ApiKey { place: Place::Header(name), .. } => {
                strip_header(request, Cow::Owned(name.clone()), edits);
            }
            Scheme::ApiKey { place: Place::Query(name), .. } => parameters.push(name.as_str()),
            Scheme::ApiKey { place: Place::Cookie(name), .. } => crumbs.push(name.as_str()),
        }
    }
    if !parameters.is_empty() {
        strip_parameters(request, &parameters, edits);
    }
    if !crumbs.is_empty() {
        strip_cookies(request, &crumbs, edits);
    }
}

fn strip_header(request: &Request, name: Cow<'static, str>, edits: &mut Edits) {
    if request.headers().first(&name).is_some() && !edits.remove.contains(&name) {
        edits.remove.push(name);
    }
}

/// The rest of the query stays as it was written.
fn strip_parameters(request: &Request, names: &[&str], edits: &mut Edits) {
    let Some((path, query)) = request.target().split_once('?') else { return };
    let is_key = |pair: &&str| {
        let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
        decode_form(name).is_ok_and(|name| names.contains(&&*name))
    };
    if !query.split('&').any(|pair| is_key(&pair)) {
        return;
    }
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_key(pair)).collect();
    let target = if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) };
    edits.set.push((":path".into(), target));
}

/// What is left goes into one field. Cookies that are not UTF-8, which RFC 6265 does not allow, go as well.
fn strip_cookies(request: &Request, names: &[&str], edits: &mut Edits) {
    let is_key = |name: &[u8]| names.iter().any(|known| known.as_bytes() == name);
    if !cookies(request.headers()).any(|(name, _)| is_key(name)) {
        return;
    }
    let crumbs = request.headers().all("cookie").flat_map(|field| field.split(|byte| *byte == b';'));
    let kept: Vec<&str> = crumbs
        .map(|crumb| crumb.trim_ascii())
        .filter(|crumb| !is_key(crumb.split(|byte| *byte == b'=').next().unwrap_or(crumb).trim_ascii()))
        .filter_map(|crumb| std::str::from_utf8(crumb).ok().filter(|crumb| !crumb.is_empty()))
        .collect();
    edits.remove.push("cookie".into());
    if !kept.is_empty() {
        edits.set.push(("cookie".into(), kept.join("; ")));
    }
}
