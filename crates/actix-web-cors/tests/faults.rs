//! What fails around the middleware: sources that hang or panic, and a server that is told to stop. `docs/hardening.md` has the
//! table.

mod common;

use std::{future::pending, time::Duration};

use actix_web::{App, HttpResponse, rt, web};
use actix_web_cors::{Cors, Policy, SourceError};
use common::{Received, Running, ask, ask_also, serve, wire::Wire};
use futures_util::future::join_all;
use tokio::time::timeout;

const APP: (&str, &str) = ("origin", "https://app.example.com");
const LINES: [&str; 2] = ["host: x", "origin: https://app.example.com"];

fn policy() -> Policy {
    Policy::allow_origin("https://app.example.com").expect("a valid policy")
}

async fn is_served(server: &Running, case: &str) {
    let received = ask(&format!("{}/ok", server.url), "GET", &[APP]).await;
    assert_eq!(received.status, 200, "{case}");
    assert!(
        received.lines.contains(&"access-control-allow-origin: https://app.example.com".to_owned()),
        "{case}"
    );
}

/// Requests that wait for ever hold up no other, and a source that bounds its own patience fails as any other does. (Actix
/// notices that a client has left when it writes the response, so a lookup without a bound waits on, as a handler would.)
#[actix_web::test]
async fn a_source_that_hangs_holds_up_only_its_own_requests() {
    let server = serve(|| {
        let cors = Cors::per_request_async(|request| {
            let path = request.path().to_owned();
            async move {
                match path.as_str() {
                    "/hang" => pending().await,
                    "/bounded" => {
                        timeout(Duration::from_millis(50), pending::<()>()).await?;
                        Ok(policy())
                    }
                    _ => Ok::<_, SourceError>(policy()),
                }
            }
        });
        App::new().default_service(web::to(HttpResponse::Ok)).wrap(cors)
    });
    let mut hanging = Vec::new();
    for method in ["GET", "POST", "OPTIONS", "PUT"].repeat(5) {
        let mut wire = Wire::connect(&server).await;
        let lines = LINES.join("\r\n");
        let head =
            format!("{method} /hang HTTP/1.1\r\n{lines}\r\naccess-control-request-method: PUT\r\n\r\n");
        wire.send(&head).await;
        hanging.push(wire);
    }
    for _ in 0..5 {
        let served = timeout(Duration::from_secs(10), is_served(&server, "next to requests that hang"));
        assert!(served.await.is_ok(), "it waits for those that hang");
    }
    for (method, status) in [("GET", 200), ("OPTIONS", 503)] {
        let headers = [APP, ("access-control-request-method", "PUT")];
        let url = format!("{}/bounded", server.url);
        let received = ask_also(&url, method, &headers, &["cache-control"]).await;
        assert_eq!(received.status, status, "{method}: {received:?}");
        assert!(received.lines.contains(&"cache-control: no-store".to_owned()), "{method}: {received:?}");
        assert!(
            received.lines.iter().all(|line| !line.starts_with("access-control-")),
            "{method}: {received:?}"
        );
    }
    drop(hanging);
    is_served(&server, "after their clients have left").await;
}

/// A panic of a source closes the connection of its request, as a handler's would. Nothing is sent that a browser or a cache could
/// take for a response.
#[actix_web::test]
async fn a_source_that_panics_costs_its_own_request() {
    fn answer(path: &str) -> Policy {
        assert!(path == "/ok", "a bug in the source, as it is meant to be");
        policy()
    }
    let at_once = serve(|| {
        let cors = Cors::per_request(|request| answer(request.path()));
        App::new().default_service(web::to(HttpResponse::Ok)).wrap(cors)
    });
    let later = serve(|| {
        let cors = Cors::per_request_async(|request| {
            let path = request.path().to_owned();
            async move {
                rt::time::sleep(Duration::from_millis(1)).await;
                answer(&path)
            }
        });
        App::new().default_service(web::to(HttpResponse::Ok)).wrap(cors)
    });
    for (case, server) in [("at once", &at_once), ("later", &later)] {
        let mut next_door = Wire::connect(server).await;
        for method in ["GET", "OPTIONS", "POST"].repeat(4) {
            let mut wire = Wire::connect(server).await;
            let lines = [&LINES[..], &["access-control-request-method: PUT", "content-length: 0"]].concat();
            assert!(wire.ask(method, "/panic", &lines).await.is_none(), "{case}: {method}");
            is_served(server, case).await;
        }
        let received = next_door.ask("GET", "/ok", &LINES).await;
        assert_eq!(received.expect(case).status, 200, "{case}: a connection that was open all along");
    }
}

/// SIGTERM, as Actix handles it: requests that are being looked up, handled or responded to finish with their headers, and no
/// new one begins.
#[actix_web::test]
async fn a_server_that_is_stopped_finishes_its_requests() {
    const PAUSE: Duration = Duration::from_millis(300);
    let server = serve(|| {
        let cors = Cors::per_request_async(|request| {
            let is_slow = request.path().starts_with("/slow-policy");
            async move {
                if is_slow {
                    rt::time::sleep(PAUSE).await;
                }
                policy()
            }
        });
        let slow = || async {
            rt::time::sleep(PAUSE).await;
            HttpResponse::Ok().body("late")
        };
        App::new()
            .route("/slow-handler", web::to(slow))
            .default_service(web::to(|| async { HttpResponse::Ok().body("late") }))
            .wrap(cors)
    });
    let rows = [
        ("GET", "/slow-handler", 200, "late"),
        ("POST", "/slow-handler", 200, "late"),
        ("GET", "/slow-policy", 200, "late"),
        ("OPTIONS", "/slow-policy", 204, ""),
    ];
    let mut wires = Vec::new();
    for (method, path, ..) in rows {
        let mut wire = Wire::connect(&server).await;
        let head = format!(
            "{method} {path} HTTP/1.1\r\n{}\r\naccess-control-request-method: PUT\r\ncontent-length: 0\r\n\r\n",
            LINES.join("\r\n")
        );
        wire.send(&head).await;
        wires.push(wire);
    }
    rt::time::sleep(PAUSE / 3).await;
    let stop = server.stop_gracefully();
    let finish = join_all(wires.iter_mut().map(|wire| wire.receive(false)));
    let ((), responses) = futures_util::future::join(stop, finish).await;
    for ((method, path, status, body), response) in rows.into_iter().zip(responses) {
        let response = response.unwrap_or_else(|| panic!("{method} {path} was cut off"));
        let received: Received = response.into_received(&[]);
        assert_eq!((received.status, received.body.as_str()), (status, body), "{method} {path}");
        let allows = "access-control-allow-origin: https://app.example.com".to_owned();
        assert!(received.lines.contains(&allows), "{method} {path}: {received:?}");
    }
    let address = server.url.trim_start_matches("http://");
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nothing new is accepted");
}
