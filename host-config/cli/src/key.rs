//! `portcullis key`: makes API keys, of which a gateway learns the hash alone, and marks them as revoked.

mod entry;
mod secret;

use std::io::Read;
use std::time::{SystemTime, UNIX_EPOCH};

use portcullis_compiler::{KnownKey, read_date, write_date};
use serde_json::json;

use crate::args::{KeyCommand, KeyCreateArgs, KeyRevokeArgs};
use crate::files::{read_text, replace};
use crate::{Failure, Outcome};

pub(crate) use secret::{digest, make};

/// Fewest digits of a SHA-256 that name a key.
const MIN_DIGITS: usize = 8;
const DAY: u64 = 86_400;

pub(crate) fn key(command: &KeyCommand) -> Result<Outcome, Failure> {
    match command {
        KeyCommand::Create(args) => create(args),
        KeyCommand::Revoke(args) => revoke(args),
    }
}

fn create(args: &KeyCreateArgs) -> Result<Outcome, Failure> {
    let key = make()?;
    let entry = written(args, &key)?;
    match &args.file {
        Some(file) => {
            replace(file, &entry::add(file, read_text(file)?.as_deref(), &entry)?)?;
            eprintln!("the key of '{}', shown this once; {file} has its entry:", args.consumer);
            println!("{key}");
        }
        None => {
            // Checked as if there were a file.
            entry::add("the entry", None, &entry)?;
            eprintln!("the key of '{}', shown this once:", args.consumer);
            println!("{key}");
            eprintln!("its entry, for a file under identity.apiKeyFiles:");
            println!("{entry}");
        }
    }
    Ok(Outcome::Fine)
}

/// The entry as a block of YAML. Texts are quoted as in JSON, which YAML reads too.
fn written(args: &KeyCreateArgs, key: &str) -> Result<String, Failure> {
    let mut entry = format!("- consumer: {}\n  sha256: {}\n", json!(args.consumer), digest(key));
    let lists = [
        ("scopes", &args.scopes),
        ("apis", &args.apis),
        ("addresses", &args.addresses),
        ("referers", &args.referers),
    ];
    for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        entry.push_str(&format!("  {name}: {}\n", json!(list)));
    }
    for (name, value) in [("application", &args.application), ("tier", &args.tier)] {
        if let Some(value) = value {
            entry.push_str(&format!("  {name}: {}\n", json!(value)));
        }
    }
    if args.sandbox {
        entry.push_str("  environment: sandbox\n");
    }
    if let Some(expires) = &args.expires {
        entry.push_str(&format!("  expires: {}\n", write_date(moment(expires)?)));
    }
    Ok(entry)
}

/// A date, or so many days from now.
fn moment(text: &str) -> Result<u64, Failure> {
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u32>().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let hint = "name a date such as 2027-01-31 or 2027-01-31T18:30:00Z, or days such as 90d";
    let moment = days.map(|days| now.saturating_add(u64::from(days) * DAY)).or_else(|| read_date(text));
    let moment = moment.ok_or_else(|| Failure::with_hint(format!("'{text}' is no date"), hint))?;
    if moment > now { Ok(moment) } else { Err(Failure::with_hint(format!("'{text}' has passed"), hint)) }
}

fn revoke(args: &KeyRevokeArgs) -> Result<Outcome, Failure> {
    let Some(text) = read_text(&args.file)? else {
        return Err(Failure::new(format!("there is no file {}", args.file)));
    };
    let (text, revoked) = entry::revoke(&args.file, &text, &*wanted(args)?)?;
    if revoked.is_empty() {
        return Err(Failure::new(format!("{} has no such key that is not revoked yet", args.file)));
    }
    replace(&args.file, &text)?;
    for key in &revoked {
        let digits = key.sha256.get(..MIN_DIGITS).unwrap_or_default();
        println!("revoked the key {digits}… of '{}'", key.consumer);
    }
    eprintln!("a gateway refuses it once it is built anew");
    Ok(Outcome::Fine)
}

type Wanted<'a> = Box<dyn Fn(&KnownKey) -> bool + 'a>;

fn wanted(args: &KeyRevokeArgs) -> Result<Wanted<'_>, Failure> {
    let named = match (&args.key, &args.consumer) {
        (Some(named), _) if named == "-" => {
            let mut text = String::new();
            let failed = |cause| Failure::new(format!("cannot read the key: {cause}"));
            std::io::stdin().take(4_096).read_to_string(&mut text).map_err(failed)?;
            text.trim().to_owned()
        }
        (Some(named), _) => named.clone(),
        (None, consumer) => return Ok(Box::new(move |key| Some(&key.consumer) == consumer.as_ref())),
    };
    if named.starts_with(secret::PREFIX) && !secret::is_key(&named) {
        let hint = "it has 42 letters and digits, `pcl_` among them";
        return Err(Failure::with_hint("this is not a whole key: its checksum does not fit", hint));
    }
    let is_digest = named.len() >= MIN_DIGITS && named.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (lower, of_key) = (named.to_ascii_lowercase(), digest(&named));
    Ok(Box::new(move |key| key.sha256 == of_key || (is_digest && key.sha256.starts_with(&lower))))
}
