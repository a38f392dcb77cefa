//! No response, or one that the server made because it failed.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, Stream, crypto::ring, pki_types::PrivateKeyDer,
    server::WebPkiClientVerifier,
};

use crate::{
    fault::{Fault, Serves, fault},
    http::{Handler, Outcome, Response, handler},
    layers::{Cors, api, app, in_front, is_actual, is_options},
};

const NGINX: &str = "<html><h1>502 Bad Gateway</h1><hr><center>nginx</center></html>";

pub(crate) fn faults() -> Vec<Fault> {
    let mut faults = vec![
        fault("nothing listens", "server-down", |_| Serves::Nothing).verdict("unreachable").certain("server"),
        fault("closes without a response", "connection-closed", |_| handler(|_| Outcome::Close))
            .verdict("unreachable")
            .certain("server"),
        fault("closes in the middle of the head", "connection-closed", |_| {
            handler(|_| Outcome::Bytes(b"HTTP/1.1 200 OK\r\nContent-Le"))
        })
        .verdict("unreachable")
        .certain("server"),
        fault("a handler that panics after the preflight", "connection-closed", |site| {
            let cors = Cors::of(&site.page);
            let crashing = handler(|_| Outcome::Close);
            cors.around(crashing)
        })
        .method("PUT")
        .sent()
        .verdict("unreachable")
        .certain("server"),
        fault("never responds", "hang", |_| handler(|_| Outcome::Hang))
            .option("--max-time=0.5")
            .verdict("unreachable")
            .certain("server")
            .not_in_browsers("a browser waits for minutes"),
        fault("another protocol", "not-http", |_| {
            handler(|_| Outcome::Bytes(b"\x15\x03\x01\x00\x02\x02\x50 EHLO not http\r\n\r\n"))
        })
        .verdict("unreachable")
        .certain("server"),
        // A label has at most 63 letters, so that no resolver is asked.
        fault("a name without an address", "host-not-found", |_| Serves::Nothing)
            .url("http://a23456789-b23456789-c23456789-d23456789-e23456789-f23456789-g23456789.invalid/api/orders/7")
            .verdict("unreachable")
            .certain("server")
            .not_in_browsers("a browser asks the network's resolver"),
        fault("a self-signed certificate", "tls-failed", |_| tls(false))
            .url("https://127.0.0.1:{}/api/orders/7")
            .verdict("unreachable")
            .certain("server")
            .says("certificate"),
        fault("plain HTTP at an https URL", "tls-failed", |_| app())
            .url("https://127.0.0.1:{}/api/orders/7")
            .verdict("unreachable")
            .certain("server"),
        fault("a client certificate is required", "client-certificate", |_| tls(true))
            .url("https://127.0.0.1:{}/api/orders/7")
            .method("PUT")
            .option("--insecure")
            .verdict("unreachable")
            .certain("server")
            .not_in_browsers("the certificate is not trusted"),
        fault("an exception outside of CORS", "hidden-error", |site| {
            let error = Response::new(500).header("Content-Type", "text/plain").body("Internal Server Error");
            in_front(is_actual, error, Cors::of(&site.page).around(app()))
        })
        .certain("server")
        .says("500"),
        fault("an exception after the preflight", "hidden-error", |site| {
            let error = Response::new(500).body("Traceback (most recent call last)");
            in_front(is_actual, error, Cors::of(&site.page).around(app()))
        })
        .method("PUT")
        .sent()
        .certain("server"),
        fault("an exception at the preflight", "hidden-error", |site| {
            in_front(is_options, Response::new(500).body("panic"), Cors::of(&site.page).around(app()))
        })
        .method("PUT")
        .option("--try-get")
        .certain("server"),
        fault("a body that is too large", "hidden-error", |site| {
            let is_large = |request: &crate::http::Request| request.body_length() > 1000;
            let error = Response::html(413, "<h1>413 Request Entity Too Large</h1><center>nginx</center>");
            in_front(is_large, error, Cors::of(&site.page).around(app()))
        })
        .method("PUT")
        .body(2000)
        .sent()
        .certain("server")
        .says("413"),
    ];
    for (name, status) in
        [("a bad gateway", 502), ("a gateway that is overloaded", 503), ("a gateway that waits in vain", 504)]
    {
        faults.push(
            fault(name, "hidden-error", move |_| {
                handler(move |_| Response::html(status, NGINX).header("Server", "nginx"))
            })
            .method("PUT")
            .certain("server"),
        );
    }
    faults.push(
        fault("a bad gateway with CORS headers", "nothing-wrong", |site| {
            Cors::of(&site.page).around(handler(|_| Response::html(502, NGINX)))
        })
        .verdict("allowed")
        .says("502"),
    );
    faults.push(
        fault("an exception inside of CORS", "nothing-wrong", |site| {
            Cors::of(&site.page).around(handler(|_| Response::new(500).body("Internal Server Error")))
        })
        .verdict("allowed")
        .says("500"),
    );
    // The error is CORS's own.
    faults.push(
        fault("a callback that fails for other origins", "origin-not-listed", |_| refusing_by_error())
            .certain("headers"),
    );
    faults
}

/// Express with `cors`, whose origin is a function that calls back with an error.
fn refusing_by_error() -> Handler {
    let error =
        Response::html(500, "<pre>Error: Not allowed by CORS<br> at origin (/app/server.js:14:16)</pre>");
    in_front(
        |request| !request.origin().is_empty() && request.origin() != "https://shop.example",
        error,
        Cors::of("https://shop.example").around(api(&["GET"], 404)),
    )
}

/// A server with a self-signed certificate; it may want one of the client.
fn tls(wants_client_certificate: bool) -> Serves {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("versions");
    let builder = if wants_client_certificate {
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).expect("a root");
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
    } else {
        builder.with_no_client_auth()
    };
    let config = Arc::new(builder.with_single_cert(vec![cert.der().clone()], key).expect("a configuration"));
    Serves::Raw(Box::new(move |mut socket: TcpStream| {
        let mut connection = ServerConnection::new(config.clone()).expect("a connection");
        let mut stream = Stream::new(&mut connection, &mut socket);
        let mut bytes = [0; 4096];
        if stream.read(&mut bytes).is_ok() {
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
            connection.send_close_notify();
        }
        let _ = connection.complete_io(&mut socket);
    }))
}
