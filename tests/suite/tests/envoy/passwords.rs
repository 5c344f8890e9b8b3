//! What a check of a password takes in the built module, within Envoy: the measurement from which `plugins/auth`'s
//! `password` reckons what it accepts. `cargo test -p portcullis-suite --test envoy passwords -- --nocapture` prints it.

use std::time::{Duration, Instant};

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1::{Connection, message};

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Passwords, version: '1' }
paths: { /x: { get: { security: [{ Login: [] }], responses: { '200': { description: Fine } } } } }
components: { securitySchemes: { Login: { type: http, scheme: basic } } }
"#;

/// The dearest of each kind that a gateway accepts; no password is theirs.
const ARGON2ID: &str =
    "$argon2id$v=19$m=4096,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$SYgwoe90iFN5ORLxD50hdTUn0Q8/O7jR4ps8GHfArpE";
const BCRYPT: &str = "$2b$05$Pi8Gt/zyfM0OXEcg24bhb.Xg9biGavuG6ID/sexG28uFULX0y.zlC";
const PBKDF2: &str =
    "$pbkdf2-sha256$i=6250,l=32$c2FsdHNhbHRzYWx0c2FsdA$qLemon7vBuyfhkKcFRiiW6QaRY/XbP6oGL85nqbmIiE";
/// What [`portcullis_auth`] promises.
const BOUND: Duration = Duration::from_millis(5);
/// By how much the times of two users may differ, of what a check takes.
const DIFFERENCE: f64 = 0.15;
const TIMES: usize = 120;

#[test]
fn a_check_takes_less_than_five_milliseconds() {
    for (name, hash) in [("argon2id m=4096", ARGON2ID), ("bcrypt 5", BCRYPT), ("pbkdf2 i=6250", PBKDF2)] {
        let mut guesses = Guesses::start(&[("ada", hash)]);
        let times = guesses.alike(&["ada", "nobody"]);
        assert!(times[0] < BOUND, "{name}: {:?}", times[0]);
    }
}

#[test]
fn users_with_hashes_of_different_kinds_take_the_same_time() {
    let (bcrypt, pbkdf2) = (BCRYPT.replace("$05$", "$04$"), PBKDF2.replace("6250", "1500"));
    let argon2id = ARGON2ID.replace("4096", "1024");
    let cheap = PBKDF2.replace("6250", "1000");
    let users = [("anna", argon2id.as_str()), ("bert", &bcrypt), ("paul", &pbkdf2), ("pia", &cheap)];
    let mut guesses = Guesses::start(&users);
    let names = ["anna", "bert", "paul", "pia", "nobody", "somebody-else"];
    guesses.alike(&names);
}

/// A gateway with these users, whose passwords are guessed at.
struct Guesses {
    connection: Connection,
    sent: u32,
    _gateway: Gateway,
}

impl Guesses {
    fn start(users: &[(&str, &str)]) -> Self {
        let user = |(name, hash): &(&str, &str)| format!("    - {{ name: {name}, password: '{hash}' }}\n");
        let settings = format!(
            "apis: [{{ definition: api.yaml, endpoint: mock }}]\nidentity:\n  \
             attempts: {{ perUser: 1000000, perAddress: 1000000 }}\n  users:\n{}",
            users.iter().map(user).collect::<String>(),
        );
        let folder = gateway::folder(&[("api.yaml", DEFINITION), ("gateway.yaml", &settings)]);
        let file = folder.path().join("gateway.yaml");
        let args = [file.to_str().expect("a UTF-8 path"), "--workers", "1"];
        let gateway = Gateway::start(gateway::command(), &args);
        let connection = Connection::open(gateway.address());
        let mut guesses = Self { connection, sent: 0, _gateway: gateway };
        // V8 makes code fast that is run often.
        for _ in 0..TIMES {
            guesses.guess(Some(users[0].0));
        }
        guesses
    }

    /// What a check takes for each name, which must be the same; up to three times, for the machine may be busy with something
    /// else just then.
    fn alike(&mut self, names: &[&str]) -> Vec<Duration> {
        let mut seen = Vec::new();
        for _ in 0..3 {
            let times = self.times(names);
            println!("{names:?}: {times:?}");
            if alike(&times) {
                return times;
            }
            seen.push(times);
        }
        panic!("the time tells them apart: {names:?}: {seen:?}");
    }

    /// What a check takes for each name: of the quickest quarter the slowest, less what a request takes in which there is
    /// nothing to check. In turns, so that each meets the same moments of the machine.
    fn times(&mut self, names: &[&str]) -> Vec<Duration> {
        let mut all: Vec<Vec<Duration>> = vec![Vec::new(); names.len() + 1];
        for _ in 0..TIMES {
            for (at, name) in names.iter().enumerate() {
                all[at].push(self.guess(Some(name)));
            }
            all[names.len()].push(self.guess(None));
        }
        let mut quartiles: Vec<Duration> = all
            .iter_mut()
            .map(|times| {
                times.sort();
                times[TIMES / 4]
            })
            .collect();
        let rest = quartiles.pop().expect("one for nothing to check");
        quartiles.iter().map(|time| time.saturating_sub(rest)).collect()
    }

    fn guess(&mut self, name: Option<&str>) -> Duration {
        self.sent += 1;
        let credentials = match name {
            Some(name) => base64(&format!("{name}:guess {}", self.sent)),
            None => "none".to_owned(),
        };
        let authorization = format!("Basic {credentials}");
        let begun = Instant::now();
        self.connection.send(&message("GET /x", &[("Authorization", &authorization)], b""));
        let reply = self.connection.reply().expect("an answer");
        assert_eq!(reply.status, 401);
        begun.elapsed()
    }
}

fn alike(times: &[Duration]) -> bool {
    let (least, most) = (times.iter().min().expect("some"), times.iter().max().expect("some"));
    (*most - *least).as_secs_f64() <= most.as_secs_f64() * DIFFERENCE
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}
