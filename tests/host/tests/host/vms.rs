//! One VM: loading, configuration, and what VMs share.

use std::time::Duration;

use portcullis_test_host::{Chain, ConfigureRefused, LoadError, Module, Outcome, Request, SharedState, Vm};

use crate::wat::{RECORDER, chain, log, module, text, vm};

#[test]
fn what_is_no_proxy_wasm_module_is_refused() {
    assert!(matches!(Module::load(b"\0asm"), Err(LoadError::NotWasm { .. })));
    assert!(matches!(Module::load(b"(module)"), Err(LoadError::NotProxyWasm)));
    let marked = r#"(module (import "env" "proxy_log" (func)) (func (export "proxy_abi_version_0_2_1")))"#;
    assert!(matches!(Module::load(marked.as_bytes()), Err(LoadError::Link { .. })), "a wrong signature");
}

#[test]
fn an_import_that_is_not_offered_is_named_when_called() {
    let zeros = "(i32.const 0) ".repeat(12);
    let calls = format!(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $grpc_call {zeros}))"#
    );
    let exchange = chain(&[&calls]).request(&Request::get("/"));
    let Outcome::Trapped { filter: 0, message } = exchange.outcome else { panic!("{exchange:?}") };
    assert!(message.contains("proxy_grpc_call"), "{message}");
}

#[test]
fn a_configuration_is_read_and_can_be_refused() {
    let picky = r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
      (drop (call $get_buffer (i32.const 7) (i32.const 0) (local.get 1) (i32.const 0) (i32.const 4)))
      (call $say_given)
      (i32.eq (local.get 1) (i32.const 4)))"#;
    let shared = SharedState::default();
    assert!(Vm::start(&module(picky), b"good", &shared).is_ok());
    match Vm::start(&module(picky), b"wrong", &shared).err() {
        Some(ConfigureRefused::Refused { callback, log }) => {
            assert_eq!((callback, log[0].message.as_str()), ("proxy_on_configure", "wrong"));
        }
        other => panic!("{other:?}"),
    }
    let traps = r#"(func (export "proxy_on_configure") (param i32 i32) (result i32) unreachable)"#;
    assert!(matches!(Vm::start(&module(traps), b"", &shared), Err(ConfigureRefused::Trapped { .. })));
}

/// Reads a shared key, then writes it with the CAS it read, or 99 when there was none; says both statuses.
const WRITES_SHARED: &str = r#"
(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
  (i32.store (i32.const 8) (i32.const 99))
  (call $say_number 'get ' (call $get_shared 'key' (i32.const 0) (i32.const 4) (i32.const 8)))
  (if (i32.eqz (call $get_header (i32.const 0) 'stale' (i32.const 0) (i32.const 4)))
    (then (i32.store (i32.const 8) (i32.const 1000))))
  (call $say_number 'set ' (call $set_shared 'key' 'value' (i32.load (i32.const 8))))
  (i32.const 0))"#;

#[test]
fn workers_share_data_under_compare_and_set() {
    let shared = SharedState::default();
    let module = module(WRITES_SHARED);
    let worker = || Chain::new(vec![Vm::start(&module, b"", &shared).expect("it starts")]);
    let (mut one, mut two) = (worker(), worker());
    let request = Request::get("/");
    assert_eq!(log(&one.request(&request), 0), ["get 1", "set 0"], "any CAS creates a missing key");
    assert_eq!(log(&two.request(&request), 0), ["get 0", "set 0"], "the CAS just read writes");
    assert_eq!(log(&one.request(&request.header("stale", "")), 0), ["get 0", "set 8"], "another does not");
    assert_eq!((shared.shared_data(b"key").as_deref(), shared.shared_keys()), (Some(b"value".as_slice()), 1));
}

#[test]
fn time_stands_still_until_the_test_moves_it() {
    let clock = r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (drop (call $time (i32.const 8)))
      (call $set_shared 'now' (i32.const 8) (i32.const 8) (i32.const 0)))"#;
    let shared = SharedState::at(Duration::from_secs(7));
    let mut chain = Chain::new(vec![Vm::start(&module(clock), b"", &shared).expect("it starts")]);
    for seconds in [7, 12] {
        chain.request(&Request::get("/"));
        let now = shared.shared_data(b"now").expect("it was written");
        assert_eq!(now, (seconds * 1_000_000_000_u64).to_le_bytes());
        shared.advance(Duration::from_secs(5));
    }
}

#[test]
fn metrics_ticks_and_foreign_functions_are_served() {
    let busy = r#"
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (drop (call $tick_period (i32.const 250)))
      (drop (call $define_metric (i32.const 0) 'denied' (i32.const 32)))
      (call $say_number 'known ' (call $foreign 'clear_route_cache' (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4)))
      (call $say_number 'bad ' (call $foreign 'verify_signature' (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4)))
      (call $say_number 'unknown ' (call $foreign 'no_such_function' (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4)))
      (i32.const 1))
    (func (export "proxy_on_tick") (param i32)
      (call $say_number 'by 2 ' (call $increment_metric (i32.load (i32.const 32)) (i64.const 2)))
      (call $say_number 'by 0 ' (call $increment_metric (i32.load (i32.const 32)) (i64.const 0))))"#;
    let shared = SharedState::default();
    let mut vm = Vm::start(&module(busy), b"", &shared).expect("it starts");
    assert_eq!(vm.tick_period(), Some(Duration::from_millis(250)));
    vm.tick().expect("no trap");
    let work = vm.take_work();
    let lines: Vec<&str> = work.log.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(lines, ["known 0", "bad 2", "unknown 1", "by 2 0", "by 0 2"]);
    assert_eq!((shared.metric("denied"), shared.metric("granted")), (Some(2), None));
    assert_eq!(work.host_calls.get("proxy_increment_metric"), Some(&2));
}

#[test]
fn work_is_counted_and_repeats_exactly() {
    let mut chain = chain(&[RECORDER]);
    let mut work = || chain.request(&Request::get("/")).work.remove(0);
    let first = work();
    assert!(first.fuel > 0);
    assert_eq!(first.host_calls.get("proxy_log"), Some(&5));
    assert_eq!(work(), first);
}

#[test]
fn what_is_not_counted_runs_alike() {
    let text = text(RECORDER);
    let ran = [Module::load(text.as_bytes()), Module::load_uncounted(text.as_bytes())].map(|module| {
        let vm = Vm::start(&module.expect("a module"), b"", &SharedState::default()).expect("it starts");
        let exchange = Chain::new(vec![vm]).request(&Request::get("/"));
        (exchange.work[0].fuel > 0, log(&exchange, 0).join(", "))
    });
    let [counted, uncounted] = ran;
    assert!(counted.0 && !uncounted.0);
    assert_eq!(counted.1, uncounted.1);
}

#[test]
fn random_bytes_differ_between_workers_and_not_between_runs() {
    let random = r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
      (drop (call $random (i32.const 8) (i32.const 7)))
      (i32.eqz (call $set_shared 'random' (i32.const 8) (i32.const 7) (i32.const 0))))"#;
    let module = module(random);
    let run = || {
        let shared = SharedState::default();
        [0, 1].map(|_worker| {
            Vm::start(&module, b"", &shared).expect("it starts");
            shared.shared_data(b"random").expect("it was written")
        })
    };
    let [one, two] = run();
    assert_ne!(one, two);
    assert_eq!(run(), [one, two]);
}

#[test]
fn an_endless_loop_ends_in_a_trap() {
    let mut vm = vm(r#"(func (export "proxy_on_tick") (param i32) (loop $for_ever (br $for_ever)))"#);
    assert!(vm.tick().expect_err("it can't end otherwise").to_string().contains("fuel"));
}

#[test]
fn addresses_outside_memory_are_told_to_the_module() {
    let wild = r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (call $say_number 'read ' (call $proxy_log (i32.const 2) (i32.const -8) (i32.const 100)))
      (call $say_number 'write ' (call $time (i32.const -4)))
      (call $say_number 'map ' (call $get_headers (i32.const 8) (i32.const 0) (i32.const 4)))
      (i32.const 0))"#;
    let exchange = chain(&[wild]).request(&Request::get("/"));
    assert_eq!(log(&exchange, 0), ["read 6", "write 6", "map 2"]);
}
