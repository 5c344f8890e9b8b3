//! What the policies have fetched: by one worker, into the shared data, for all. Each worker looks on every tick whether
//! there is something new, and learns it.

use std::rc::Rc;

use portcullis_core::{Answer, Fetch, PolicyChain, Source, Topic};

use crate::asking::Waiter;
use crate::calls::{ReplySize, Told, read_reply_with_host};
use crate::env::HostEnv;
use crate::host;
use crate::lease::Lease;
use crate::progress::FetchProgress;

/// Most calls of one fetch.
const MAX_CALLS: u32 = 10_000;
/// How long a fetch may take, and one of its calls.
const WHOLE_NANOS: u64 = 600_000_000_000;
const CALL_NANOS: u64 = 65_000_000_000;
/// Most parts of one edition: the keys of shared data are never given back.
const MAX_PARTS: u32 = 64;
/// Most streams of a worker that wait for a source at a time; the others are told at once that there is nothing new.
const MAX_WAITING: usize = 256;
/// How long a stream waits for a source.
const PATIENCE_NANOS: u64 = 10_000_000_000;
/// How long a worker leaves the lease to others after a fetch of its own has failed: Envoy's main thread has a VM as well,
/// from which listeners inside Envoy cannot be reached.
const STAND_BACK_NANOS: u64 = 500_000_000;
/// How long it waits although an attempt has failed, while nothing has ever been learned: another worker may succeed.
const FIRST_NANOS: u64 = 1_500_000_000;
const LEASE: &str = "portcullis.lease";

/// The sources of a worker's policies.
pub(crate) struct Sources {
    /// Tells this worker from others.
    worker: u64,
    lease: Option<Lease>,
    /// When a fetch of this worker's failed last.
    failed: Option<u64>,
    tracked: Vec<Tracked>,
    waiting: Vec<Waiting>,
}

struct Tracked {
    /// The policy's place in the chain.
    policy: usize,
    source: Source,
    /// As this worker last saw it.
    progress: FetchProgress,
    /// What it has learned: edition and parts.
    learned: (u32, u32),
    running: Option<Running>,
}

/// A fetch of this worker's.
struct Running {
    /// The call on its way.
    token: u32,
    max_reply: u32,
    calls: u32,
    /// When that call was made.
    since: u64,
}

struct Waiting {
    source: Rc<str>,
    asked: u64,
    waiter: Rc<dyn Waiter>,
}

impl Sources {
    pub(crate) fn of(chain: &impl PolicyChain) -> Self {
        let policies = (0..).map_while(|at| Some((at, chain.policy(at)?)));
        let tracked = policies.flat_map(|(policy, judge)| {
            judge.sources().into_iter().map(move |source| Tracked::new(policy, source))
        });
        Self { worker: random(), lease: None, failed: None, tracked: tracked.collect(), waiting: Vec::new() }
    }

    /// A stream waits for an attempt that begins from now on. An answer that comes at once is returned.
    pub(crate) fn wait(&mut self, source: &Rc<str>, waiter: Rc<dyn Waiter>) -> Option<Answer> {
        let is_known = self.tracked.iter().any(|tracked| tracked.source.name == *source);
        if !is_known || self.waiting.len() >= MAX_WAITING {
            return Some(Answer::Refreshed);
        }
        let asked = host::now();
        // Lost only against another who wants the same.
        let _ = host::set_shared(&wanted_key(source), &asked.to_le_bytes(), 0);
        self.waiting.push(Waiting { source: Rc::clone(source), asked, waiter });
        None
    }

    /// A stream has ended.
    pub(crate) fn leave(&mut self, context: u32) {
        self.waiting.retain(|waiting| waiting.waiter.context() != context);
    }

    /// Learns what is new, fetches what is due if that is this worker's part, and says whose waiting has an end.
    pub(crate) fn tick(&mut self, chain: &impl PolicyChain, now: u64) -> Vec<Told> {
        for tracked in &mut self.tracked {
            tracked.look(chain);
        }
        if !self.tracked.is_empty() && self.leads(now) {
            for tracked in &mut self.tracked {
                let wanted = host::shared(&wanted_key(&tracked.source.name));
                let wanted = wanted.and_then(|(bytes, _)| Some(u64::from_le_bytes(bytes.try_into().ok()?)));
                if tracked.goes_on(now) {
                    continue;
                }
                if tracked.progress.is_due(&tracked.source, wanted.unwrap_or(0), now) {
                    tracked.begin(chain, now);
                }
            }
        }
        self.told(now)
    }

    /// Goes on with a fetch; false when the call is not one of these.
    pub(crate) fn reply(&mut self, chain: &impl PolicyChain, token: u32, size: ReplySize) -> bool {
        let running = |tracked: &Tracked| tracked.running.as_ref().is_some_and(|run| run.token == token);
        let Some(tracked) = self.tracked.iter_mut().find(|tracked| running(tracked)) else { return false };
        let Some(run) = tracked.running.take() else { return false };
        let answer = read_reply_with_host(size, run.max_reply);
        tracked.step(chain, Some(&answer), run.calls);
        let failed = tracked.running.is_none() && tracked.progress.failed;
        tracked.look(chain);
        if failed {
            self.stand_back(host::now());
        }
        true
    }

    /// Gives the lease up, so that another worker tries.
    fn stand_back(&mut self, now: u64) {
        self.failed = Some(now);
        if let Some(lease) = self.lease.take()
            && let Some((bytes, version)) = host::shared(LEASE)
            && Lease::from_bytes(&bytes).is_some_and(|present| present.is_of(self.worker))
        {
            // Lost only against another who has it then.
            let _ = host::set_shared(LEASE, &lease.given_up().to_bytes(), version);
        }
    }

    fn told(&mut self, now: u64) -> Vec<Told> {
        let tracked = &self.tracked;
        let is_over = |waiting: &Waiting| {
            let progress = tracked.iter().find(|tracked| tracked.source.name == waiting.source);
            let waited = now.abs_diff(waiting.asked);
            progress.is_none_or(|tracked| {
                tracked.has_tried_since(waiting.asked) && (tracked.knows() || waited > FIRST_NANOS)
            }) || waited > PATIENCE_NANOS
        };
        let over = self.waiting.extract_if(.., |waiting| is_over(waiting));
        let answer = Rc::new(Answer::Refreshed);
        over.map(|Waiting { source, waiter, .. }| Told {
            topic: Topic::Source(source),
            answer: Rc::clone(&answer),
            waiting: vec![waiter],
        })
        .collect()
    }

    fn leads(&mut self, now: u64) -> bool {
        if self.lease.is_some_and(|lease| lease.is_of(self.worker) && !lease.is_worn(now)) {
            return true;
        }
        if self.failed.is_some_and(|failed| now.abs_diff(failed) < STAND_BACK_NANOS) {
            return false;
        }
        let (present, version) = match host::shared(LEASE) {
            Some((bytes, version)) => (Lease::from_bytes(&bytes), version),
            None => (None, u32::MAX),
        };
        let taken = Lease::taken(present, self.worker, now);
        self.lease = taken.filter(|lease| host::set_shared(LEASE, &lease.to_bytes(), version).is_ok());
        self.lease.is_some()
    }
}

impl Tracked {
    fn new(policy: usize, source: Source) -> Self {
        Self { policy, source, progress: FetchProgress::default(), learned: (0, 0), running: None }
    }

    /// Reads how far the source is, and learns the parts that are new.
    fn look(&mut self, chain: &impl PolicyChain) {
        let Some(progress) = read_progress(&self.source.name) else { return };
        self.progress = progress;
        let (edition, parts) = (progress.edition, progress.parts);
        let Some(policy) = chain.policy(self.policy).filter(|_| self.learned != (edition, parts)) else {
            return;
        };
        if self.learned.0 != edition {
            self.learned = (edition, 0);
        }
        for part in self.learned.1..parts {
            // Of a later edition when it has been overwritten meanwhile: then the next look will find all of it.
            let name = &self.source.name;
            let text = read_part(&part_key(name, part), edition);
            if !text.is_some_and(|text| policy.learn(name, text, part == 0, &HostEnv::default())) {
                self.learned = (0, 0);
                return;
            }
            self.learned.1 = part + 1;
        }
    }

    /// Whether anything has been learned.
    fn knows(&self) -> bool {
        self.learned.0 != 0
    }

    /// Whether an attempt has come to its end that began after `asked`, and its outcome is known here.
    fn has_tried_since(&self, asked: u64) -> bool {
        let FetchProgress { began, ended, edition, parts, .. } = self.progress;
        began >= asked && ended >= began && self.learned == (edition, parts)
    }

    /// Whether this worker's own fetch is on its way, however long it has been: each call has its time, and so has the whole.
    fn goes_on(&mut self, now: u64) -> bool {
        let Some(run) = &self.running else { return false };
        if now.abs_diff(self.progress.began) > WHOLE_NANOS {
            self.running = None;
            self.fail("it takes too long");
            return true;
        }
        now.abs_diff(run.since) < CALL_NANOS
    }

    fn begin(&mut self, chain: &impl PolicyChain, now: u64) {
        self.progress.began = now;
        self.write();
        self.running = None;
        self.step(chain, None, 0);
    }

    /// Asks the policy what comes next, and does it.
    fn step(&mut self, chain: &impl PolicyChain, answer: Option<&Answer>, calls: u32) {
        let Some(policy) = chain.policy(self.policy) else { return };
        match policy.fetch(&self.source.name, answer, &HostEnv::default()) {
            Fetch::Call(_) if calls >= MAX_CALLS => self.fail("it takes too many calls"),
            Fetch::Call(call) => match host::call(&call) {
                Ok(token) => {
                    let (max_reply, calls, since) = (call.max_reply, calls + 1, host::now());
                    self.running = Some(Running { token, max_reply, calls, since });
                }
                Err(_) => self.fail("the host refused the call"),
            },
            Fetch::Replace(text) => {
                let edition = self.progress.edition.wrapping_add(1).max(1);
                self.publish(edition, 0, text);
            }
            Fetch::Add(_) if self.progress.edition == 0 || self.progress.parts >= MAX_PARTS => {
                self.fail("there is nothing that it could be added to");
            }
            Fetch::Add(text) => self.publish(self.progress.edition, self.progress.parts, text),
            Fetch::Unchanged => self.end(false),
            Fetch::Failed(cause) => self.fail(&cause),
        }
    }

    fn publish(&mut self, edition: u32, part: u32, mut value: Vec<u8>) {
        // Where the text was made with room for it, this copies nothing elsewhere.
        value.splice(0..0, edition.to_le_bytes());
        if host::set_shared(&part_key(&self.source.name, part), &value, 0).is_err() {
            return self.fail("the host refused the shared data");
        }
        (self.progress.edition, self.progress.parts) = (edition, part + 1);
        self.end(false);
    }

    fn fail(&mut self, cause: &str) {
        if !self.progress.failed {
            log::warn!("{}: {cause}; what is known of it stays", self.source.name);
        }
        self.end(true);
    }

    fn end(&mut self, failed: bool) {
        if self.progress.failed && !failed {
            log::info!("{}: fetched again", self.source.name);
        }
        self.progress.failed = failed;
        self.progress.ended = host::now().max(self.progress.began.saturating_add(1));
        self.write();
    }

    /// Whoever else writes it has taken the lease meanwhile, and fetches as well: the last one counts.
    fn write(&self) {
        if host::set_shared(&progress_key(&self.source.name), &self.progress.to_bytes(), 0).is_err() {
            log::warn!("{}: the host refused the shared data", self.source.name);
        }
    }
}

fn read_progress(source: &str) -> Option<FetchProgress> {
    FetchProgress::from_bytes(&host::shared(&progress_key(source))?.0)
}

fn read_part(key: &str, edition: u32) -> Option<Vec<u8>> {
    let (mut value, _) = host::shared(key)?;
    let written = u32::from_le_bytes(*value.first_chunk()?);
    if written != edition {
        return None;
    }
    value.drain(..4);
    Some(value)
}

fn progress_key(source: &str) -> String {
    format!("portcullis.source.{source}")
}

fn wanted_key(source: &str) -> String {
    format!("portcullis.wanted.{source}")
}

fn part_key(source: &str, part: u32) -> String {
    format!("portcullis.part.{source}.{part}")
}

/// A number that no other worker has.
fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}
