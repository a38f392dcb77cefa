//! Whole set-ups, side by side.

/// The other library's name, the macro that serves its set-up, and this source; then each set-up's name, and for which requests a
/// page's script can read more than before, on purpose.
macro_rules! set_ups {
    ($library:literal, $serve:ident, $source:expr; $($name:ident $wider:expr;)*) => {
        pub(super) async fn regions() -> $crate::document::Regions {
            use $crate::{
                document::{Regions, body},
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
                let text = format!(
                    "```rust\n// {}\n{}\n\n// actix-web-cors\n{}\n```\n\n{}",
                    $library,
                    body($source, stringify!($name), "theirs"),
                    body($source, stringify!($name), "ours"),
                    compared(stringify!($name), $library, fetches, &theirs, &ours, &$wider)
                );
                regions.insert(stringify!($name).to_owned(), text);
            })*
            regions
        }
    };
}
pub(crate) use set_ups;

use crate::{
    document::table,
    served::{Fetch, Seen, fetch_words},
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
