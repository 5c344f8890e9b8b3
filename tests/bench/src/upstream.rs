//! The real upstream: one worker of nginx that answers every request with the same small JSON text.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use crate::bootstrap::ANSWER;
use crate::failure::{Result, writing};
use crate::process::{Process, free_address, pinned};

/// It has nothing to compile and nothing to fetch.
const START_TIME: Duration = Duration::from_secs(10);

/// Starts it in the folder.
pub(crate) fn start(folder: &Path, processors: Option<&str>) -> Result<(Process, SocketAddr)> {
    let address = free_address()?;
    let file = folder.join("nginx.conf");
    std::fs::write(&file, configuration(folder, address)).map_err(writing(&file))?;
    let mut command = pinned("nginx", processors);
    command.arg("-p").arg(folder).arg("-c").arg(&file).args(["-e", "stderr"]);
    let mut nginx = Process::start(command, "nginx", folder)?;
    nginx.wait_until(START_TIME, || TcpStream::connect(address).is_ok())?;
    Ok((nginx, address))
}

/// In the foreground, so that the process that was started is the one that serves. A body is read and dropped.
fn configuration(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/bodies;
  proxy_temp_path {folder}/proxied;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 4m;
  client_body_buffer_size 2m;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  server {{
    listen {address};
    default_type application/json;
    location / {{ return 200 '{ANSWER}'; }}
  }}
}}
"
    )
}
