//! Login with a cookie for a front end on another origin, and protection against CSRF.
//!
//!     cargo run -p actix-web-cors --example cookies_and_login
//!
//! CORS alone doesn't protect a user who is logged in. A form on any site can `POST` here without a preflight, and the handler
//! runs; CORS only withholds the response from that site. Four things protect what a request *does*:
//!
//! 1. `SameSite=Lax`: the browser sends no cookie with a `POST` from another *site*. But all subdomains are one site, and a cookie
//!    that needs `SameSite=None` has no such protection.
//! 2. `reject_disallowed_origins`: a request from another origin gets a 403 before the handler. So does a login, which no
//!    cookie protects: otherwise a site could log its visitors in to its own account, and read what they write there.
//! 3. A token that belongs to the session and comes back in a header. Browsers don't add it by themselves, forms can't, and scripts of
//!    other origins can't read it. This last part is what CORS does.
//! 4. A JSON body: forms can't send `application/json`, and a script of another origin needs a preflight for it.
//!
//! The cookie is `HttpOnly` (no script reads it) and `Secure` (never over plain http; Chromium and Firefox make an exception for
//! localhost), and its name begins with `__Host-` (no subdomain can set it). Log in, and put the cookie and the token of the
//! response into the second command:
//!
//!     curl -i http://localhost:8080/login -H 'Origin: http://localhost:5173' --json '{"user": "ada", "password": "lovelace"}'
//!     curl -i http://localhost:8080/notes -H 'Origin: http://localhost:5173' --json '"milk"' -b '__Host-session=…' -H 'X-CSRF-Token: …'
//!
//! Leave the token out, or write another origin, and see a 403. In a page, `fetch` needs `credentials: "include"`.

use std::{
    collections::HashMap,
    env,
    error::Error,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    cookie::{Cookie, SameSite},
    error::{ErrorForbidden, ErrorInternalServerError, ErrorUnauthorized},
    web::{self, Data, Json},
};
use actix_web_cors::{Cors, Policy};
use serde_json::json;

const COOKIE: &str = "__Host-session";
const LASTS: Duration = Duration::from_secs(8 * 60 * 60);

#[derive(Clone)]
struct Session {
    user: String,
    csrf_token: String,
    ends: Instant,
}

/// By the cookie's value.
#[derive(Default)]
struct Sessions(Mutex<HashMap<String, Session>>);

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, request: &HttpRequest) -> actix_web::Result<Session> {
        let cookie = request.cookie(COOKIE).ok_or_else(|| ErrorUnauthorized("not logged in"))?;
        let session =
            self.lock().get(cookie.value()).cloned().filter(|session| session.ends > Instant::now());
        session.ok_or_else(|| ErrorUnauthorized("not logged in"))
    }

    /// For every request that changes something.
    fn of_own_page(&self, request: &HttpRequest) -> actix_web::Result<Session> {
        let session = self.of(request)?;
        match request.headers().get("x-csrf-token") {
            Some(token) if token.as_bytes() == session.csrf_token.as_bytes() => Ok(session),
            _ => Err(ErrorForbidden("X-CSRF-Token is not the session's")),
        }
    }
}

#[derive(serde::Deserialize)]
struct Login {
    user: String,
    password: String,
}

/// 32 random bytes, as text.
fn secret() -> actix_web::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(ErrorInternalServerError)?;
    Ok(bytes.map(|byte| format!("{byte:02x}")).concat())
}

fn cookie(value: String) -> Cookie<'static> {
    Cookie::build(COOKIE, value).path("/").secure(true).http_only(true).same_site(SameSite::Lax).finish()
}

async fn log_in(login: Json<Login>, sessions: Data<Sessions>) -> actix_web::Result<HttpResponse> {
    // In place of your users, whose passwords are hashed.
    if (login.user.as_str(), login.password.as_str()) != ("ada", "lovelace") {
        return Err(ErrorUnauthorized("wrong user or password"));
    }
    // A new one for each login: a session that somebody else knows must never become the user's.
    let (id, csrf_token, now) = (secret()?, secret()?, Instant::now());
    let session = Session { user: login.user.clone(), csrf_token: csrf_token.clone(), ends: now + LASTS };
    let mut sessions = sessions.lock();
    sessions.retain(|_, session| session.ends > now);
    sessions.insert(id.clone(), session);
    Ok(HttpResponse::Ok().cookie(cookie(id)).json(json!({ "csrf_token": csrf_token })))
}

/// Gives the token to a page that was loaded again. Another origin's page can't read the response.
async fn me(request: HttpRequest, sessions: Data<Sessions>) -> actix_web::Result<HttpResponse> {
    let Session { user, csrf_token, .. } = sessions.of(&request)?;
    Ok(HttpResponse::Ok().json(json!({ "user": user, "csrf_token": csrf_token })))
}

async fn add_note(
    request: HttpRequest,
    note: Json<String>,
    sessions: Data<Sessions>,
) -> actix_web::Result<String> {
    let session = sessions.of_own_page(&request)?;
    Ok(format!("{} notes: {note}\n", session.user))
}

async fn log_out(request: HttpRequest, sessions: Data<Sessions>) -> actix_web::Result<HttpResponse> {
    sessions.of_own_page(&request)?;
    let mut removal = cookie(String::new());
    removal.make_removal();
    request.cookie(COOKIE).and_then(|cookie| sessions.lock().remove(cookie.value()));
    Ok(HttpResponse::NoContent().cookie(removal).finish())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let policy = Policy::builder()
        // On the API's own site, for `SameSite=Lax`: localhost and localhost, or app.example.com and api.example.com.
        .allow_origins(["http://localhost:5173"])
        .allow_headers(["content-type", "x-csrf-token"])
        .allow_credentials()
        .build()?;
    let sessions = Data::new(Sessions::default());

    let port = env::var("PORT").map_or(Ok(8080), |port| port.parse())?;
    let server = HttpServer::new(move || {
        App::new()
            .wrap(Cors::new(policy.clone()).reject_disallowed_origins())
            .app_data(sessions.clone())
            .route("/login", web::post().to(log_in))
            .route("/me", web::get().to(me))
            .route("/notes", web::post().to(add_note))
            .route("/logout", web::post().to(log_out))
    })
    .bind(("127.0.0.1", port))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await?;
    Ok(())
}
