//! The imports this host offers. What is not in these lists stops the module with the import's name: a missing host call must be seen, not guessed.

mod call;
mod process;
mod signature;
mod stream;
mod wasi;

use wasmtime::{Caller, Linker};

use crate::guest::{Failure, Guest, HostState};

/// Registers functions of the ABI under their own names; each answers a status.
macro_rules! proxy {
    ($linker:ident, $($function:path as $name:literal ($($argument:ident: $kind:ty),*);)*) => {
        $($linker.func_wrap(
            "env",
            $name,
            |caller: Caller<'_, HostState>, $($argument: $kind),*| -> wasmtime::Result<u32> {
                let mut guest = Guest::new(caller, $name);
                match $function(&mut guest, $($argument),*) {
                    Ok(()) => Ok(0),
                    Err(Failure::Status(status)) => Ok(status as u32),
                    Err(Failure::Trap(trap)) => Err(trap),
                }
            },
        )?;)*
    };
}

/// Registers WASI functions, which answer an `errno`; memory out of bounds is `EFAULT`.
macro_rules! wasi {
    ($linker:ident, $($function:path as $name:literal ($($argument:ident: $kind:ty),*);)*) => {
        $($linker.func_wrap(
            "wasi_snapshot_preview1",
            $name,
            |caller: Caller<'_, HostState>, $($argument: $kind),*| -> wasmtime::Result<u32> {
                let mut guest = Guest::new(caller, $name);
                match $function(&mut guest, $($argument),*) {
                    Ok(errno) => Ok(errno),
                    Err(Failure::Status(_)) => Ok(wasi::FAULT),
                    Err(Failure::Trap(trap)) => Err(trap),
                }
            },
        )?;)*
    };
}

/// Everything a module may import.
pub(crate) fn link(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    link_stream(linker)?;
    link_process(linker)?;
    link_wasi(linker)
}

fn link_stream(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    proxy! { linker,
        stream::get_header_map_pairs as "proxy_get_header_map_pairs" (map: u32, pointer: u32, size: u32);
        stream::set_header_map_pairs as "proxy_set_header_map_pairs" (map: u32, data: u32, data_size: u32);
        stream::get_header_map_value as "proxy_get_header_map_value" (map: u32, key: u32, key_size: u32, pointer: u32, size: u32);
        stream::add_header_map_value as "proxy_add_header_map_value" (map: u32, key: u32, key_size: u32, value: u32, value_size: u32);
        stream::replace_header_map_value as "proxy_replace_header_map_value" (map: u32, key: u32, key_size: u32, value: u32, value_size: u32);
        stream::remove_header_map_value as "proxy_remove_header_map_value" (map: u32, key: u32, key_size: u32);
        stream::get_buffer_bytes as "proxy_get_buffer_bytes" (buffer: u32, start: u32, length: u32, pointer: u32, size: u32);
        stream::set_buffer_bytes as "proxy_set_buffer_bytes" (buffer: u32, start: u32, length: u32, data: u32, data_size: u32);
        stream::get_property as "proxy_get_property" (path: u32, path_size: u32, pointer: u32, size: u32);
        stream::set_property as "proxy_set_property" (path: u32, path_size: u32, value: u32, value_size: u32);
        stream::send_local_response as "proxy_send_local_response" (status: u32, details: u32, details_size: u32, body: u32, body_size: u32, headers: u32, headers_size: u32, grpc_status: u32);
        stream::continue_stream as "proxy_continue_stream" (kind: u32);
        stream::close_stream as "proxy_close_stream" (kind: u32);
    }
    Ok(())
}

fn link_process(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    proxy! { linker,
        process::log as "proxy_log" (level: u32, message: u32, size: u32);
        process::get_log_level as "proxy_get_log_level" (level: u32);
        process::get_current_time_nanoseconds as "proxy_get_current_time_nanoseconds" (time: u32);
        process::set_tick_period_milliseconds as "proxy_set_tick_period_milliseconds" (period: u32);
        process::get_shared_data as "proxy_get_shared_data" (key: u32, key_size: u32, pointer: u32, size: u32, cas: u32);
        process::set_shared_data as "proxy_set_shared_data" (key: u32, key_size: u32, value: u32, value_size: u32, cas: u32);
        process::define_metric as "proxy_define_metric" (kind: u32, name: u32, name_size: u32, id: u32);
        process::increment_metric as "proxy_increment_metric" (id: u32, by: i64);
        process::record_metric as "proxy_record_metric" (id: u32, value: u64);
        process::get_metric as "proxy_get_metric" (id: u32, value: u32);
        process::call_foreign_function as "proxy_call_foreign_function" (name: u32, name_size: u32, data: u32, data_size: u32, pointer: u32, size: u32);
        call::http_call as "proxy_http_call" (service: u32, service_size: u32, headers: u32, headers_size: u32, body: u32, body_size: u32, trailers: u32, trailers_size: u32, timeout: u32, token: u32);
        process::set_effective_context as "proxy_set_effective_context" (context: u32);
        process::done as "proxy_done" ();
    }
    Ok(())
}

fn link_wasi(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    wasi! { linker,
        wasi::fd_write as "fd_write" (descriptor: u32, vectors: u32, count: u32, written: u32);
        wasi::random_get as "random_get" (address: u32, size: u32);
        wasi::clock_time_get as "clock_time_get" (clock: u32, precision: u64, time: u32);
        wasi::environ_sizes_get as "environ_sizes_get" (count: u32, size: u32);
        wasi::environ_get as "environ_get" (pointers: u32, strings: u32);
        wasi::sched_yield as "sched_yield" ();
    }
    linker.func_wrap("wasi_snapshot_preview1", "proc_exit", |code: u32| -> wasmtime::Result<()> {
        Err(wasmtime::format_err!("the module left with code {code}"))
    })?;
    Ok(())
}
