//! The plugin's entry point. The header map is taken as it comes; the SDK would make two texts of each header.
#![allow(unsafe_code)]

use proxy_wasm::hostcalls::{
    get_current_time, get_shared_data, set_map_value, set_property, set_shared_data,
};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, MapType, Status};

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Floor));
}}

const REQUEST: MapType = MapType::HttpRequestHeaders;
const RESPONSE: MapType = MapType::HttpResponseHeaders;
/// As long as what throttle writes for one caller.
const COUNT: [u8; 24] = [7; 24];

struct Floor;

impl Context for Floor {}

impl RootContext for Floor {
    fn create_http_context(&self, _context: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Floor))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl HttpContext for Floor {
    fn on_http_request_headers(&mut self, _headers: usize, _end_of_stream: bool) -> Action {
        let done = pass();
        if done.is_err() { Action::Pause } else { Action::Continue }
    }

    fn on_http_response_headers(&mut self, _headers: usize, _end_of_stream: bool) -> Action {
        let policy = set_map_value(RESPONSE, "ratelimit-policy", Some("\"all\";q=1000000;w=1"));
        let told = policy.and(set_map_value(RESPONSE, "ratelimit", Some("\"all\";r=999999;t=1")));
        if told.is_err() { Action::Pause } else { Action::Continue }
    }
}

fn pass() -> Result<(), Status> {
    read_headers();
    get_current_time()?;
    get_current_time()?;
    let (_count, version) = get_shared_data("floor:1")?;
    set_shared_data("floor:1", Some(&COUNT), version)?;
    set_map_value(REQUEST, "authorization", None)?;
    set_map_value(REQUEST, "x-portcullis-route", Some("r0"))?;
    set_property(vec!["portcullis.operation"], Some(b"bench GET /invoices/r0124/{id}"))?;
    set_property(
        vec!["portcullis.identity"],
        Some(b"consumer=storefront&scheme=bench.token&scopes=orders%3Aread"),
    )
}

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
}

fn read_headers() {
    let (mut data, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: the host writes an address and a size to valid places.
    let status = unsafe { proxy_get_header_map_pairs(0, &mut data, &mut size) };
    if status == 0 && !data.is_null() {
        // SAFETY: the SDK allocated the block for the host, with this capacity.
        drop(unsafe { Vec::from_raw_parts(data, size, size) });
    }
}
