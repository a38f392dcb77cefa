//! A WebSocket that only your own pages can open.
//!
//!     cargo run -p actix-web-cors --example web_socket
//!
//! CORS doesn't cover the WebSocket handshake: a browser lets any page connect to any server, with the user's cookies, and read
//! every message. But it says in `Origin` whose page it is, and `reject_disallowed_origins` looks at it before the handshake:
//!
//!     curl -v -N http://127.0.0.1:8080/ws -H 'Origin: http://localhost:5173' -H 'Connection: Upgrade' -H 'Upgrade: websocket' \
//!         -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
//!
//! This prints `101 Switching Protocols`, and stays connected until you press Ctrl-C; with `Origin: https://other.example`, or
//! `Origin: null`, it prints 403. In the console of a page of `http://localhost:5173`:
//!
//!     socket = new WebSocket("ws://127.0.0.1:8080/ws")
//!     socket.onmessage = message => console.log(message.data)
//!     socket.send("hello")
//!
//! Clients that are not browsers pass, because they send no `Origin`, or any that they like. Cookies and tokens keep those out.

use std::{env, error::Error};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt, web};
use actix_web_cors::{Cors, Policy};
use actix_ws::{Message, MessageStream, Session};

async fn open(request: HttpRequest, body: web::Payload) -> actix_web::Result<HttpResponse> {
    let (response, session, messages) = actix_ws::handle(&request, body)?;
    rt::spawn(echo(session, messages));
    Ok(response)
}

/// Sends each text back until one of the two closes the connection.
async fn echo(mut session: Session, mut messages: MessageStream) {
    while let Some(Ok(message)) = messages.recv().await {
        let sent = match message {
            Message::Text(text) => session.text(text).await,
            Message::Ping(bytes) => session.pong(&bytes).await,
            Message::Close(_) => break,
            _ => Ok(()),
        };
        if sent.is_err() {
            return;
        }
    }
    // The other side may be gone already.
    let _ = session.close(None).await;
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let policy = Policy::allow_origin("http://localhost:5173")?;

    let port = env::var("PORT").map_or(Ok(8080), |port| port.parse())?;
    let server = HttpServer::new(move || {
        App::new()
            .wrap(Cors::new(policy.clone()).reject_disallowed_origins())
            .route("/ws", web::get().to(open))
    })
    .bind(("127.0.0.1", port))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await?;
    Ok(())
}
