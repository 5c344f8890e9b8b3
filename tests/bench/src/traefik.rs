//! Traefik with a router for each operation and its rate limit. It checks neither tokens nor messages: the version
//! that anybody can install has no middleware for them that works without another server.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::api::{self, Size};
use crate::failure::{Result, writing};

/// Writes both of its files; the first is the one to start it with.
pub(crate) fn write(folder: &Path, listen: SocketAddr, upstream: SocketAddr, size: Size) -> Result<PathBuf> {
    let (routers, install) = (folder.join("routers.json"), folder.join("traefik.json"));
    std::fs::write(&routers, dynamic(size, upstream).to_string()).map_err(writing(&routers))?;
    std::fs::write(&install, fixed(listen, &routers).to_string()).map_err(writing(&install))?;
    Ok(install)
}

/// It logs each request, as the others do, and reports to nobody.
fn fixed(listen: SocketAddr, routers: &Path) -> Value {
    json!({
        "global": { "checkNewVersion": false, "sendAnonymousUsage": false },
        "entryPoints": { "web": { "address": listen.to_string() } },
        "providers": { "file": { "filename": routers, "watch": false } },
        "accessLog": { "format": "json" },
        "log": { "level": "ERROR" },
    })
}

fn dynamic(size: Size, upstream: SocketAddr) -> Value {
    let mut routers = Map::new();
    let mut add = |name: String, rule: String, limits: &[&str]| {
        routers.insert(name, json!({ "rule": rule, "service": "upstream", "middlewares": limits }));
    };
    for (at, path) in size.collections().enumerate() {
        for method in ["GET", "POST"] {
            add(format!("list-{at}-{method}"), format!("Method(`{method}`) && Path(`{path}`)"), &["each"]);
        }
        for method in ["GET", "DELETE"] {
            let rule = format!("Method(`{method}`) && PathPrefix(`{path}/`)");
            add(format!("item-{at}-{method}"), rule, &["each"]);
        }
    }
    add("limited".to_owned(), format!("Method(`GET`) && Path(`{}`)", api::LIMITED), &["each", "scarce"]);
    for (path, method) in [(api::KEYED, "GET"), (api::STAFF, "GET"), (api::BULK, "POST")] {
        add(path.replace('/', ""), format!("Method(`{method}`) && Path(`{path}`)"), &["each"]);
    }
    let limit = |average: u32, period: &str| json!({ "rateLimit": { "average": average, "period": period, "burst": average } });
    json!({ "http": {
        "routers": routers,
        "services": { "upstream": { "loadBalancer": { "servers": [{ "url": format!("http://{upstream}") }] } } },
        "middlewares": { "each": limit(1_000_000, "1s"), "scarce": limit(1, "24h") },
    } })
}
