//! Tests that say what your front end may do, and what other sites may not.
//!
//!     cargo test -p actix-web-cors --example testing_your_policy
//!
//! Take `"PUT"` out of the policy and run them again: the test that fails prints the cause, how to fix it, and every request and
//! response. In your own project, the browser is the feature `testing` of this crate, in `[dev-dependencies]`.
//!
//! The application is the one that runs, so that a test can't pass for a policy that nobody uses:
//!
//!     cargo run -p actix-web-cors --example testing_your_policy
//!     curl -i http://127.0.0.1:8080/notes/1 -H 'Origin: https://app.example.com'

use std::{env, error::Error};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, cookie::Cookie, web};
use actix_web_cors::{Cors, InvalidPolicy, Policy};

fn cors() -> Result<Cors, InvalidPolicy> {
    let policy = Policy::builder()
        .allow_origins(["https://app.example.com"])
        .allow_methods(["PUT"])
        .allow_headers(["content-type"])
        .expose_headers(["etag"])
        .allow_credentials()
        .build()?;
    Ok(Cors::new(policy))
}

fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/notes/1").get(read).put(HttpResponse::NoContent));
}

async fn read(request: HttpRequest) -> HttpResponse {
    let user = request.cookie("user");
    let user = user.as_ref().map_or("nobody", Cookie::value);
    HttpResponse::Ok().insert_header(("etag", "\"1\"")).body(format!("milk, for {user}"))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let cors = cors()?;
    let port = env::var("PORT").map_or(Ok(8080), |port| port.parse())?;
    let server =
        HttpServer::new(move || App::new().wrap(cors.clone()).configure(routes)).bind(("127.0.0.1", port))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use actix_web::test::init_service;
    use actix_web_cors::testing::{
        Browser, Credentials, Reason, assert_allowed, assert_blocked, delete, get, put,
    };
    use serde_json::json;

    use super::*;

    const FRONT_END: &str = "https://app.example.com";

    /// The application at `https://api.example.com`, on the front end's site: so `SameSite=Lax` cookies are sent.
    async fn browser() -> Browser {
        let cors = cors().expect("a valid policy");
        Browser::at("https://api.example.com", init_service(App::new().wrap(cors).configure(routes)).await)
    }

    #[actix_web::test]
    async fn the_front_end_reads_a_note_with_the_users_cookie() {
        let browser = browser().await;
        browser.set_cookie("user=ada; SameSite=Lax; Secure; HttpOnly");
        let read = browser.page(FRONT_END).fetch(get("/notes/1").credentials(Credentials::Include)).await;
        assert_allowed!(read);
        assert_eq!(read.text().ok().as_deref(), Some("milk, for ada"));
        assert_eq!(read.header("etag").as_deref(), Some("\"1\""));
    }

    #[actix_web::test]
    async fn the_front_end_writes_a_note() {
        let browser = browser().await;
        let written = browser.page(FRONT_END).fetch(put("/notes/1").json(&json!("bread"))).await;
        assert_allowed!(written);
        assert_eq!(written.exchanges().len(), 2, "the preflight, and the request");
    }

    #[actix_web::test]
    async fn the_front_end_cannot_delete_a_note() {
        let browser = browser().await;
        let deleted = browser.page(FRONT_END).fetch(delete("/notes/1")).await;
        assert_blocked!(deleted, Reason::MethodNotAllowed { .. });
    }

    #[actix_web::test]
    async fn other_pages_read_nothing() {
        let browser = browser().await;
        for page in
            ["https://evil.example", "http://app.example.com", "https://app.example.com.evil.example", "null"]
        {
            assert_blocked!(browser.page(page).fetch(get("/notes/1")).await, Reason::AllowOriginMissing);
        }
    }
}
