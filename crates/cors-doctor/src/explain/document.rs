//! `docs/console-messages.md`, generated from the data.

use std::fmt::Write as _;

use super::{KINDS, Source};
use crate::words;

const INTRODUCTION: &str = "\
# CORS messages in the browser's console

What Chrome, Firefox and Safari write when they block a request, word by word, and what is behind it. Names in braces stand
for what differs. Paste a message into `cors-doctor explain` to have it read, or let `cors-doctor check` find out which of the
causes it is. Edge, Brave and Opera write what Chrome writes; every browser on an iPhone writes what Safari writes.

This page is generated from the data of `cors-doctor`; `UPDATE_EXPECT=1 cargo test -p cors-doctor --test document` writes it
again. The [conformance run](conformance.md) compares the messages with what the engines write, except those marked with a
dagger (†), which are from the engines' documentation and from public reports.
";

/// The page.
pub fn document() -> String {
    let mut page = INTRODUCTION.to_owned();
    for kind in KINDS {
        let _ = write!(page, "\n## {}\n\n", kind.id);
        for message in kind.messages {
            let mark = if message.source == Source::Captured { "" } else { " †" };
            let _ = writeln!(
                page,
                "**{}**{mark}\n\n```text\n{}\n```\n",
                words::browser(message.engine),
                message.text().trim_end()
            );
        }
        let _ = writeln!(page, "{}\n", kind.meaning);
        for cause in kind.causes {
            let _ = writeln!(page, "1. {} *{}*", cause.what, cause.fix);
        }
        if !kind.excludes.is_empty() {
            let _ = writeln!(page, "\nIt is not:\n");
            for excluded in kind.excludes {
                let _ = writeln!(page, "- {excluded}");
            }
        }
    }
    page
}
