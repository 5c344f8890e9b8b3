//! Secrets that Envoy's environment alone holds, what upstreams are told by them, and gateways that start without them or not at all.

use std::process::Command;

use jwt_simple::prelude::*;
use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1;
use portcullis_suite::upstream::Upstream;

const RSA: &str = include_str!("../../../../plugins/auth/src/tests/rsa-2048.pem");
const SECRET: &str = "0123456789abcdef-0123456789abcdef";

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Told, version: '7' }
paths:
  /x: { get: { security: [{ Token: [] }], responses: { '200': { description: Fine } } } }
  /open: { get: { security: [], responses: { '200': { description: Fine } } } }
components: { securitySchemes: { Token: { type: http, scheme: bearer } } }
"#;

const SETTINGS: &str = r#"
apis: [{ definition: api.yaml, endpoint: 'UPSTREAM' }]
layout: LAYOUT
backendJwt: { issuer: gateway, algorithm: RS256, keys: [{ file: key.pub, kid: one, privateKeyEnv: GATEWAY_KEY }] }
identityHeaders: { X-User: subject, X-Team: { claim: team } }
identity:
  issuers: { shared: { issuer: 'https://shared.test', algorithms: [HS256], secrets: [{ env: SHARED_SECRET }] } }
"#;

#[derive(Serialize, Deserialize)]
struct Team {
    team: Vec<String>,
}

fn with(variables: &[(&str, &str)]) -> Command {
    let mut command = gateway::command();
    command.env_remove("GATEWAY_KEY").env_remove("SHARED_SECRET").envs(variables.iter().copied());
    command
}

#[test]
fn what_the_environment_holds_verifies_and_signs_and_no_gateway_starts_without_it() {
    let key = RS256KeyPair::from_pem(RSA).expect("a key").public_key();
    let public = key.to_pem().expect("PEM");
    let upstream = Upstream::start();
    for layout in ["chain", "pipeline"] {
        let settings = SETTINGS.replace("UPSTREAM", &upstream.url()).replace("LAYOUT", layout);
        let files = [("api.yaml", DEFINITION), ("gateway.yaml", &*settings), ("key.pub", &*public)];
        let folder = gateway::folder(&files);
        let file = folder.path().join("gateway.yaml");
        let args = [file.to_str().expect("a UTF-8 path"), "--workers", "1"];
        for (variables, cause) in [
            (&[("SHARED_SECRET", SECRET)][..], "GATEWAY_KEY is not set"),
            (&[("GATEWAY_KEY", RSA), ("SHARED_SECRET", "short")], "SHARED_SECRET cannot be used"),
            (&[("GATEWAY_KEY", "x"), ("SHARED_SECRET", SECRET)], "GATEWAY_KEY cannot be used"),
        ] {
            let ended = gateway::finish(with(variables).args(["run", "--listen", "127.0.0.1:0"]).args(args));
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert!(ended.status.code() == Some(2) && said.contains(cause), "{cause}: {said}");
        }

        let gateway = Gateway::start(with(&[("GATEWAY_KEY", RSA), ("SHARED_SECRET", SECRET)]), &args);
        let team = Team { team: vec!["red".to_owned(), "big blue".to_owned()] };
        let claims = Claims::with_custom_claims(team, Duration::from_hours(1));
        let claims = claims.with_issuer("https://shared.test").with_subject("ada\r\nX-Admin: 1");
        let token = HS256Key::from_bytes(SECRET.as_bytes()).authenticate(claims).expect("a token");
        let forged =
            [("X-User", "root"), ("X_User", "root"), ("X-Team", "all"), ("X-JWT-Assertion", "forged")];
        let bearer = format!("Bearer {token}");
        let known: Vec<_> = forged.into_iter().chain([("Authorization", bearer.as_str())]).collect();
        let reply = http1::request(gateway.address(), "GET /x", &known, b"");
        assert_eq!(reply.status, 200, "{}", gateway.words());
        let seen = upstream.take_one();
        assert_eq!(seen.all("x-user"), ["ada%0D%0AX-Admin: 1"]);
        assert_eq!((seen.all("x_user").len(), seen.all("x-admin").len()), (0, 0), "{seen:?}");
        assert_eq!(seen.all("x-team"), ["red big%20blue"]);
        let told = seen.all("x-jwt-assertion");
        let told = key.verify_token::<NoCustomClaims>(&told[0], None).expect("the gateway's token");
        assert_eq!(told.issuer.as_deref(), Some("gateway"));

        assert_eq!(http1::request(gateway.address(), "GET /open", &forged, b"").status, 200);
        let seen = upstream.take_one();
        for name in ["x-user", "x_user", "x-team", "x-jwt-assertion"] {
            assert!(seen.all(name).is_empty(), "{name}: {seen:?}");
        }
        let entry = gateway.logged(|entry| entry["path"] == "/x");
        let line = entry["identity"].as_str().unwrap_or_default();
        assert!(line.contains("&credential=") && !line.contains(&token), "{line}");
        let everything = gateway.printed().join("\n") + &gateway.words();
        assert!(!everything.contains(SECRET) && !everything.contains(&token), "a secret is shown");
    }
}
