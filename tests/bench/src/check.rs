//! Right answers come before fast ones: what is measured must refuse what it claims to refuse.

use portcullis_suite::http1;

use crate::bootstrap::ANSWER;
use crate::failure::{Result, failed};
use crate::ground::{Ground, api_key};
use crate::subject::{Abilities, Running};
use crate::traffic::Request;

/// A request, the status it must have, and whether the subject claims to give it.
struct Probe {
    about: &'static str,
    request: Request,
    status: u16,
    claimed: fn(&Abilities) -> bool,
}

/// Which statuses the subject gives where they are due; fails when one that it claims is another.
pub(crate) fn check(running: &Running, ground: &Ground) -> Result<Vec<u16>> {
    let abilities = running.subject.abilities();
    let mut seen = Vec::new();
    for probe in probes(ground) {
        if (probe.claimed)(&abilities) {
            ask(running, &probe)?;
            seen.push(probe.status);
        }
    }
    for request in [ground.traffic.get().upstream(), ground.traffic.post().upstream()] {
        ask(running, &Probe { about: "the upstream's answer", request, status: 200, claimed: |_| true })?;
    }
    seen.sort_unstable();
    seen.dedup();
    Ok(seen)
}

fn probes(ground: &Ground) -> Vec<Probe> {
    let traffic = &ground.traffic;
    let probe = |about, request, status, claimed| Probe { about, request, status, claimed };
    vec![
        probe("a good GET", traffic.get(), 200, |_| true),
        probe("a good POST", traffic.post(), 200, |_| true),
        probe("no token", traffic.anonymous_get(), 401, |can| can.checks_tokens),
        probe("a broken token", traffic.bad_token(), 401, |can| can.checks_tokens),
        probe("an API key", traffic.keyed(&api_key(0)), 200, |can| can.checks_keys),
        probe("an unknown API key", traffic.keyed("bench-key-none"), 401, |can| can.checks_keys),
        probe("a broken parameter", traffic.bad_parameter(), 400, |can| can.checks_messages),
        probe("a broken body", traffic.bad_body(), 400, |can| can.checks_messages),
        probe("the limit's last request", traffic.limited(), 200, |can| can.limits),
        probe("a request over the limit", traffic.limited(), 429, |can| can.limits),
        probe("an unknown operation", traffic.unknown(), 404, |can| can.knows_operations),
    ]
}

fn ask(running: &Running, probe: &Probe) -> Result<()> {
    let reply = http1::exchange(running.address, &probe.request.bytes());
    let body = String::from_utf8_lossy(&reply.body);
    if reply.status != probe.status {
        return failed(format!(
            "{} answers {} with {} instead of {}: {body}",
            running.subject.name(),
            probe.about,
            reply.status,
            probe.status
        ));
    }
    if reply.status == 200 && body != ANSWER {
        return failed(format!(
            "{} answers {} with another body: {body}",
            running.subject.name(),
            probe.about
        ));
    }
    Ok(())
}
