//! A report as text for a terminal: two lines for somebody in a hurry, then the evidence, nearest first.

use std::fmt::Write as _;

use fetch_cors::browser::Url;

use super::{EvidenceLine, Paint, Report, Verdict, wrap};
use crate::terminal::visible;

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
    // The summary begins with the verdict.
    let line = wrap(&report.summary, "  ", "  ", width);
    let end = line.find([':', ',']).unwrap_or_default();
    let (verdict, rest) = line.split_at(end);
    let verdict = verdict.trim_start();
    let painted = match report.verdict {
        Verdict::Allowed => paint.good(verdict),
        Verdict::Blocked | Verdict::Unreachable => paint.bad(verdict),
        Verdict::Undecided => paint.open(verdict),
    };
    let _ = write!(text, "  {painted}{}", if end == 0 { line.trim_start() } else { rest });
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
    let is_one_server = is_one_server(report);
    let paths: Vec<String> = report.evidence.iter().map(|line| shown_url(line, is_one_server)).collect();
    let longest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or_default();
    let methods = longest(&mut report.evidence.iter().map(|line| line.method.chars().count()));
    let path_width = longest(&mut paths.iter().map(|path| path.chars().count())).min(width / 3);
    let purposes = longest(&mut report.evidence.iter().map(|line| line.purpose.chars().count())).min(34);
    let rows: Vec<(String, String)> = report
        .evidence
        .iter()
        .zip(&paths)
        .map(|(line, path)| {
            let columns = format!(
                "    {:<methods$} {path:<path_width$}   {:<purposes$}   {}",
                visible(&line.method),
                visible(&line.purpose),
                status(line)
            );
            (columns, result(line))
        })
        .collect();
    // A longer result may be broken, as long as what is left for it is not too narrow.
    let fits = |(columns, result): &(String, String)| {
        columns.chars().count() + result.chars().count().min(NARROWEST) <= width
    };
    let is_table = rows.iter().all(fits);
    for ((line, path), (columns, result)) in report.evidence.iter().zip(&paths).zip(&rows) {
        if is_table {
            text.push_str(&wrap(result, columns, &" ".repeat(columns.chars().count()), width));
        } else {
            let what = format!("{} {path}, {}", line.method, line.purpose);
            text.push_str(&wrap(&what, "    ", "      ", width));
            text.push_str(&wrap(result, &format!("      {}", status(line)), "      ", width));
        }
    }
    text.push('\n');
}

/// The least columns for a header line.
const NARROWEST: usize = 30;

fn status(line: &EvidenceLine) -> String {
    line.status.map(|status| format!("{status}   ")).unwrap_or_default()
}

fn result(line: &EvidenceLine) -> String {
    match (&line.status, &line.error, &line.header) {
        (Some(_), _, Some((name, value))) => format!("{name}: {value}"),
        (Some(_), _, None) => "no CORS header".to_owned(),
        (None, Some(error), _) => error.clone(),
        (None, None, _) => "not sent".to_owned(),
    }
}

fn is_one_server(report: &Report) -> bool {
    let origin = |url: &str| Url::parse(url).ok().map(|url| url.origin());
    let first = report.evidence.first().and_then(|first| origin(&first.url));
    report.evidence.iter().all(|other| origin(&other.url) == first)
}

/// Only the path, if all requests go to one server.
fn shown_url(line: &EvidenceLine, is_one_server: bool) -> String {
    match Url::parse(&line.url) {
        Ok(url) if is_one_server => {
            // What a probe adds, so that no cache knows its URL, says nothing.
            let parts =
                url.query().unwrap_or_default().split('&').filter(|part| !part.starts_with("cors-probe="));
            let query = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&");
            let mark = if query.is_empty() { "" } else { "?" };
            format!("{}{mark}{query}", url.path())
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
