//! `portcullis revoke`: adds tokens to the file of revoked ones, which a running gateway follows.

use std::io::Read;
use std::time::{SystemTime, UNIX_EPOCH};

use portcullis_compiler::{RevokedEntry, add_revoked, count_revoked, read_date};

use crate::args::RevokeArgs;
use crate::files::{read_text, replace};
use crate::key::digest;
use crate::{Failure, Outcome};

/// Longest token that is read, in bytes.
const MAX_TOKEN: u64 = 16 * 1024;

pub(crate) fn revoke(args: &RevokeArgs) -> Result<Outcome, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let until = args.until.as_deref().map(|text| moment(text, now)).transpose()?;
    let before = args.before.as_deref().map(|text| moment(text, now)).transpose()?;
    let entry = |kind, value: &str| RevokedEntry { kind, value: value.to_owned(), until, before };
    let mut entries: Vec<RevokedEntry> = args.ids.iter().map(|id| entry("jti", id)).collect();
    entries.extend(args.subjects.iter().map(|subject| entry("sub", subject)));
    entries.extend(args.issuers.iter().map(|issuer| entry("iss", issuer)));
    if args.token {
        entries.push(entry("token", &digest(&read_token()?)));
    }
    let refused = |cause: portcullis_compiler::NoRevocationFile| {
        let hint = "name the file of `identity.revocation`, or one that is not there yet";
        Failure::with_hint(format!("{}: {cause}", args.file), hint)
    };
    let text = add_revoked(read_text(&args.file)?.as_deref(), &entries, now).map_err(refused)?;
    replace(&args.file, &text)?;
    let count = count_revoked(&text).map_err(refused)?;
    eprintln!(
        "{}: {} added, {count} in all; gateways that follow it know within two seconds",
        args.file,
        entries.len()
    );
    Ok(Outcome::Fine)
}

fn read_token() -> Result<String, Failure> {
    let mut token = String::new();
    let failed = |cause| Failure::new(format!("cannot read the token: {cause}"));
    std::io::stdin().take(MAX_TOKEN).read_to_string(&mut token).map_err(failed)?;
    let token = token.trim();
    if token.is_empty() {
        Err(Failure::new("there is no token on standard input"))
    } else {
        Ok(token.to_owned())
    }
}

/// A date, `now`, or seconds since 1970, as tokens have them.
fn moment(text: &str, now: u64) -> Result<u64, Failure> {
    let seconds = if text == "now" { Some(now) } else { text.parse().ok().or_else(|| read_date(text)) };
    let hint = "name a date such as 2027-01-31T18:30:00Z, seconds since 1970, or now";
    seconds.ok_or_else(|| Failure::with_hint(format!("'{text}' is no date"), hint))
}
