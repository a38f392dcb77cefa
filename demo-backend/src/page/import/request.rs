//! A request that was pasted, as a command line or a call. What the server responds with is not known.

use cors_doctor::paste::PastedRequest;
use fetch_cors::{
    browser::{PageOrigin, Url, Verdict},
    diagnosis::diagnose,
};

use super::{
    PasteKind, sentence, shown,
    situation::{SOME_PAGE, Situation},
};

/// What the paste comes to.
pub(super) fn situation(request: PastedRequest) -> Situation {
    let mut situation = Situation::new(PasteKind::Request, request);
    situation.title =
        format!("A request: {} {}", shown(&situation.request.method), shown(&situation.request.url));
    say_request(&mut situation);
    let case = situation.played();
    // A request that the browser never sends fails whatever the server is.
    if let Some(Verdict::Blocked(_)) = &case.verdict
        && case.exchanges.is_empty()
    {
        let diagnosis = diagnose(&case);
        situation.take_diagnosis(&case, &diagnosis);
        situation.certain = diagnosis.is_certain();
        situation.not_here = not_here(&situation.request);
    } else {
        situation.unknown.push(
            "What your server responds with. Here it responds as a server that knows nothing of CORS. Paste the message of the \
             browser's console, or what curl -i prints, to have that taken over, too."
                .to_owned(),
        );
    }
    situation
}

/// Why the browser refuses the reader's URL or page, which the Lab's own are not like.
fn not_here(request: &PastedRequest) -> Option<String> {
    let is_of_url = match Url::parse(&request.url) {
        Ok(url) => {
            let is_mixed = url.scheme() == "http"
                && request.page.as_ref().is_some_and(|page| page.to_string().starts_with("https:"));
            is_mixed || !matches!(url.scheme(), "http" | "https")
        }
        Err(_) => true,
    };
    is_of_url.then(|| {
        "The URL itself is what the browser refuses. The Lab sends only to its own servers, whose URLs are valid.".to_owned()
    })
}

/// What the paste says about the request, and what not.
pub(super) fn say_request(situation: &mut Situation) {
    let request = &situation.request;
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    match &request.page {
        Some(PageOrigin::Opaque) => known.push(
            "Your page has no origin of its own (null): a local file, or a sandboxed frame. Here a sandboxed frame sends the request."
                .to_owned(),
        ),
        Some(page) => known.push(format!("Your page is {}. Here this page stands for it.", shown(&page.to_string()))),
        None => unknown.push("The origin of your page. Here it is this page's.".to_owned()),
    }
    if request.url.is_empty() {
        unknown.push("The URL. Here it is a path of the server written by hand.".to_owned());
    } else {
        known.push(format!(
            "The request goes to {}. Here a path of the server written by hand stands for it.",
            shown(&request.url)
        ));
    }
    if situation.is_method_known {
        known.push(format!("The method is {}.", shown(&request.method)));
    }
    if !request.headers.is_empty() {
        let names: Vec<_> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
        known.push(format!("The page's script sets {}.", shown(&names.join(", "))));
    }
    let wrong: Vec<_> = request
        .headers
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase())
        .filter(|name| name.starts_with("access-control-") && !name.starts_with("access-control-request-"))
        .collect();
    if !wrong.is_empty() {
        known.push(format!(
            "{} is a response header: on a request it allows nothing, and makes a preflight necessary.",
            shown(&wrong.join(", "))
        ));
    }
    if let Some(kind) = request.body.as_ref().and_then(|body| body.content_type.as_deref()) {
        known.push(format!(
            "The body is of the type {}; its text plays no part, and is left out.",
            shown(kind)
        ));
    }
    if situation.includes_credentials() {
        known.push("It is sent with credentials (cookies).".to_owned());
    }
    known.extend(request.notes.iter().map(|note| sentence(note)));
    situation.known.extend(known);
    situation.unknown.extend(unknown);
}

/// Whether a page's origin is the stand-in.
pub(super) fn is_some_page(origin: &str) -> bool {
    origin == SOME_PAGE
}
