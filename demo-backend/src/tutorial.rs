//! The Lab's lessons as one text, for those who would rather read. There is one source, `demo-frontend/lessons/lessons.json`;
//! the page shows it, and this writes it down as `docs/tutorial.md`.

use std::{fmt::Write, path::PathBuf};

use actix_web_cors::PolicyConfig;
use serde::Deserialize;
use serde_json::json;

use crate::page::{
    kinds::{BodyType, RequestKind as Kind, SendingPage as Page},
    lab_request::LabRequest,
    policy_view,
};

/// A lesson, as far as a reader can follow it without the page.
#[derive(Debug, Deserialize)]
struct Lesson {
    id: String,
    title: String,
    text: Vec<String>,
    policy: PolicyConfig,
    request: LabRequest,
    #[serde(default)]
    before: Vec<LabRequest>,
    #[serde(default)]
    origins: Vec<(String, bool)>,
    question: String,
    answer: bool,
    because: String,
    goal: Goal,
    hint: String,
    #[serde(default)]
    after: Vec<String>,
    #[serde(default)]
    links: Vec<(String, String)>,
}

#[derive(Debug, Deserialize)]
struct Goal {
    text: String,
}

const INTRODUCTION: &str = "\
# CORS, lesson by lesson

These are the lessons of CORS Lab as one text. In the Lab you answer each question before you send the request, a real browser
gives its verdict, and the page sees whether you reached the goal: `cargo run -p demo-backend`, then open
<http://localhost:3000>. A link *in the Lab* below opens its lesson there.

The page comes from `http://localhost:3000`, the API is at `http://localhost:8080`, and another page, which should not be able
to do much, at `http://localhost:3001`.

<!-- Written by `cargo run -p demo-backend --bin tutorial` from demo-frontend/lessons/lessons.json. -->
";

/// Writes the text from the lessons' JSON.
///
/// # Errors
///
/// If it is not what the lessons are made of.
pub fn tutorial(lessons: &str) -> serde_json::Result<String> {
    let lessons = lessons
        .replace("{page}", "http://localhost:3000")
        .replace("{api}", "http://localhost:8080")
        .replace("{attacker}", "http://localhost:3001");
    let lessons: Vec<Lesson> = serde_json::from_str(&lessons)?;
    let mut text = INTRODUCTION.to_owned();
    text.push('\n');
    for (index, lesson) in lessons.iter().enumerate() {
        let _ = writeln!(text, "{}. [{}](#{})", index + 1, lesson.title, anchor(index, &lesson.title));
    }
    for (index, lesson) in lessons.iter().enumerate() {
        write_lesson(&mut text, index, lesson);
    }
    Ok(text)
}

/// Where the lessons are, and where their text goes.
pub fn paths() -> (PathBuf, PathBuf) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    (root.join("demo-frontend/lessons/lessons.json"), root.join("docs/tutorial.md"))
}

fn write_lesson(text: &mut String, index: usize, lesson: &Lesson) {
    let paragraph = |text: &mut String, paragraph: &str| {
        let _ = write!(text, "\n{paragraph}\n");
    };
    paragraph(text, &format!("## {}. {}", index + 1, lesson.title));
    for part in &lesson.text {
        paragraph(text, part);
    }
    let policy = policy_view::toml(&lesson.policy);
    paragraph(text, &format!("The policy:\n\n```toml\n{}\n```", policy.trim_end()));
    for request in &lesson.before {
        paragraph(text, &format!("Before that, somebody else:\n\n```js\n{}\n```", script(request)));
    }
    paragraph(text, &format!("The request:\n\n```js\n{}\n```", script(&lesson.request)));
    if !lesson.origins.is_empty() {
        text.push_str("\n| origin | should be |\n|---|---|\n");
        for (origin, wanted) in &lesson.origins {
            let _ = writeln!(text, "| `{origin}` | {} |", if *wanted { "allowed" } else { "not allowed" });
        }
    }
    paragraph(text, &format!("**{}**", lesson.question));
    let answer = if lesson.answer { "Yes" } else { "No" };
    paragraph(
        text,
        &format!("<details><summary>The answer</summary>\n\n{answer}. {}\n\n</details>", lesson.because),
    );
    paragraph(
        text,
        &format!(
            "**The goal.** {} ([in the Lab](http://localhost:3000/#lesson={}))",
            lesson.goal.text, lesson.id
        ),
    );
    paragraph(text, &format!("<details><summary>A hint</summary>\n\n{}\n\n</details>", lesson.hint));
    for part in &lesson.after {
        paragraph(text, part);
    }
    let links: Vec<String> = lesson.links.iter().map(|(title, url)| format!("[{title}]({url})")).collect();
    if !links.is_empty() {
        paragraph(text, &format!("Read on: {}.", links.join(", ")));
    }
}

/// The name by which GitHub links a heading.
fn anchor(index: usize, title: &str) -> String {
    format!("{}. {title}", index + 1)
        .to_lowercase()
        .chars()
        .filter_map(|character| match character {
            ' ' => Some('-'),
            '-' | '_' => Some(character),
            character if character.is_alphanumeric() => Some(character),
            _ => None,
        })
        .collect()
}

/// What a page would write to send it.
fn script(request: &LabRequest) -> String {
    let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
    let cached = if request.cached { "/cached" } else { "" };
    let url = format!("http://localhost:8080{cached}/api/{}{query}", request.path);
    let from = match request.page {
        Page::Lab => "",
        Page::Attacker => "// in the page of http://localhost:3001\n",
        Page::Sandbox => "// in a sandboxed frame\n",
    };
    let code = match request.kind {
        Kind::Fetch => fetch(request, &url),
        Kind::Xhr => format!(
            "const request = new XMLHttpRequest();\nrequest.open(\"{}\", \"{url}\");\nrequest.send();",
            request.effective().method
        ),
        Kind::Font => format!("await new FontFace(\"Lab\", \"url({url})\").load();"),
        Kind::Image => format!("new Image().src = \"{url}\";"),
        Kind::ImageCors => {
            format!("const image = new Image();\nimage.crossOrigin = \"anonymous\";\nimage.src = \"{url}\";")
        }
        Kind::Canvas => {
            let is_plain = request.is_opaque(None);
            let cross_origin = if is_plain { "" } else { "image.crossOrigin = \"anonymous\";\n" };
            format!(
                "const image = new Image();\n{cross_origin}image.src = \"{url}\";\nawait image.decode();\n\
                 const canvas = document.createElement(\"canvas\").getContext(\"2d\");\n\
                 canvas.drawImage(image, 0, 0);\ncanvas.getImageData(0, 0, 1, 1);"
            )
        }
        Kind::Module => format!("await import(\"{url}\");"),
        Kind::Events => format!("new EventSource(\"{url}\");"),
    };
    format!("{from}{code}")
}

fn fetch(request: &LabRequest, url: &str) -> String {
    let mut options = Vec::new();
    if request.effective().method != "GET" {
        options.push(format!("method: \"{}\"", request.effective().method));
    }
    let default = LabRequest::default();
    let options_of = [
        ("mode", json!(request.mode), json!(default.mode)),
        ("credentials", json!(request.credentials), json!(default.credentials)),
        ("redirect", json!(request.redirect), json!(default.redirect)),
    ];
    for (name, value, usual) in options_of {
        if value != usual {
            options.push(format!("{name}: {value}"));
        }
    }
    let mut headers: Vec<String> =
        request.headers.iter().map(|(name, value)| format!("{name:?}: {value:?}")).collect();
    let body = request.sent_body().map(|body| match body.body_type {
        BodyType::Json => {
            headers.push("\"content-type\": \"application/json\"".to_owned());
            format!("body: {:?}", body.text)
        }
        BodyType::Text => format!("body: {:?}", body.text),
        BodyType::Form => format!("body: new URLSearchParams({:?})", body.text),
    });
    if !headers.is_empty() {
        options.push(format!("headers: {{ {} }}", headers.join(", ")));
    }
    options.extend(body);
    if options.is_empty() {
        format!("await fetch(\"{url}\");")
    } else {
        format!("await fetch(\"{url}\", {{\n  {},\n}});", options.join(",\n  "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_text_is_the_lessons() {
        let (lessons, written) = paths();
        let text = tutorial(&std::fs::read_to_string(lessons).unwrap()).unwrap();
        let written = std::fs::read_to_string(written).unwrap_or_default();
        assert!(text == written, "docs/tutorial.md is stale: run `cargo run -p demo-backend --bin tutorial`");
    }
}
