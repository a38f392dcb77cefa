//! The conformance vectors of the server's end through the middleware, a trial for each: what a vector says of a request holds
//! whatever the handler does with it, and however the policy is found.

mod site;

use actix_web::rt::Runtime;
use actix_web_cors::Policy;
use cors_vectors::{Served, ServerRequest, ServerResponse, ServerVector, server_trials};
use libtest_mimic::Arguments;
use site::{Behaviour, Ends, Received, Site, SourceKind, is_expressible};

fn main() {
    libtest_mimic::run(&Arguments::from_args(), server_trials(play)).exit();
}

fn play(vector: &ServerVector) -> Result<(), String> {
    let Some(policy) = vector.policy()? else { return Ok(()) };
    let (request, expected) = vector.exchange()?;
    // No such request reaches the middleware; Actix responds 400.
    if request.headers.iter().any(|(_, value)| !is_expressible(value.as_bytes())) {
        return Ok(());
    }
    let runtime = Runtime::new().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        for (name, behaviour, vary) in behaviours() {
            serve(&policy, request, expected, behaviour, vary)
                .await
                .map_err(|failure| format!("{name}: {failure}"))?;
        }
        Ok(())
    })
}

/// What the application does, and the `Vary` that its own responses have.
fn behaviours() -> [(&'static str, Behaviour, &'static [&'static str]); 7] {
    const BY_HAND: &[(&str, &str)] = &[
        ("access-control-allow-origin", "https://by-hand.example"),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "BY-HAND"),
        ("access-control-allow-headers", "by-hand"),
        ("access-control-expose-headers", "by-hand"),
        ("access-control-max-age", "86400"),
        ("access-control-allow-private-network", "true"),
    ];
    const VARY: &[(&str, &str)] = &[("vary", "accept")];
    const TWO_VARY: &[(&str, &str)] = &[("vary", "accept"), ("vary", "cookie")];
    let plain = || Behaviour { status: 200, ..Behaviour::default() };
    [
        ("plain", plain(), &[]),
        ("a handler with CORS headers of its own", Behaviour { headers: BY_HAND.to_vec(), ..plain() }, &[]),
        ("a handler with a Vary of its own", Behaviour { headers: VARY.to_vec(), ..plain() }, &["accept"]),
        (
            "an error of an inner middleware",
            Behaviour {
                status: 418,
                headers: [BY_HAND, TWO_VARY].concat(),
                ends: Ends::InnerError,
                ..plain()
            },
            &["accept", "cookie"],
        ),
        (
            "a handler's error",
            Behaviour { status: 418, headers: BY_HAND.to_vec(), ends: Ends::HandlersError, ..plain() },
            &[],
        ),
        (
            "a policy that can be replaced",
            Behaviour { source: SourceKind::Live, headers: BY_HAND.to_vec(), ..plain() },
            &[],
        ),
        (
            "a policy that takes time, preflights that are forwarded",
            Behaviour {
                status: 200,
                headers: [BY_HAND, VARY].concat(),
                forward_preflights: true,
                source: SourceKind::Later,
                ..plain()
            },
            &["accept"],
        ),
    ]
}

async fn serve(
    policy: &Policy,
    request: &ServerRequest,
    expected: &ServerResponse,
    behaviour: Behaviour,
    vary: &[&str],
) -> Result<(), String> {
    let status = behaviour.status;
    let is_forwarded = behaviour.forward_preflights && expected.status == Some(204);
    let headers: Vec<_> =
        request.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let site = Site::new(policy, behaviour).await;
    let Received { status: received, mut headers, handler } = site.serve(&request.method, &headers).await;
    headers.retain(|(name, _)| name.starts_with("access-control-") || name == "vary");
    let is_handled = expected.handler || is_forwarded;
    if is_handled && received != status {
        return Err(format!("the handler's status: expected {status}, saw {received}"));
    }
    // What the handler's own `Vary` names stands before what the policy adds.
    let mut expected = ServerResponse {
        handler: is_handled,
        status: if is_handled { None } else { expected.status },
        headers: expected.headers.clone(),
    };
    if is_handled && !vary.is_empty() {
        let added = expected.headers.extract_if(.., |(name, _)| name == "vary").map(|(_, value)| value);
        let merged: Vec<String> = vary.iter().map(ToString::to_string).chain(added).collect();
        let has_added = merged.len() > vary.len();
        let lines = if has_added { vec![merged.join(", ")] } else { merged };
        expected.headers.extend(lines.into_iter().map(|line| ("vary".to_owned(), line)));
    }
    expected.compare(Served {
        handler,
        status: (!is_handled).then_some(received),
        headers: headers
            .into_iter()
            .map(|(name, value)| (name, cors_vectors::isomorphic_decode(&value)))
            .collect(),
    })
}
