//! The example of a user store that asks an LDAP directory, before a gateway. In the directory's place stands a module with the few
//! functions of `ldap3` that the example calls.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::{http1, repository};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

/// Ada's password is `secret`, and she is one of the admins; about the user `down` the directory cannot be asked.
const LDAP3: &str = r#"
class core:
    class results:
        RESULT_INVALID_CREDENTIALS = 49

class Server:
    def __init__(self, url, connect_timeout): pass

class Connection:
    def __init__(self, server, dn, password, receive_timeout):
        self.dn, self.password = dn, password
    def bind(self):
        if self.dn == "uid=down,ou=people": raise OSError("no directory")
        # As a directory does: without a password anybody may bind, as nobody.
        good = not self.password or (self.dn, self.password) == ("uid=ada,ou=people", "secret")
        self.result = {"result": 0 if good else 49, "description": "said"}
        return good
    def search(self, base, what, attributes):
        assert (base, attributes) == ("ou=groups", ["cn"])
        class entry:
            class cn:
                values = ["admins"] if what == "(member=uid=ada,ou=people)" else []
        self.entries = [entry]
    def unbind(self): pass
"#;

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Staff, version: '1' }
paths:
  /admins: { get: { security: [{ Login: [admins] }], responses: { '200': { description: Fine } } } }
  /owners: { get: { security: [{ Login: [owners] }], responses: { '200': { description: Fine } } } }
components: { securitySchemes: { Login: { type: http, scheme: basic } } }
"#;

struct Verifier {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl Verifier {
    fn start() -> Self {
        let folder = gateway::folder(&[]);
        for (name, text) in [
            ("ldap3/__init__.py", LDAP3),
            ("ldap3/utils/__init__.py", ""),
            ("ldap3/utils/conv.py", "def escape_filter_chars(text): return text\n"),
            ("ldap3/utils/dn.py", "def escape_rdn(text): return text.replace(',', '\\\\,')\n"),
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let free = TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a port");
        let mut command = Command::new("python3");
        command.arg(repository().join("host-config/examples/ldap-verifier/verifier.py"));
        command.arg(free.to_string()).env("PYTHONPATH", folder.path()).stderr(Stdio::null());
        command.envs([
            ("LDAP_URL", "ldap://directory"),
            ("LDAP_USER_DN", "uid={},ou=people"),
            ("LDAP_GROUP_BASE", "ou=groups"),
            ("VERIFIER_TOKEN", "token of the gateway"),
        ]);
        let verifier =
            Self { process: command.spawn().expect("Python 3"), port: free.port(), _folder: folder };
        let began = Instant::now();
        while TcpStream::connect(free).is_err() {
            assert!(began.elapsed() < PATIENCE, "the verifier does not listen");
            thread::sleep(Duration::from_millis(50));
        }
        verifier
    }

    fn gateway(&self, token: &str) -> Gateway {
        let settings = format!(
            "apis: [{{ definition: api.yaml, endpoint: mock }}]\nidentity:\n  \
             userStore: {{ endpoint: 'http://127.0.0.1:{}/verify', authorizationEnv: VERIFIER_TOKEN }}\n",
            self.port
        );
        let folder = gateway::folder(&[("api.yaml", DEFINITION), ("gateway.yaml", &settings)]);
        let file = folder.path().join("gateway.yaml");
        let mut command = gateway::command();
        command.env("VERIFIER_TOKEN", token);
        let args = [file.to_str().expect("a UTF-8 path"), "--workers", "1", "--layout", "pipeline"];
        Gateway::start(command, &args)
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}

fn ask(gateway: &Gateway, path: &str, credentials: &str) -> (u16, String) {
    use base64::Engine;
    let basic = base64::engine::general_purpose::STANDARD.encode(credentials);
    let headers = [("Authorization", &*format!("Basic {basic}"))];
    let reply = http1::request(gateway.address(), &format!("GET {path}"), &headers, b"");
    (reply.status, reply.code())
}

#[test]
fn who_may_bind_passes_with_the_groups_of_the_directory() {
    let verifier = Verifier::start();
    let gateway = verifier.gateway("token of the gateway");
    for (path, credentials, status, code) in [
        ("/admins", "ada:secret", 200, ""),
        ("/owners", "ada:secret", 403, "scope-missing"),
        ("/admins", "ada:wrong", 401, "basic-invalid"),
        ("/admins", "ada:", 401, "basic-invalid"),
        ("/admins", "eve:secret", 401, "basic-invalid"),
        ("/admins", "ada,ou=people:secret", 401, "basic-invalid"),
        ("/admins", "down:secret", 503, "user-store-unavailable"),
    ] {
        let expected = (status, code.to_owned());
        assert_eq!(ask(&gateway, path, credentials), expected, "{path} {credentials}: {}", gateway.words());
    }
    // Nobody else may have passwords judged.
    let stranger = verifier.gateway("another");
    let expected = (503, "user-store-unavailable".to_owned());
    assert_eq!(ask(&stranger, "/admins", "ada:secret"), expected);
}
