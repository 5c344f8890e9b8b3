//! Small plugins in text form. In their functions `'text'` stands for the address and the length of a string in the module's memory.

use portcullis_test_host::{Chain, Exchange, Module, SharedState, Vm};

const PRELUDE: &str = r#"
(import "env" "proxy_log" (func $proxy_log (param i32 i32 i32) (result i32)))
(import "env" "proxy_add_header_map_value" (func $add_header (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_get_header_map_value" (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_get_header_map_pairs" (func $get_headers (param i32 i32 i32) (result i32)))
(import "env" "proxy_get_buffer_bytes" (func $get_buffer (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_set_buffer_bytes" (func $set_buffer (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_get_property" (func $get_property (param i32 i32 i32 i32) (result i32)))
(import "env" "proxy_set_property" (func $set_property (param i32 i32 i32 i32) (result i32)))
(import "env" "proxy_send_local_response" (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
(import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
(import "env" "proxy_get_shared_data" (func $get_shared (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_set_shared_data" (func $set_shared (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_get_current_time_nanoseconds" (func $time (param i32) (result i32)))
(import "env" "proxy_define_metric" (func $define_metric (param i32 i32 i32 i32) (result i32)))
(import "env" "proxy_increment_metric" (func $increment_metric (param i32 i64) (result i32)))
(import "env" "proxy_set_tick_period_milliseconds" (func $tick_period (param i32) (result i32)))
(import "env" "proxy_call_foreign_function" (func $foreign (param i32 i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_grpc_call" (func $grpc_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
(memory (export "memory") 4)
(global $free (mut i32) (i32.const 65536))
(func (export "proxy_abi_version_0_2_1"))
(func (export "malloc") (param i32) (result i32)
  (global.get $free)
  (global.set $free (i32.add (global.get $free) (local.get 0))))
;; Logs a string.
(func $say (param i32 i32) (drop (call $proxy_log (i32.const 2) (local.get 0) (local.get 1))))
;; Logs a string and a number below 64, as the character at that distance from `0`.
(func $say_number (param i32 i32 i32)
  (memory.copy (i32.const 16) (local.get 0) (local.get 1))
  (i32.store8 (i32.add (i32.const 16) (local.get 1)) (i32.add (i32.const 48) (local.get 2)))
  (call $say (i32.const 16) (i32.add (local.get 1) (i32.const 1))))
;; Logs the value whose address and length a host call left at 0 and 4.
(func $say_given (call $say (i32.load (i32.const 0)) (i32.load (i32.const 4))))
"#;

/// Where strings begin: below them is room for what host calls write.
const STRINGS: usize = 1024;

/// Assembles and loads a plugin of these functions.
pub(crate) fn module(functions: &str) -> Module {
    let text = text(functions);
    Module::load(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A plugin of these functions.
pub(crate) fn text(functions: &str) -> String {
    let (mut code, mut strings) = (String::new(), String::new());
    for (index, part) in functions.split('\'').enumerate() {
        if index % 2 == 0 {
            code.push_str(part);
            continue;
        }
        let address = STRINGS + strings.len();
        code.push_str(&format!("(i32.const {address}) (i32.const {})", part.len()));
        strings.push_str(part);
    }
    let data: String = strings.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    format!("(module {PRELUDE} (data (i32.const {STRINGS}) \"{data}\") {code})")
}

/// Starts a plugin of these functions, with no configuration.
pub(crate) fn vm(functions: &str) -> Vm {
    Vm::start(&module(functions), b"", &SharedState::default()).expect("it accepts everything")
}

/// A chain of such plugins.
pub(crate) fn chain(filters: &[&str]) -> Chain {
    Chain::new(filters.iter().map(|functions| vm(functions)).collect())
}

/// What the filter wrote, in order.
pub(crate) fn log(exchange: &Exchange, filter: usize) -> Vec<&str> {
    exchange.work[filter].log.iter().map(|line| line.message.as_str()).collect()
}

/// Logs every callback of the request with its size and end of stream, and lets it through.
pub(crate) const RECORDER: &str = r#"
(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
  (call $say_number 'headers, end ' (local.get 2)) (i32.const 0))
(func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
  (call $say_number 'body of ' (local.get 1)) (call $say_number 'end ' (local.get 2)) (i32.const 0))
(func (export "proxy_on_request_trailers") (param i32 i32) (result i32)
  (call $say_number 'trailers ' (local.get 1)) (i32.const 0))
(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
  (call $say_number 'response, end ' (local.get 2)) (i32.const 0))
(func (export "proxy_on_log") (param i32) (call $say 'log'))
(func (export "proxy_on_done") (param i32) (result i32) (call $say 'done') (i32.const 1))
(func (export "proxy_on_delete") (param i32) (call $say 'delete'))
"#;

/// Holds headers and body until the stream's end.
pub(crate) const BUFFERER: &str = r#"
(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.eqz (local.get 2)))
(func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (i32.eqz (local.get 2)))
"#;
