//! A report as text for a terminal: two lines for somebody in a hurry, then the evidence, nearest first.

use std::fmt::Write as _;

use fetch_cors::browser::Url;

use super::{EvidenceLine, Paint, Report, Verdict, wrap, wrap::visible};

/// How the text is laid out.
#[derive(Clone, Copy, Debug)]
pub struct Layout<'a> {
    /// The width of the terminal, in columns.
    pub width: usize,
    /// Colours.
    pub paint: Paint,
    /// The server whose recipe is shown in full.
    pub server: Option<&'a str>,
}

/// The text.
pub fn text(report: &Report, layout: Layout<'_>) -> String {
    let mut text = String::new();
    headline(&mut text, report, layout);
    certainty(&mut text, report, layout);
    servers(&mut text, report, layout);
    console(&mut text, report, layout);
    if let Some(rule) = &report.rule {
        let _ = writeln!(text, "  {}", layout.paint.faint(&format!("The rule: {rule}")));
    }
    text
}

fn headline(text: &mut String, report: &Report, layout: Layout<'_>) {
    let Layout { paint, width, .. } = layout;
    let (word, painted) = match report.verdict {
        Verdict::Allowed => ("Allowed", paint.good("Allowed")),
        Verdict::Blocked => ("Blocked", paint.bad("Blocked")),
        Verdict::Unreachable => ("No connection", paint.bad("No connection")),
        Verdict::Undecided => ("Undecided", paint.open("Undecided")),
    };
    let line = wrap(&report.summary, &format!("  {word}: "), "  ", width);
    text.push_str(&line.replacen(word, &painted, 1));
    if let Some(fix) = &report.fix {
        let line = wrap(fix, "  Fix: ", "  ", width);
        text.push_str(&line.replacen("Fix", &paint.bold("Fix"), 1));
    }
    for sentence in &report.to_settle {
        text.push_str(&wrap(sentence, "  ", "  ", width));
    }
    for note in &report.notes {
        let line = wrap(note, "  Worth knowing: ", "  ", width);
        text.push_str(&line.replacen("Worth knowing", &paint.bold("Worth knowing"), 1));
    }
}

fn certainty(text: &mut String, report: &Report, layout: Layout<'_>) {
    let Layout { paint, width, .. } = layout;
    if report.evidence.is_empty() {
        text.push('\n');
        return;
    }
    let count = report.evidence.len();
    let requests = if count == 1 { "1 request".to_owned() } else { format!("{count} requests") };
    let title =
        if report.certain { format!("Certain, by {requests}") } else { format!("Likely, by {requests}") };
    let _ = write!(text, "\n  {}", paint.bold(&title));
    if !report.rivals.is_empty() {
        let _ = write!(text, "{}", paint.faint(&format!("; it could be {}, too", report.rivals.join(", "))));
    }
    text.push('\n');
    let paths: Vec<String> = report.evidence.iter().map(|line| shown_url(line, report)).collect();
    let longest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or_default();
    let methods = longest(&mut report.evidence.iter().map(|line| line.method.chars().count()));
    let path_width = longest(&mut paths.iter().map(|path| path.chars().count())).min(width / 3);
    let purposes = longest(&mut report.evidence.iter().map(|line| line.purpose.chars().count())).min(34);
    for (line, path) in report.evidence.iter().zip(&paths) {
        let result = match (&line.status, &line.error) {
            (Some(status), _) => {
                let header = line
                    .header
                    .as_ref()
                    .map_or("no CORS header".to_owned(), |(name, value)| format!("{name}: {value}"));
                format!("{status}   {header}")
            }
            (None, Some(error)) => error.clone(),
            (None, None) => "not sent".to_owned(),
        };
        let start =
            format!("    {:<methods$} {:<path_width$}   {:<purposes$}   ", line.method, path, line.purpose);
        // Where the columns leave no room, the result comes below.
        if start.chars().count() + 30 > width {
            text.push_str(&wrap(
                &format!("{} {}, {}", line.method, path, line.purpose),
                "    ",
                "      ",
                width,
            ));
            text.push_str(&wrap(&result, "      ", "      ", width));
        } else {
            let indent = " ".repeat(start.chars().count());
            text.push_str(&wrap(&result, &start, &indent, width));
        }
    }
    text.push('\n');
}

/// Only the path, if all requests go to one server.
fn shown_url(line: &EvidenceLine, report: &Report) -> String {
    let origin = |url: &str| Url::parse(url).ok().map(|url| url.origin());
    let first = report.evidence.first().and_then(|first| origin(&first.url));
    let is_one_server = report.evidence.iter().all(|other| origin(&other.url) == first);
    match Url::parse(&line.url) {
        Ok(url) if is_one_server => {
            let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
            format!("{}{query}", url.path())
        }
        _ => visible(&line.url),
    }
}

fn servers(text: &mut String, report: &Report, layout: Layout<'_>) {
    let Layout { paint, width, server } = layout;
    if let Some(response) = &report.response {
        let title =
            if response.preflight { "The response to the preflight needs" } else { "The response needs" };
        let _ = writeln!(text, "  {}", paint.bold(title));
        for (name, value) in &response.headers {
            text.push_str(&wrap(&format!("{name}: {value}"), "    ", "      ", width));
        }
        text.push('\n');
    }
    if report.servers.is_empty() {
        return;
    }
    if let Some(recipe) = report.servers.iter().find(|recipe| Some(recipe.name.as_str()) == server) {
        let checked = if recipe.checked { "" } else { " (from its documentation)" };
        let _ = writeln!(text, "  {}{checked}", paint.bold(&format!("In {}", recipe.title)));
        text.push_str(&wrap(&recipe.line, "    ", "    ", width));
        text.push('\n');
        for line in recipe.code.lines() {
            let _ = writeln!(text, "{}", format!("    {}", visible(line)).trim_end());
        }
        text.push('\n');
        for trap in &recipe.traps {
            text.push_str(&wrap(trap, "    Note: ", "    ", width));
        }
        text.push('\n');
        return;
    }
    let _ = writeln!(
        text,
        "  {}   {}",
        paint.bold("In your server"),
        paint.faint("(--server NAME for one of them in full)")
    );
    let names = report.servers.iter().map(|recipe| recipe.name.chars().count()).max().unwrap_or_default();
    for recipe in &report.servers {
        let indent = " ".repeat(names + 7);
        text.push_str(&wrap(&recipe.line, &format!("    {:<names$}   ", recipe.name), &indent, width));
    }
    text.push('\n');
}

fn console(text: &mut String, report: &Report, layout: Layout<'_>) {
    let Layout { paint, width, .. } = layout;
    if report.verdict == Verdict::Allowed && report.console.iter().all(|one| one.allowed != Some(false)) {
        return;
    }
    if report.console.iter().all(|one| one.allowed.is_none()) {
        return;
    }
    let _ = writeln!(text, "  {}", paint.bold("In the console"));
    for one in &report.console {
        let message = match (&one.message, one.allowed) {
            (Some(message), _) => message.as_str(),
            (None, Some(true)) => "it allows the request",
            (None, Some(false)) => "blocked; only \"Failed to fetch\" or the like",
            (None, None) => "it sends something else, which was not tried",
        };
        text.push_str(&wrap(message, &format!("    {:<7}   ", one.browser), &" ".repeat(14), width));
    }
    text.push('\n');
}
