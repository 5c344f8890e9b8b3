//! `portcullis limits`: asks a running gateway where callers stand with its limits.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use portcullis_compiler::admin_address;
use serde::{Deserialize, Serialize};

use crate::args::{Format, LimitsArgs};
use crate::files::read_text;
use crate::{Failure, Outcome, http};

/// How long the gateway may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Limits behind authentication, and those before it: not every gateway has these.
const PATHS: [&str; 2] = ["/limits", "/limits/early"];

/// What the gateway says.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Rows {
    limits: Vec<Row>,
    /// Whether there are more.
    more: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    limit: String,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<String>,
    level: String,
    allows: String,
    by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    back_in_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    shared: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    needs: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counted_by: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unreadable: bool,
}

pub(crate) fn limits(args: &LimitsArgs) -> Result<Outcome, Failure> {
    let address = address(args)?;
    let query = query(args)?;
    let mut all = Rows::default();
    for (at, path) in PATHS.into_iter().enumerate() {
        let found = ask(address, &format!("{path}?{query}"), at == 0)?;
        all.limits.extend(found.limits);
        all.more |= found.more;
    }
    match args.format {
        Format::Json => println!("{}", serde_json::to_string_pretty(&all).unwrap_or_default()),
        Format::Text => print!("{}", table(&all)),
    }
    Ok(Outcome::Fine)
}

fn address(args: &LimitsArgs) -> Result<SocketAddr, Failure> {
    if let Some(address) = args.at {
        return Ok(address);
    }
    let file = args.file.as_deref().unwrap_or_default();
    let text = read_text(file)?.ok_or_else(|| Failure::new(format!("{file}: there is no such file")))?;
    let hint = "add `admin: { address: '127.0.0.1:9902' }` to the gateway file and start the gateway again";
    let found = admin_address(file, &text).map_err(Failure::new)?;
    found.ok_or_else(|| Failure::with_hint(format!("{file}: the gateway has no address for operators"), hint))
}

/// The operator's words as a query.
fn query(args: &LimitsArgs) -> Result<String, Failure> {
    let mut query = String::new();
    let mut add = |name: &str, value: Option<&str>| {
        if !query.is_empty() {
            query.push('&');
        }
        encode(name, &mut query);
        if let Some(value) = value {
            query.push('=');
            encode(value, &mut query);
        }
    };
    let single = [
        ("limit", &args.limit),
        ("scope", &args.scope),
        ("api", &args.api),
        ("consumer", &args.consumer),
        ("application", &args.application),
        ("method", &args.method),
        ("host", &args.host),
    ];
    for (name, value) in single {
        if let Some(value) = value {
            add(name, Some(value));
        }
    }
    if args.no_application {
        add("application", None);
    }
    if let Some(address) = args.address {
        add("address", Some(&address.to_string()));
    }
    for (kind, pairs) in [("header", &args.headers), ("query", &args.queries), ("claim", &args.claims)] {
        for pair in pairs {
            let (name, value) =
                pair.split_once('=').map_or((pair.as_str(), None), |(name, value)| (name, Some(value)));
            if name.is_empty() {
                return Err(Failure::with_hint(
                    format!("--{kind} '{pair}' names nothing"),
                    "write NAME=VALUE, or NAME alone for a request that has none",
                ));
            }
            add(&format!("{kind}.{name}"), value);
        }
    }
    if args.used {
        add("used", None);
    }
    Ok(query)
}

fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => into.push(char::from(byte)),
            _ => {
                let _infallible = write!(into, "%{byte:02X}");
            }
        }
    }
}

/// `needed`: whether an answer must come.
fn ask(address: SocketAddr, target: &str, needed: bool) -> Result<Rows, Failure> {
    let hint = "is the gateway running, and is this the address of `admin` in its gateway file?";
    let failed = |cause: String| Failure::with_hint(format!("{address}: {cause}"), hint);
    let exchange = || {
        let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        http::get(&mut stream, &address.to_string(), target)
    };
    let reply = exchange().map_err(|cause| failed(cause.to_string()))?;
    match reply.status {
        200 => serde_json::from_str(&reply.body).map_err(|_| failed("this is no gateway".to_owned())),
        404 if !needed => Ok(Rows::default()),
        400 => {
            let told: serde_json::Value = serde_json::from_str(&reply.body).unwrap_or_default();
            let name = told.get("unknown").and_then(serde_json::Value::as_str).unwrap_or_default();
            Err(Failure::new(format!("the gateway can make nothing of '{name}'")))
        }
        status => Err(failed(format!("it answers {status}"))),
    }
}

/// One line for each count.
fn table(all: &Rows) -> String {
    let mut lines: Vec<[String; 5]> =
        vec![["LIMIT", "SCOPE", "ALLOWS", "COUNTS BY", "STATE"].map(str::to_owned)];
    for row in &all.limits {
        let scope = row.scope.clone();
        lines.push([row.limit.clone(), scope, row.allows.clone(), row.by.clone(), state(row)]);
    }
    let mut widths = [0; 5];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        let _infallible = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    if all.limits.is_empty() {
        text = "no such limit, or nothing of it is used\n".to_owned();
    }
    if all.more {
        text.push_str("and more: name a limit, a scope or an API\n");
    }
    text
}

fn state(row: &Row) -> String {
    if let Some(who) = &row.counted_by {
        return format!("counted by the {who}");
    }
    let (Some(used), Some(remaining)) = (row.used, row.remaining) else {
        return match row.needs.is_empty() {
            true => "unreadable".to_owned(),
            false => {
                let options: Vec<String> = row.needs.iter().map(|name| option(name)).collect();
                format!("name {}", options.join(" and "))
            }
        };
    };
    let mut state = format!("{used} used, {remaining} left");
    if let Some(seconds) = row.back_in_seconds {
        let what = if remaining == 0 { "more" } else { "all" };
        let _infallible = write!(state, ", {what} in {seconds} s");
    }
    if row.shared {
        state.push_str(", or another caller's");
    }
    state
}

/// The option that names an attribute.
fn option(attribute: &str) -> String {
    match attribute.split_once('.') {
        Some((kind, name)) => format!("--{kind} {name}=…"),
        None if attribute == "application" => "--application, or --no-application,".to_owned(),
        None => format!("--{attribute}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_becomes_a_query() {
        let args = LimitsArgs {
            limit: Some("per day".into()),
            consumer: Some("a&b=ü".into()),
            address: Some("2001:db8::1".parse().expect("an address")),
            headers: vec!["X-Tenant=a=b".into(), "X-None".into()],
            used: true,
            ..LimitsArgs::default()
        };
        let expected = "limit=per%20day&consumer=a%26b%3D%C3%BC&address=2001%3Adb8%3A%3A1&header.X-Tenant=a%3Db&header.X-None&used";
        assert_eq!(query(&args).expect("a query"), expected);
        assert!(query(&LimitsArgs { claims: vec!["=x".into()], ..LimitsArgs::default() }).is_err());
    }

    #[test]
    fn each_count_is_a_line() {
        let row = |state: &str| {
            let text = format!(
                r#"{{"limit":"gold","scope":"api pets","level":"api","allows":"6 requests in 60 seconds","by":"consumer",{state}}}"#
            );
            serde_json::from_str::<Row>(&text).expect("a row")
        };
        let rows = vec![
            row(r#""used":2,"remaining":4,"back_in_seconds":20"#),
            row(r#""used":6,"remaining":0,"back_in_seconds":3,"shared":true"#),
            row(r#""needs":["claim.plan","consumer"]"#),
            row(r#""counted_by":"rate limit service""#),
            row(r#""unreadable":true"#),
        ];
        let told = table(&Rows { limits: rows, more: true });
        let states = [
            "2 used, 4 left, all in 20 s",
            "6 used, 0 left, more in 3 s, or another caller's",
            "name --claim plan=… and --consumer",
            "counted by the rate limit service",
            "unreadable",
        ];
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[0], "LIMIT  SCOPE     ALLOWS                    COUNTS BY  STATE");
        for (line, state) in lines[1..].iter().zip(states) {
            assert_eq!(*line, format!("gold   api pets  6 requests in 60 seconds  consumer   {state}"));
        }
        assert_eq!(lines[6], "and more: name a limit, a scope or an API");
    }
}
