//! Certificates.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::Arc,
    thread,
};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ServerConfig, ServerConnection, Stream, crypto::ring, pki_types::PrivateKeyDer};

use crate::run;

/// A server with a self-signed certificate for `localhost`: its port, and the certificate in PEM.
fn start() -> (u16, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a configuration");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let mut connection = ServerConnection::new(config.clone()).expect("a connection");
            let mut stream = Stream::new(&mut connection, &mut socket);
            let mut bytes = [0; 4096];
            if stream.read(&mut bytes).is_ok() {
                let _ = stream.write_all(
                    b"HTTP/1.1 200 OK\r\naccess-control-allow-origin: *\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                );
                connection.send_close_notify();
                let _ = connection.complete_io(&mut socket);
            }
        }
    });
    (port, cert.pem())
}

#[test]
fn a_certificate_is_checked_unless_it_is_said_otherwise() {
    let (port, pem) = start();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, pem).expect("a file");
    let file = file.to_str().expect("a path");
    let url = format!("https://localhost:{port}/");
    let check = |more: &[&str]| {
        let address = format!("localhost:{port}:127.0.0.1");
        let mut arguments = vec!["check", &url, "--origin", "https://app.example", "--resolve", &address];
        arguments.extend(more);
        run(&arguments)
    };
    let result = check(&[]);
    assert_eq!(result.status, 3, "{}{}", result.out, result.err);
    assert!(result.out.contains("self-signed"), "{}", result.out);
    assert_eq!(check(&["--cacert", file]).status, 0);
    assert_eq!(check(&["--insecure"]).status, 0);
}
