//! How the list is read from its store.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_config::auth::{EtcdUserConfig, RemoteConfig, RevocationStoreConfig};
use portcullis_core::testing::{FakeEnv, START};
use portcullis_core::{CallReply, Headers};
use serde_json::{Value, json};

use super::*;

fn in_etcd() -> Revocation {
    in_etcd_as(None)
}

fn in_etcd_as(user: Option<EtcdUserConfig>) -> Revocation {
    from(remote("/v3/kv/range"), RevocationStoreConfig::Etcd { prefix: "revoked/".into(), user })
}

fn in_feed() -> Revocation {
    from(remote("/revoked"), RevocationStoreConfig::Feed)
}

fn remote(path: &str) -> RemoteConfig {
    RemoteConfig {
        service: "store".into(),
        authority: "store".into(),
        origin: "http://store".into(),
        path: path.into(),
        timeout_milliseconds: 1000,
    }
}

fn from(remote: RemoteConfig, store: RevocationStoreConfig) -> Revocation {
    Revocation::new(RevocationConfig { remote, store, interval_milliseconds: 1000, authorization_env: None })
}

/// A page of one key, as of a revision of the store.
fn page(id: &str, revision: u64, more: bool) -> Answer {
    let pair = json!({ "key": STANDARD.encode(format!("revoked/jti/{id}")), "value": "" });
    let body = json!({ "header": { "revision": revision.to_string() }, "kvs": [pair], "more": more });
    Answer::Replied(CallReply {
        status: 200,
        headers: Headers::default(),
        body: body.to_string().into_bytes().into(),
        trailers: Headers::default(),
    })
}

fn asked(fetch: Fetch) -> Value {
    let Fetch::Call(call) = fetch else { panic!("{fetch:?}") };
    serde_json::from_slice(&call.body).unwrap()
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_is_put_while_pages_are_read_is_not_missed() {
    let (revocation, env) = (in_etcd(), FakeEnv::new());
    assert_eq!(asked(revocation.fetch(None, &env)).get("revision"), None);
    assert_eq!(asked(revocation.fetch(Some(&page("a", 5, true)), &env))["revision"], "5");
    // The store has gone on meanwhile, and says so in each reply.
    assert_eq!(asked(revocation.fetch(Some(&page("b", 9, true)), &env))["revision"], "5");
    let Fetch::Replace(text) = revocation.fetch(Some(&page("c", 9, false)), &env) else { panic!("no list") };
    assert!(revocation.learn(&text, true, &env));
    assert_eq!(asked(revocation.fetch(None, &env))["min_mod_revision"], "6");
    let Fetch::Add(text) = revocation.fetch(Some(&page("d", 9, false)), &env) else { panic!("no addition") };
    assert!(revocation.learn(&text, false, &env));
    assert_eq!(asked(revocation.fetch(None, &env))["min_mod_revision"], "10");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_store_that_went_back_and_the_list_of_another_worker_are_read_whole() {
    let env = FakeEnv::new();
    let (revocation, other) = (in_etcd(), in_etcd());
    let whole = |revocation: &Revocation, revision| {
        asked(revocation.fetch(None, &env));
        let Fetch::Replace(text) = revocation.fetch(Some(&page("a", revision, false)), &env) else {
            panic!("no list")
        };
        assert!(revocation.learn(&text, true, &env));
        text
    };
    let first = whole(&revocation, 5);
    asked(revocation.fetch(None, &env));
    assert!(matches!(revocation.fetch(Some(&page("a", 3, false)), &env), Fetch::Failed(_)));
    assert_eq!(asked(revocation.fetch(None, &env)).get("min_mod_revision"), None);
    whole(&revocation, 3);
    assert_eq!(asked(revocation.fetch(None, &env))["min_mod_revision"], "4");
    assert!(!revocation.learn(&first, true, &env), "its memory was given back");
    let text = whole(&other, 9);
    assert!(revocation.learn(&text, true, &env));
    // The list is another one than the fetch began with.
    assert!(matches!(revocation.fetch(Some(&page("b", 9, false)), &env), Fetch::Failed(_)));
    assert_eq!(asked(revocation.fetch(None, &env)).get("min_mod_revision"), None);
}

/// A page of so many keys with these names' beginning.
fn pages(beginning: &str, keys: usize, revision: u64) -> Answer {
    let pair = |number| {
        let name = format!("revoked/jti/{beginning}{number}");
        json!({ "key": STANDARD.encode(name), "value": "" })
    };
    let kvs: Vec<_> = (0..keys).map(pair).collect();
    let body = json!({ "header": { "revision": revision.to_string() }, "kvs": kvs });
    reply(200, &body.to_string())
}

fn is_listed(revocation: &Revocation, id: &str) -> bool {
    revocation.revoked.is_revoked(Mark::Id(id), 0, START.seconds())
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn additions_for_which_there_is_no_room_become_a_list_with_all_that_was_known() {
    let (revocation, env) = (in_etcd(), FakeEnv::new());
    let fetch = |answer: &Answer| {
        asked(revocation.fetch(None, &env));
        let (text, replaces) = match revocation.fetch(Some(answer), &env) {
            Fetch::Replace(text) => (text, true),
            Fetch::Add(text) => (text, false),
            other => panic!("{other:?}"),
        };
        assert!(revocation.learn(&text, replaces, &env));
        replaces
    };
    assert!(fetch(&pages("first", 3000, 1)));
    assert!(!fetch(&pages("few", 500, 2)));
    assert!(fetch(&pages("many", 4000, 3)), "the table would be too full");
    assert!(fetch(&pages("more", parts::PART + 1, 4)), "more than a part");
    for revision in 0..40 {
        assert!(!fetch(&pages(&format!("one{revision}-"), 1, revision + 5)), "{revision}");
    }
    assert!(fetch(&pages("last", 1, 60)), "after so many additions");
    let known = ["first0", "first2999", "few499", "many3999", "more32768", "one0-0", "one39-0", "last0"];
    assert!(known.iter().all(|id| is_listed(&revocation, id)));
    assert!(!is_listed(&revocation, "first3000"));
    assert_eq!(asked(revocation.fetch(None, &env))["min_mod_revision"], "61");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_has_been_over_for_a_day_is_left_out_and_the_last_list_is_given_back() {
    let (revocation, env) = (in_feed(), FakeEnv::new());
    let now = START.seconds();
    let fetch = |body: &Value| {
        assert!(matches!(revocation.fetch(None, &env), Fetch::Call(_)));
        let Fetch::Replace(text) = revocation.fetch(Some(&reply(200, &body.to_string())), &env) else {
            panic!("no list")
        };
        assert!(revocation.learn(&text, true, &env));
        env.store().value_bytes()
    };
    let bytes = fetch(&json!({ "revoked": [
        { "jti": "lives", "until": now + 9 }, { "jti": "over", "until": now - 9 }, { "jti": "old", "until": now - 86_400 },
    ] }));
    let at = |id, then| revocation.revoked.is_revoked(Mark::Id(id), 0, then);
    assert!(at("lives", now) && at("over", now - 10) && !at("over", now));
    assert!(!at("old", now - 90_000), "it takes no room");
    for round in 0..4 {
        let list: Vec<_> = (0..2).map(|entry| json!({ "jti": format!("{round} {entry}") })).collect();
        assert_eq!(fetch(&json!({ "revoked": list })), bytes, "{round}");
        assert!(is_listed(&revocation, &format!("{round} 1")) && !is_listed(&revocation, "lives"));
    }
}

fn reply(status: u16, body: &str) -> Answer {
    let body = body.as_bytes().to_vec().into();
    Answer::Replied(CallReply { status, headers: Headers::default(), body, trailers: Headers::default() })
}

/// Path and `Authorization` of the next call.
fn called(fetch: Fetch) -> (String, String) {
    let Fetch::Call(call) = fetch else { panic!("{fetch:?}") };
    let token = call.headers.iter().find(|(name, _)| name == "authorization");
    (call.path.into_owned(), token.map(|(_, value)| value.clone()).unwrap_or_default())
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_user_of_etcd_gets_a_token_and_another_when_that_has_ended() {
    let user = EtcdUserConfig { name: "gateway".into(), password_env: "PASSWORD".into() };
    let (revocation, env) = (in_etcd_as(Some(user)), FakeEnv::new().with_secret("PASSWORD", "pass word"));
    let (authenticate, range) = ("/v3/auth/authenticate".to_owned(), "/v3/kv/range".to_owned());
    let first = revocation.fetch(None, &env);
    let Fetch::Call(call) = &first else { panic!("{first:?}") };
    let sent: Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!(sent, json!({ "name": "gateway", "password": "pass word" }));
    assert_eq!(called(first), (authenticate.clone(), String::new()));
    let token = |token: &str| reply(200, &json!({ "header": {}, "token": token }).to_string());
    assert_eq!(called(revocation.fetch(Some(&token("t.1")), &env)), (range.clone(), "t.1".to_owned()));
    assert!(matches!(revocation.fetch(Some(&page("a", 5, false)), &env), Fetch::Replace(_)));

    // The token is used until etcd knows it no more; then there is one attempt in a fetch.
    assert_eq!(called(revocation.fetch(None, &env)), (range.clone(), "t.1".to_owned()));
    assert_eq!(called(revocation.fetch(Some(&reply(401, "{}")), &env)).0, authenticate);
    assert_eq!(called(revocation.fetch(Some(&token("t.2")), &env)), (range.clone(), "t.2".to_owned()));
    assert!(matches!(revocation.fetch(Some(&reply(401, "{}")), &env), Fetch::Failed(_)));
    assert!(!format!("{revocation:?}").contains("t.2"), "the token is shown");

    for wrong in [reply(400, "{}"), reply(200, "{}"), token(""), token("a b"), token(&"x".repeat(9000))] {
        let user = EtcdUserConfig { name: "gateway".into(), password_env: "PASSWORD".into() };
        let revocation = in_etcd_as(Some(user));
        called(revocation.fetch(None, &env));
        assert!(matches!(revocation.fetch(Some(&wrong), &env), Fetch::Failed(_)), "{wrong:?}");
    }
    let without = revocation.fetch(None, &FakeEnv::new());
    assert_eq!(called(without).0, range, "a token that is known needs no password");
}
