//! A plugin that traps: the request that met it is refused, and a new VM serves those that follow.

use std::thread;
use std::time::{Duration, Instant};

use portcullis_suite::gateway;

use crate::shop::{KEY, Shop};

/// In the place of the auth plugin: lets everything pass, and traps when a request has the header `x-trap`.
const TRAPS: &str = r#"(module
    (import "env" "proxy_get_header_map_value"
        (func $header (param i32 i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 2)
    (data (i32.const 64) "x-trap")
    (global $free (mut i32) (i32.const 1024))
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "_initialize"))
    (func (export "proxy_on_memory_allocate") (param i32) (result i32)
        (global.get $free)
        (global.set $free (i32.add (global.get $free) (local.get 0))))
    (func (export "proxy_on_context_create") (param i32 i32))
    (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
    (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (drop (call $header (i32.const 0) (i32.const 64) (i32.const 6) (i32.const 0) (i32.const 4)))
        (if (i32.load (i32.const 4)) (then unreachable))
        (i32.const 0)))"#;

/// Envoy waits up to a second before it makes a new VM.
const RECOVERY: Duration = Duration::from_secs(3);

#[test]
fn a_trap_fails_closed_and_recovers() {
    let modules = tempfile::tempdir().expect("a temporary folder");
    for name in ["routing", "schema", "throttle", "mock"] {
        let file = format!("{name}.wasm");
        std::fs::copy(gateway::modules_folder().join(&file), modules.path().join(&file)).expect("a module");
    }
    std::fs::write(modules.path().join("auth.wasm"), wat::parse_str(TRAPS).expect("a module"))
        .expect("a file");
    let mut command = gateway::command();
    command.env("PORTCULLIS_MODULES", modules.path());
    let shop = Shop::open_with(command, &["--workers", "1"]);
    for round in 0..3 {
        shop.assert_serves("nothing");
        let reply = shop.get("/v1/items", &[KEY, ("x-trap", "1")]);
        assert_eq!(reply.status, 503, "round {round}");
        shop.assert_silent("the request that met the trap");
        let patience = Instant::now() + RECOVERY;
        loop {
            let reply = shop.get("/v1/items", &[KEY]);
            if reply.status == 200 {
                break;
            }
            assert_eq!(reply.status, 503, "closed until there is a new VM");
            shop.assert_silent("a request without a VM");
            assert!(Instant::now() < patience, "round {round}: no new VM");
            thread::sleep(Duration::from_millis(50));
        }
        shop.upstream.take();
    }
}
