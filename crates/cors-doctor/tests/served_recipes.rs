//! The recipes for servers in Rust, compiled as they are printed (see `recipes`), served, and checked by the doctor.

#![allow(clippy::let_and_return, reason = "a recipe names the application")]

use std::{error::Error, net::TcpListener, process::Command, sync::mpsc, thread};

use serde_json::Value;

const PAGE: &str = "http://localhost:5173";

/// Serves on a port of loopback for as long as the test runs, and checks with the doctor.
fn check(
    name: &str,
    cause: &str,
    serve: impl FnOnce(TcpListener) -> Result<(), Box<dyn Error>> + Send + 'static,
) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/items", listener.local_addr().expect("its address"));
    let (failed, failure) = mpsc::channel();
    thread::spawn(move || {
        if let Err(error) = serve(listener) {
            let _ = failed.send(error.to_string());
        }
    });
    for method in ["GET", "PUT"] {
        let output = Command::new(env!("CARGO_BIN_EXE_cors-doctor"))
            .args(["check", &url, "--origin", PAGE, "--json", "--send", "-X", method])
            .args(["-H", "Content-Type: application/json", "--credentials"])
            .output()
            .expect("the program");
        let text = String::from_utf8_lossy(&output.stdout);
        let report: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let status = i32::from(cause != "nothing-wrong");
        let rivals = report["rivals"].as_array().expect("a list");
        let is_named = report["cause"] == cause
            || report["certain"] == false && rivals.iter().any(|rival| rival == cause);
        assert!(is_named, "{name} {method}: {report:#} {:?}", failure.try_recv());
        assert_eq!(output.status.code(), Some(status), "{name} {method}: {report:#}");
    }
}

/// The workers of Actix Web stop with the process.
macro_rules! serve_actix {
    ($listener:expr, $server:expr) => {{
        let server = $server;
        actix_web::rt::System::new().block_on(server.workers(1).listen($listener)?.run())?;
        Ok(())
    }};
}

#[test]
fn actix_web_cors() {
    use actix_web::{App, HttpServer};
    use actix_web_cors::{Cors, Policy};

    check("without", "no-cors", |listener| serve_actix!(listener, HttpServer::new(App::new)));
    check("with", "nothing-wrong", |listener| serve_actix!(listener, include!("recipes/actix_web_cors.rs")));
}

#[test]
fn actix_cors() {
    use actix_cors::Cors;
    use actix_web::{App, HttpServer};

    // Without methods, it refuses every preflight.
    check("no methods", "method-not-listed", |listener| {
        serve_actix!(
            listener,
            HttpServer::new(|| {
                let cors = Cors::default().allowed_origin(PAGE).allowed_headers(["content-type"]);
                App::new().wrap(cors.supports_credentials())
            })
        )
    });
    check("with", "nothing-wrong", |listener| serve_actix!(listener, include!("recipes/actix_cors.rs")));
}

#[test]
fn tower_http() {
    use axum::{
        Router,
        http::{HeaderName, HeaderValue, Method},
        routing::get,
    };
    use tower_http::cors::CorsLayer;

    async fn items() -> &'static str {
        "[]"
    }

    fn serve(listener: TcpListener, app: Router) -> Result<(), Box<dyn Error>> {
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            axum::serve(tokio::net::TcpListener::from_std(listener)?, app).await?;
            Ok(())
        })
    }

    check("without", "no-cors", |listener| serve(listener, Router::new().route("/items", get(items))));
    check("with", "nothing-wrong", |listener| {
        let app: Router = include!("recipes/tower_http.rs");
        serve(listener, app)
    });
}
