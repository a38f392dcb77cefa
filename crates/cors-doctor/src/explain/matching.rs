//! Finds messages in a text. Browsers, issue trackers and chats change quotation marks and line breaks, so those are not
//! compared.

use fetch_cors::browser::Engine;

use super::{
    Facts, KINDS, Kind, Message, Recognized,
    kinds::{ACCESS, ACCESS_CUT_OFF, ACCESS_OLD, ACCESS_REDIRECTED, Lead, PREFLIGHT, SAME_ORIGIN_POLICY},
};

/// What stands for a part that differs may be so long, in bytes.
const LONGEST_PART: usize = 4096;
/// A run of fewer words, or of fewer letters, says too little: "is not allowed by" is of many messages.
const SHORTEST_RUN: usize = 3;
const FEWEST_LETTERS: usize = 17;
/// More messages than anybody reads.
const MOST_MESSAGES: usize = 50;

pub(super) fn recognize(text: &str) -> Vec<Recognized> {
    let text = normalized(text);
    let found = whole(&text);
    if found.is_empty() { part(&text).into_iter().collect() } else { found }
}

/// One kind of quotation mark, and single spaces.
fn normalized(text: &str) -> String {
    let mut normalized = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '‘' | '’' | '“' | '”' | '`' | '\u{b4}' => normalized.push('\''),
            _ if character.is_whitespace() => {
                if !normalized.ends_with(' ') {
                    normalized.push(' ');
                }
            }
            // A text that is shown in a narrow column may have these in the middle of a word.
            '\u{200b}' | '\u{ad}' => {}
            _ => normalized.push(character),
        }
    }
    normalized
}

/// A match: where it is, and what stands for each name.
struct Found {
    start: usize,
    end: usize,
    parts: Vec<(&'static str, String)>,
}

fn whole(text: &str) -> Vec<Recognized> {
    let found = whole_of(text, |kind| !kind.is_vague());
    // What says only that something failed says nothing next to a message that says why.
    if found.is_empty() { whole_of(text, Kind::is_vague) } else { found }
}

fn whole_of(text: &str, is_meant: impl Fn(&Kind) -> bool) -> Vec<Recognized> {
    let mut matches: Vec<(Found, &'static Kind, &'static Message)> = Vec::new();
    for kind in KINDS.iter().filter(|kind| is_meant(kind)) {
        for message in kind.messages {
            let template = Template::of(message.why);
            let mut from = 0;
            while let Some(found) = template.find(text, from) {
                from = found.end;
                matches.push((found, kind, message));
                if matches.len() > 20 * MOST_MESSAGES {
                    break;
                }
            }
        }
    }
    // Of two at the same place, the longer one says more.
    matches.sort_by_key(|(found, ..)| (found.start, usize::MAX - found.end));
    let mut recognized: Vec<Recognized> = Vec::new();
    let mut end = 0;
    // Of the whole text, and not again for each message: there may be a thousand of them.
    let (leads, status) = (EngineLeads::of(text), lone_status(text));
    for (found, kind, message) in matches {
        if found.start < end || recognized.len() == MOST_MESSAGES {
            continue;
        }
        let mut facts = Facts::default();
        facts.add(found.parts);
        facts.add_lead(&text[end..found.start], message.lead);
        facts.add_tail(&text[found.end..]);
        facts.status = facts.status.or(status);
        end = found.end;
        let writers = kind.messages.iter().filter(|other| normalized(other.why) == normalized(message.why));
        let engine = (writers.count() == 1).then_some(message.engine);
        let engine = engine.or_else(|| leads.before(found.start));
        let one = Recognized { kinds: vec![kind], engine, is_whole: true, facts };
        if !recognized.contains(&one) {
            recognized.push(one);
        }
    }
    recognized
}

/// Where what only one engine begins its messages with is for the first time: what precedes a message may have lost the message's
/// own beginning.
struct EngineLeads([(Engine, Option<usize>); 2]);

impl EngineLeads {
    fn of(text: &str) -> Self {
        let end = |lead: &str| text.find(lead).map(|place| place + lead.len());
        Self([(Engine::Chromium, end("Access to ")), (Engine::Firefox, end("Cross-Origin Request Blocked"))])
    }

    /// The engine, if only one of them wrote something before this place.
    fn before(&self, place: usize) -> Option<Engine> {
        let mut before = self.0.iter().filter(|(_, end)| end.is_some_and(|end| end <= place));
        match (before.next(), before.next()) {
            (Some((engine, _)), None) => Some(*engine),
            _ => None,
        }
    }
}

impl Kind {
    /// Whether it says only that something failed.
    pub(super) fn is_vague(&self) -> bool {
        matches!(self.id, "failed" | "cors-policy")
    }
}

impl Facts {
    fn add(&mut self, parts: Vec<(&'static str, String)>) {
        for (name, part) in parts {
            let part = part.trim().to_owned();
            match name {
                "url" => self.url = Some(part.trim_matches('\'').to_owned()),
                "first" => self.first_url = Some(part),
                "page" | "origin" => self.page = Some(part),
                "initiator" => self.initiator = Some(part),
                "status" => self.status = part.parse().ok(),
                "method" => self.method = Some(part),
                "name" => self.header = Some(part),
                "value" => self.value = Some(part),
                _ => {}
            }
        }
    }

    fn add_lead(&mut self, before: &str, lead: Lead) {
        let leads: &[&'static str] = match lead {
            Lead::Nothing => &[],
            Lead::Access | Lead::AccessOfPreflight => {
                &[ACCESS_REDIRECTED, ACCESS, ACCESS_CUT_OFF, ACCESS_OLD]
            }
            Lead::SameOriginPolicy | Lead::SameOriginPolicyQuoted => &[SAME_ORIGIN_POLICY],
        };
        let found = leads.iter().find_map(|lead| Template::of(lead).find_last(before));
        if let Some(found) = found {
            self.add(found.parts);
        }
        self.is_preflight =
            lead == Lead::AccessOfPreflight || before.contains(normalized(PREFLIGHT).trim_end());
    }
}

impl Facts {
    /// Old versions of Chromium write the page's origin at the end.
    fn add_tail(&mut self, after: &str) {
        const TAIL: &str = "Origin '{page}' is therefore not allowed access";
        if self.page.is_none()
            && let Some(found) =
                Template::of(TAIL).find(cut(after, 2 * LONGEST_PART), 0).filter(|found| found.start < 3)
        {
            self.add(found.parts);
        }
    }
}

/// Chromium writes the status in a line of its own, next to the message: `GET https://… net::ERR_FAILED 502 (Bad Gateway)`.
/// With several such lines, nobody knows which one belongs to the message.
fn lone_status(text: &str) -> Option<u16> {
    let mut lines = text.split("net::ERR_FAILED ").skip(1);
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    line.split(' ').next().filter(|status| status.len() == 3)?.parse().ok()
}

/// A message that is only partly there: the one with which the text shares most words in a row.
fn part(text: &str) -> Option<Recognized> {
    const MOST_WORDS: usize = 2000;
    let pasted: Vec<String> = text.split(' ').take(MOST_WORDS).filter_map(bare).collect();
    let mut best: Vec<(&'static Kind, &'static Message)> = Vec::new();
    let mut longest = SHORTEST_RUN - 1;
    for kind in KINDS {
        for message in kind.messages {
            let written: Vec<Option<String>> = normalized(telling(message))
                .split(' ')
                .map(|word| bare(word).filter(|_| !word.contains('{')))
                .collect();
            let run = longest_run(&pasted, &written);
            if run > longest {
                longest = run;
                best.clear();
            }
            if run == longest && run >= SHORTEST_RUN {
                best.push((kind, message));
            }
        }
    }
    let (_, first) = best.first()?;
    // Everything that begins in the same way is meant by its beginning.
    let mut kinds: Vec<&'static Kind> = Vec::new();
    for (kind, _) in &best {
        if !kinds.contains(kind) {
            kinds.push(kind);
        }
    }
    kinds.sort_by_key(|kind| !kind.is_vague());
    let is_lead = kinds.len() > 1 && kinds.first().is_some_and(|kind| kind.is_vague());
    if is_lead {
        kinds.truncate(1);
    }
    let engine = best.iter().all(|(_, other)| other.engine == first.engine).then_some(first.engine);
    let mut facts = Facts::default();
    facts.add_lead(&format!("{text} "), first.lead);
    if let Some(status) = text.split("Status code: ").nth(1) {
        facts.status = status.get(..3).and_then(|status| status.parse().ok());
    }
    Some(Recognized { kinds, engine, is_whole: false, facts })
}

/// The part of a message that no other kind has.
fn telling(message: &Message) -> &'static str {
    match (message.lead, message.why) {
        (Lead::SameOriginPolicy, "") => SAME_ORIGIN_POLICY,
        (_, "") => ACCESS,
        (_, why) if why.trim_end() == PREFLIGHT.trim_end() => PREFLIGHT,
        (_, why) => why.strip_prefix(PREFLIGHT).unwrap_or(why),
    }
}

/// A word without the marks around it; none if nothing is left.
fn bare(word: &str) -> Option<String> {
    let bare = word
        .trim_matches(|character: char| !character.is_alphanumeric() && character != '{' && character != '*');
    (!bare.is_empty()).then(|| bare.to_lowercase())
}

/// How many words they share in a row; `None` in a message stands for what differs, and shares nothing.
fn longest_run(pasted: &[String], written: &[Option<String>]) -> usize {
    let mut longest = 0;
    // The words and the letters of the run that ends at each word of the message.
    let mut before = vec![(0, 0); written.len() + 1];
    for word in pasted {
        let mut now = vec![(0, 0); written.len() + 1];
        for (index, other) in written.iter().enumerate() {
            if other.as_ref() == Some(word) {
                let (words, letters) = before[index];
                now[index + 1] = (words + 1, letters + word.len());
                if letters + word.len() >= FEWEST_LETTERS {
                    longest = longest.max(words + 1);
                }
            }
        }
        before = now;
    }
    longest
}

/// At most so many bytes of a text.
fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A message as what stays the same, with the names of what differs in between.
struct Template {
    /// One more than there are names.
    literals: Vec<String>,
    names: Vec<&'static str>,
}

impl Template {
    fn of(text: &'static str) -> Self {
        let mut literals = Vec::new();
        let mut names = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            literals.push(normalized(before));
            names.push(name);
            rest = after;
        }
        literals.push(normalized(rest));
        Self { literals, names }
    }

    /// The first match at or after a place.
    fn find(&self, text: &str, from: usize) -> Option<Found> {
        let first = self.literals.first().filter(|first| !first.is_empty())?;
        let starts = text.get(from..)?.match_indices(first.as_str()).map(|(place, _)| from + place);
        let mut best: Option<Found> = None;
        for start in starts {
            if best.as_ref().is_some_and(|best| start >= best.end) {
                break;
            }
            // A later start with the same end has less in between that does not belong to the message.
            if let Some(found) = self.find_at(text, start)
                && best.as_ref().is_none_or(|best| found.end == best.end)
            {
                best = Some(found);
            }
        }
        best
    }

    fn find_last(&self, text: &str) -> Option<Found> {
        let mut last = None;
        let mut from = 0;
        while let Some(found) = self.find(text, from) {
            from = found.end;
            last = Some(found);
        }
        last
    }

    fn find_at(&self, text: &str, start: usize) -> Option<Found> {
        let mut place = start + self.literals.first()?.len();
        let mut parts = Vec::new();
        for (name, literal) in self.names.iter().zip(self.literals.iter().skip(1)) {
            let rest = cut(text.get(place..)?, LONGEST_PART + literal.len());
            let length = if literal.is_empty() {
                // Up to the end of the word.
                rest.find([' ', ',']).unwrap_or(rest.len())
            } else {
                rest.find(literal.as_str())?
            };
            // So much is not a status, but of another message.
            if *name == "status" && length > "{status}".len() {
                return None;
            }
            parts.push((*name, rest[..length].to_owned()));
            place += length + literal.len();
        }
        Some(Found { start, end: place, parts })
    }
}
