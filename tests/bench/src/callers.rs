//! What callers add to memory who come once each: more of them than there are places in the table of counts.

use serde::Serialize;

use crate::api::{COUNT_BY, COUNTED};
use crate::failure::{Result, failed};
use crate::ground::Ground;
use crate::subject::Subject;
use crate::traffic::Request;
use crate::wrk::Script;

/// Envoy's workers.
const WORKERS: u16 = 2;
/// Of load, between two looks at the memory.
const SECONDS: u32 = 20;
/// Stands where each request differs.
const MARK: &str = "{caller}";

/// Resident memory of Envoy.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Callers {
    /// How many came.
    pub(crate) callers: u64,
    /// After as long a load of one caller.
    pub(crate) before_mb: f64,
    /// The most of all looks.
    pub(crate) most_mb: f64,
    /// At the end.
    pub(crate) after_mb: f64,
}

/// Sends requests of at least so many callers, each of which passes, since each is its caller's first.
pub(crate) fn come(wanted: u64, ground: &Ground) -> Result<Callers> {
    let running = Subject::ThrottleByHeader.start(ground, WORKERS)?;
    let seconds = if wanted < 1_000_000 { 1 } else { SECONDS };
    let one = Script::sending(&[ground.traffic.anonymous_get().bytes()], "one-caller", ground.folder())?;
    let load = one.run(running.address, seconds, ground.client_processors())?;
    if load.requests == 0 || load.refused + load.broken > 0 {
        return failed(format!("{} of {} requests of one caller did not pass", load.refused, load.requests));
    }
    let before_mb = running.process.resident_mb()?;
    let mut found = Callers { callers: 0, before_mb, most_mb: before_mb, after_mb: before_mb };
    let request = Request::new("GET", COUNTED).header(COUNT_BY, MARK).bytes();
    let request = String::from_utf8_lossy(&request).into_owned();
    let (before, behind) = request.split_once(MARK).unwrap_or_default();
    for seed in 0.. {
        let script = Script::counting([before.as_bytes(), behind.as_bytes()], seed, ground.folder())?;
        let load = script.run(running.address, seconds, ground.client_processors())?;
        if load.requests == 0 || load.refused + load.broken > 0 {
            let (lost, all) = (load.refused + load.broken, load.requests);
            return failed(format!("{lost} of {all} requests of new callers did not pass"));
        }
        found.callers += load.requests;
        found.after_mb = running.process.resident_mb()?;
        found.most_mb = found.most_mb.max(found.after_mb);
        eprintln!("bench: {} callers, {:.1} MB", found.callers, found.after_mb);
        if found.callers >= wanted {
            break;
        }
    }
    Ok(found)
}
