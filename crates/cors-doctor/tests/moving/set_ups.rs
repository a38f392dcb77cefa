//! Whole set-ups, side by side.

/// The other library's name, the macro that serves its set-up, and this source; then each set-up's name, and for which requests a
/// page's script can read more than before, on purpose.
macro_rules! set_ups {
    ($library:literal, $serve:ident, $source:expr; $($name:ident $wider:expr;)*) => {
        pub(super) async fn regions() -> $crate::document::Regions {
            use $crate::{
                document::{Regions, side_by_side},
                served::seen,
                set_ups::compared,
            };
            use actix_web_cors::testing::Browser;
            let mut regions = Regions::new();
            $({
                let fetches = $name::FETCHES;
                let theirs = seen(Browser::new($serve!($name::theirs())), fetches).await;
                let ours = $name::ours().expect(stringify!($name));
                let ours = seen(Browser::new($crate::served::served!(ours)), fetches).await;
                let code = side_by_side($library, $source, stringify!($name));
                let rows = compared(stringify!($name), $library, fetches, &theirs, &ours, &$wider);
                let text = format!("{code}\n\n{rows}");
                regions.insert(stringify!($name).to_owned(), text);
            })*
            regions
        }
    };
}
pub(crate) use set_ups;

/// The same for whole applications, each of which may hold several middlewares; no page may read more than before. Their fetches
/// have a path.
macro_rules! applications {
    ($library:literal, $serve:ident, $source:expr; $($name:ident;)*) => {
        pub(super) async fn regions() -> $crate::document::Regions {
            use $crate::{
                document::{Regions, side_by_side, table},
                served::{app_served, seen_at},
            };
            use actix_web_cors::testing::Browser;
            let mut regions = Regions::new();
            $({
                let theirs = Browser::new($serve!($name::theirs()));
                let ours = $name::ours().expect(stringify!($name));
                let ours = Browser::new(app_served!(ours));
                let mut rows = Vec::new();
                for &(page, sent, path) in $name::FETCHES {
                    let left = seen_at(&theirs, page, sent, path).await;
                    let right = seen_at(&ours, page, sent, path).await;
                    let words = format!("{}, `{path}`, from `{page}`", sent.words());
                    assert!(!right.is_allowed || left.is_allowed, "{}: {words}", stringify!($name));
                    rows.push(vec![words, left.words().to_owned(), right.words().to_owned()]);
                }
                let code = side_by_side($library, $source, stringify!($name));
                let head = ["request", concat!("`", $library, "`"), "`actix-web-cors`"];
                regions.insert(stringify!($name).to_owned(), format!("{code}\n\n{}", table(&head, &rows)));
            })*
            regions
        }
    };
}
pub(crate) use applications;

/// What a page's script sends to a path.
pub(crate) type PathFetch = (&'static str, Sent, &'static str);

/// The type of an application, whatever its middleware makes of a body.
macro_rules! app {
    () => {
        actix_web::App<
            impl actix_web::dev::ServiceFactory<
                actix_web::dev::ServiceRequest,
                Config = (),
                Response = actix_web::dev::ServiceResponse<impl actix_web::body::MessageBody>,
                Error = actix_web::Error,
                InitError = (),
            >,
        >
    };
}
pub(crate) use app;

use crate::{
    document::table,
    served::{Fetch, Seen, Sent, fetch_words},
};

/// The table of what became of the fetches.
pub(crate) fn compared(
    name: &str,
    library: &str,
    fetches: &[Fetch],
    theirs: &[Seen],
    ours: &[Seen],
    wider: &[usize],
) -> String {
    let mut rows = Vec::new();
    for (index, &fetch) in fetches.iter().enumerate() {
        let (left, right) = (&theirs[index], &ours[index]);
        let is_wider = right.is_allowed && !left.is_allowed;
        assert_eq!(is_wider, wider.contains(&index), "{name}: {}", fetch_words(fetch));
        rows.push(vec![fetch_words(fetch), left.words().to_owned(), right.words().to_owned()]);
    }
    table(&["request", &format!("`{library}`"), "`actix-web-cors`"], &rows)
}
