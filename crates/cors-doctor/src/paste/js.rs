//! The part of JavaScript that a copied `fetch()` call is made of: literals, `JSON.stringify` and a few constructors. What is
//! an expression stays one, with its text; nothing is evaluated.

use super::{PasteError, excerpt};

/// A value in the source.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Js {
    /// `null` or `undefined`.
    Nothing,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Js>),
    Object(Vec<(String, Js)>),
    /// `JSON.stringify(…)`, `new Headers(…)`: the name as it is written, and the first argument.
    Call(String, Box<Js>),
    /// Anything else, as it is written.
    Expression(String),
}

/// How deeply values may be nested; a request's options are nested twice.
const MAX_DEPTH: usize = 64;

pub(super) struct Parser<'a> {
    text: &'a str,
    place: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, place: 0, depth: 0 }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.place..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.place += character.len_utf8();
        Some(character)
    }

    fn eat(&mut self, expected: char) -> bool {
        self.skip_space();
        let found = self.peek() == Some(expected);
        if found {
            self.place += expected.len_utf8();
        }
        found
    }

    /// Spaces and comments.
    fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.place += rest.len() - trimmed.len();
            let skipped = if trimmed.starts_with("//") {
                trimmed.find('\n').unwrap_or(trimmed.len())
            } else if trimmed.starts_with("/*") {
                trimmed.find("*/").map_or(trimmed.len(), |end| end + 2)
            } else {
                return;
            };
            self.place += skipped;
        }
    }

    fn error(&self, what: &str) -> PasteError {
        let line = self.text.get(..self.place).unwrap_or(self.text).matches('\n').count() + 1;
        let near = excerpt(self.rest().lines().next().unwrap_or_default());
        PasteError::new(format!(
            "line {line} of the fetch() call: {what} (near \"{near}\"). Paste the whole call, as \"Copy as fetch\" writes it"
        ))
    }

    /// The arguments between parentheses, the first of which has been read.
    pub(super) fn arguments(&mut self) -> Result<Vec<Js>, PasteError> {
        let mut arguments = Vec::new();
        loop {
            if self.eat(')') {
                return Ok(arguments);
            }
            arguments.push(self.value()?);
            if !self.eat(',') {
                return if self.eat(')') {
                    Ok(arguments)
                } else {
                    Err(self.error("a ) or a comma is missing"))
                };
            }
        }
    }

    fn value(&mut self) -> Result<Js, PasteError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error("the values are nested too deeply"));
        }
        self.skip_space();
        let start = self.place;
        let value = match self.peek() {
            None => Err(self.error("the call ends before its last value")),
            Some('"' | '\'') => self.string().map(Js::Text),
            Some('`') => self.template(),
            Some('{') => self.object(),
            Some('[') => self.list(),
            Some(character) if character.is_ascii_digit() || character == '-' => Ok(self.number()),
            Some(character) if is_name(character) => self.word(),
            Some(_) => Ok(Js::Expression(String::new())),
        }?;
        self.skip_space();
        // What follows makes an expression of it, unless it is one string after another.
        let value = match self.peek() {
            None | Some(',' | ')' | ']' | '}' | ';') => Ok(value),
            Some('+') if matches!(value, Js::Text(_)) => self.concatenated(&value, start),
            Some(_) => self.expression(start),
        };
        self.depth -= 1;
        value
    }

    fn concatenated(&mut self, first: &Js, start: usize) -> Result<Js, PasteError> {
        let after_first = self.place;
        self.next();
        let second = self.value()?;
        if let (Js::Text(first), Js::Text(second)) = (first, &second) {
            return Ok(Js::Text(format!("{first}{second}")));
        }
        self.place = after_first;
        self.expression(start)
    }

    /// Reads up to the end of the argument, whatever it is.
    fn expression(&mut self, start: usize) -> Result<Js, PasteError> {
        let mut open = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                None if !open.is_empty() => {
                    return Err(self.error("the call ends before its last parenthesis is closed"));
                }
                None => break,
                Some(',' | ';') if open.is_empty() => break,
                Some('"' | '\'') => {
                    self.string()?;
                }
                Some('`') => {
                    self.template()?;
                }
                Some(bracket @ ('(' | '[' | '{')) => {
                    open.push(bracket);
                    self.next();
                }
                Some(')' | ']' | '}') => {
                    if open.pop().is_none() {
                        break;
                    }
                    self.next();
                }
                Some(_) => {
                    self.next();
                }
            }
        }
        Ok(Js::Expression(self.text.get(start..self.place).unwrap_or_default().trim().to_owned()))
    }

    fn number(&mut self) -> Js {
        let start = self.place;
        while self.peek().is_some_and(|next| next.is_ascii_alphanumeric() || "-+._".contains(next)) {
            self.next();
        }
        Js::Number(self.text.get(start..self.place).unwrap_or_default().to_owned())
    }

    /// A name, a path of names, or a call of one.
    fn word(&mut self) -> Result<Js, PasteError> {
        let start = self.place;
        let mut name = self.name();
        while name == "new" || name == "await" {
            self.skip_space();
            name = self.name();
        }
        while self.peek() == Some('.') {
            self.next();
            name.push('.');
            name.push_str(&self.name());
        }
        match name.as_str() {
            "null" | "undefined" => return Ok(Js::Nothing),
            "true" => return Ok(Js::Bool(true)),
            "false" => return Ok(Js::Bool(false)),
            "JSON.stringify" | "Headers" | "URLSearchParams" | "FormData" | "Blob" | "URL" | "String" => {}
            _ => return self.expression(start),
        }
        if !self.eat('(') {
            return self.expression(start);
        }
        let first = self.arguments()?.into_iter().next().unwrap_or(Js::Nothing);
        Ok(Js::Call(name, Box::new(first)))
    }

    fn name(&mut self) -> String {
        let start = self.place;
        while self.peek().is_some_and(is_name)
            || self.place > start && self.peek().is_some_and(|next| next.is_ascii_digit())
        {
            self.next();
        }
        self.text.get(start..self.place).unwrap_or_default().to_owned()
    }

    fn list(&mut self) -> Result<Js, PasteError> {
        self.next();
        let mut list = Vec::new();
        loop {
            if self.eat(']') {
                return Ok(Js::List(list));
            }
            list.push(self.value()?);
            if !self.eat(',') {
                return if self.eat(']') {
                    Ok(Js::List(list))
                } else {
                    Err(self.error("a ] or a comma is missing"))
                };
            }
        }
    }

    fn object(&mut self) -> Result<Js, PasteError> {
        self.next();
        let mut members = Vec::new();
        loop {
            if self.eat('}') {
                return Ok(Js::Object(members));
            }
            self.skip_space();
            let start = self.place;
            let key = match self.peek() {
                Some('"' | '\'') => self.string()?,
                Some('.') => {
                    // `...options`: what it spreads is not known.
                    self.expression(start)?;
                    self.eat(',');
                    continue;
                }
                Some(character) if is_name(character) => self.name(),
                Some(character) if character.is_ascii_digit() => match self.number() {
                    Js::Number(number) => number,
                    _ => String::new(),
                },
                _ => return Err(self.error("a name of a member, or a }, is missing")),
            };
            // `{ method }` is short for `{ method: method }`.
            let value = if self.eat(':') { self.value()? } else { Js::Expression(key.clone()) };
            members.push((key, value));
            if !self.eat(',') {
                return if self.eat('}') {
                    Ok(Js::Object(members))
                } else {
                    Err(self.error("a } or a comma is missing"))
                };
            }
        }
    }

    /// <https://tc39.es/ecma262/#sec-literals-string-literals>
    fn string(&mut self) -> Result<String, PasteError> {
        let quote = self.next();
        let mut units = Units::default();
        loop {
            match self.next() {
                None | Some('\n') => return Err(self.error("a string has no closing quotation mark")),
                character if character == quote => return Ok(units.finish()),
                Some('\\') => self.escape(&mut units),
                Some(character) => units.push(character),
            }
        }
    }

    fn template(&mut self) -> Result<Js, PasteError> {
        let start = self.place;
        self.next();
        let mut units = Units::default();
        let mut is_expression = false;
        loop {
            match self.next() {
                None => return Err(self.error("a template has no closing backtick")),
                Some('`') => break,
                Some('\\') => self.escape(&mut units),
                Some('$') if self.peek() == Some('{') => {
                    is_expression = true;
                    let mut open = 0;
                    while let Some(character) = self.next() {
                        match character {
                            '{' => open += 1,
                            '}' => open -= 1,
                            _ => {}
                        }
                        if open == 0 {
                            break;
                        }
                    }
                }
                Some(character) => units.push(character),
            }
        }
        if is_expression {
            return Ok(Js::Expression(self.text.get(start..self.place).unwrap_or_default().to_owned()));
        }
        Ok(Js::Text(units.finish()))
    }

    fn escape(&mut self, units: &mut Units) {
        match self.next() {
            Some('n') => units.push('\n'),
            Some('r') => units.push('\r'),
            Some('t') => units.push('\t'),
            Some('b') => units.push('\u{8}'),
            Some('f') => units.push('\u{c}'),
            Some('v') => units.push('\u{b}'),
            Some('0') => units.push('\0'),
            Some('x') => units.push_unit(self.hex(2)),
            Some('u') if self.peek() == Some('{') => {
                self.next();
                let code = self.hex(6);
                if self.peek() == Some('}') {
                    self.next();
                }
                units.push(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            Some('u') => units.push_unit(self.hex(4)),
            Some('\n') | None => {}
            Some(other) => units.push(other),
        }
    }

    fn hex(&mut self, most: usize) -> u32 {
        let mut value = 0;
        for _ in 0..most {
            let Some(digit) = self.peek().and_then(|next| next.to_digit(16)) else { break };
            self.next();
            value = value * 16 + digit;
        }
        value
    }
}

fn is_name(character: char) -> bool {
    character.is_alphabetic() || character == '_' || character == '$'
}

/// Strings are of UTF-16 in JavaScript: two escapes may make one character.
#[derive(Default)]
struct Units(Vec<u16>);

impl Units {
    fn push(&mut self, character: char) {
        self.0.extend_from_slice(character.encode_utf16(&mut [0; 2]));
    }

    fn push_unit(&mut self, unit: u32) {
        self.0.push((unit & 0xffff) as u16);
    }

    fn finish(self) -> String {
        String::from_utf16_lossy(&self.0)
    }
}
