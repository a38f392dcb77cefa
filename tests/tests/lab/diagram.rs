//! The wire's diagram: which lanes there are, who sends what to whom, what each gate did, and whether the handler ran.

use std::fmt::{self, Write as _};

use serde::Deserialize;

use crate::{
    Tried,
    case::Case,
    page::{Names, Page},
    said, same,
    seen::Seen,
};

const READ: &str = include_str!("diagram.js");

/// What is drawn.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Diagram {
    lanes: Vec<Lane>,
    caption: String,
    spoken: String,
    messages: Vec<Arrow>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lane {
    name: String,
    below: String,
    has_line: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct Arrow {
    from: String,
    to: String,
    arrives: bool,
    label: String,
    sub: String,
    gate: Option<Gate>,
    handler: Option<Mark>,
    tone: String,
    spoken: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Gate {
    state: String,
    lane: String,
    word: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Mark {
    lane: String,
    word: String,
}

impl Page {
    /// What is drawn, once it no longer moves.
    pub(crate) async fn diagram(&self) -> Tried<Diagram> {
        serde_json::from_value(self.wait_for(READ).await?).map_err(said)
    }
}

impl Diagram {
    pub(crate) fn messages(&self) -> usize {
        self.messages.len()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let lanes: Vec<_> = self.lanes.iter().map(ToString::to_string).collect();
        let messages = self.messages.iter().map(ToString::to_string);
        std::iter::once(lanes.join(" | ")).chain(messages).collect()
    }

    /// Whether what a screen reader says of each message is what is drawn.
    fn check_spoken(&self, happened: bool) -> Tried<()> {
        let count = self.messages.len();
        for (number, message) in (1..).zip(&self.messages) {
            let Arrow { from, to, arrives, label, gate, handler, spoken, .. } = message;
            let gate = gate.as_ref().map(|gate| gate.state.as_str());
            let says = |words: &str, is_so: bool| (words.to_owned(), is_so);
            let claims = [
                says(label, true),
                says(&format!("{number} of {count}"), true),
                says(&format!("{from} to {to}"), *arrives),
                says("the browser lets it through", gate == Some("open")),
                says("the browser stops it", gate == Some("shut")),
                says("but opaque", gate == Some("opaque")),
                says("the handler ran", handler.is_some()),
                says("expected,", !happened),
            ];
            for (words, is_so) in claims {
                if spoken.contains(&words) != is_so {
                    let not = if is_so { "should" } else { "should not" };
                    return Err(format!(
                        "message {number} {not} be spoken of as {words:?}; it is {spoken:?}"
                    ));
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.name, self.below, if self.has_line { "" } else { " (without its line)" })
    }
}

impl fmt::Display for Arrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, arrives, label, sub, gate, handler, .. } = self;
        write!(f, "{from} {} {to}: {label}", if *arrives { '→' } else { '✗' })?;
        if !sub.is_empty() {
            write!(f, ", {sub}")?;
        }
        if let Some(Gate { state, lane, word }) = gate {
            write!(f, "; gate {state}: {word}")?;
            if lane != "Browser" {
                write!(f, " (at {lane})")?;
            }
        }
        if let Some(Mark { lane, word }) = handler {
            write!(f, "; {word}")?;
            if lane != "API" {
                write!(f, " (at {lane})")?;
            }
        }
        Ok(())
    }
}

/// What should be drawn.
pub(crate) fn happened(case: &Case, names: &Names) -> Vec<String> {
    case.diagram.iter().map(|line| names.fill(line)).collect()
}

/// What should be drawn before it is sent: nobody knows then whether a handler will run, or what the error will be called.
pub(crate) fn expected(case: &Case, names: &Names) -> Vec<String> {
    let unknown = |line: &String| line.replace("; handler ran", "").replace(": TypeError,", ": an error,");
    happened(case, names).iter().map(unknown).collect()
}

pub(crate) fn judge(case: &Case, seen: &Seen) -> Tried<()> {
    let diagram = seen.diagram.as_ref()?;
    compare(&diagram.lines(), &happened(case, &seen.names))?;
    same("the caption", &diagram.caption.as_str(), &"as it happened")?;
    same("the name", &diagram.spoken.as_str(), &"What went over the wire")?;
    check_reached(diagram, seen)?;
    for message in &diagram.messages {
        let tone = match (&message.gate, message.arrives) {
            (_, false) => "tone-bad",
            (Some(gate), _) if gate.state == "open" => "tone-good",
            (Some(gate), _) if gate.state == "shut" => "tone-bad",
            (Some(_), _) => "tone-opaque",
            (None, _) => continue,
        };
        same(&format!("the colour of {}", message.label), &message.tone.as_str(), &tone)?;
    }
    diagram.check_spoken(true)
}

pub(crate) fn judge_expected(case: &Case, seen: &Seen) -> Tried<()> {
    let diagram = seen.expected.as_ref()?;
    compare(&diagram.lines(), &expected(case, &seen.names))?;
    same("the caption", &diagram.caption.as_str(), &"expected, not sent yet")?;
    same("the name", &diagram.spoken.as_str(), &"What is expected to go over the wire")?;
    diagram.check_spoken(false)
}

/// What the diagram says of the handler, against the API's own log.
fn check_reached(diagram: &Diagram, seen: &Seen) -> Tried<()> {
    let drawn: Vec<_> = diagram
        .messages
        .iter()
        .filter(|message| message.gate.is_some())
        .map(|message| message.handler.is_some())
        .collect();
    let logged: Vec<_> = seen.exchanges.iter().map(|exchange| exchange.reached_handler).collect();
    same("where the handler ran", &drawn, &logged)
}

fn compare(drawn: &[String], meant: &[String]) -> Tried<()> {
    if drawn == meant {
        return Ok(());
    }
    let mut message = "the diagram should be\n".to_owned();
    for line in meant {
        let _ = writeln!(message, "    {line}");
    }
    message.push_str("and it is\n");
    for line in drawn {
        let mark = if meant.contains(line) { ' ' } else { '!' };
        let _ = writeln!(message, "  {mark} {line}");
    }
    Err(message)
}
