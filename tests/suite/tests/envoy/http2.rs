//! An HTTP/2 client with trailers.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use h2::client;
use http::{HeaderMap, Request};
use portcullis_suite::http1::Reply;

const PATIENCE: Duration = Duration::from_secs(20);

/// A body in parts, and whether trailers end it.
pub(crate) struct Body<'b> {
    pub(crate) parts: &'b [&'b [u8]],
    pub(crate) trailers: bool,
}

/// Sends a request on a connection of its own. A stream that is reset gives status 0.
pub(crate) fn exchange(address: SocketAddr, request: Request<()>, body: &Body<'_>) -> Reply {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let exchanged = tokio::time::timeout(PATIENCE, send(address, request, body)).await;
        exchanged.expect("an answer in time").unwrap_or_default()
    })
}

async fn send(address: SocketAddr, request: Request<()>, body: &Body<'_>) -> Result<Reply, h2::Error> {
    let stream = tokio::net::TcpStream::connect(address).await.expect("the gateway listens");
    let (client, connection) = client::handshake(stream).await?;
    tokio::spawn(connection);
    let (response, mut sender) = client.ready().await?.send_request(request, false)?;
    for (at, part) in body.parts.iter().enumerate() {
        let last = at + 1 == body.parts.len() && !body.trailers;
        sender.send_data(Bytes::copy_from_slice(part), last)?;
    }
    if body.trailers {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-end", "1".parse().expect("a value"));
        sender.send_trailers(trailers)?;
    }
    let (head, mut stream) = response.await?.into_parts();
    let mut reply = Reply { status: head.status.as_u16(), ..Reply::default() };
    for (name, value) in &head.headers {
        reply.headers.push((name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    }
    while let Some(part) = stream.data().await {
        reply.body.extend_from_slice(&part?);
    }
    Ok(reply)
}
