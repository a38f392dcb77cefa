//! Splits a command line into words, as bash and as Windows' `cmd` with the C runtime do. Nothing is expanded: a `$NAME`
//! stays as it is.

use super::PasteError;

/// The words of a command line, up to the end of the first command.
pub(super) fn words(text: &str) -> Result<Vec<String>, PasteError> {
    if is_cmd(text) { Ok(cmd_words(text)) } else { bash_words(text) }
}

/// Whether a caret escapes or continues a line somewhere, which it does only in `cmd`, or a quotation mark is doubled. There,
/// single quotation marks quote nothing.
fn is_cmd(text: &str) -> bool {
    let first = text.trim_start().split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start());
    let escapes = ["^\"", "^&", "^{", "^%", "^\\", "{\"\"", "\"\":"];
    !first.starts_with(['\'', '$'])
        && (escapes.iter().any(|escape| text.contains(escape))
            || text.lines().any(|line| line.trim_end().ends_with(" ^")))
}

fn bash_words(text: &str) -> Result<Vec<String>, PasteError> {
    let mut words = Vec::new();
    // `None` between words; an empty pair of quotes makes an empty word.
    let mut word: Option<String> = None;
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\\' | '`' if matches!(rest.peek(), Some('\n')) => {
                rest.next();
            }
            '\\' if matches!(rest.peek(), Some('\r')) => {
                rest.next();
                rest.next_if_eq(&'\n');
            }
            '\\' => word.get_or_insert_default().extend(rest.next()),
            '\'' => single_quoted(&mut rest, word.get_or_insert_default())?,
            '"' => double_quoted(&mut rest, word.get_or_insert_default())?,
            '$' if matches!(rest.peek(), Some('\'')) => {
                rest.next();
                ansi_c_quoted(&mut rest, word.get_or_insert_default())?;
            }
            // A translated string, which nobody translates.
            '$' if matches!(rest.peek(), Some('"')) => {}
            '\n' => {
                words.extend(word.take());
                // A command may be pasted without the backslashes at the ends of its lines, or with a blank line before it.
                while rest.next_if(|next| next.is_whitespace()).is_some() {}
                if !words.is_empty() && rest.peek() != Some(&'-') {
                    break;
                }
            }
            _ if character.is_whitespace() => words.extend(word.take()),
            // The command ends; an `&` within a word is of a URL that somebody forgot to quote.
            '|' | ';' | '&' | '>' | '<' if word.is_none() => break,
            ';' if rest.peek().is_none_or(|next| next.is_whitespace()) => break,
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    Ok(words)
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn unclosed(quote: &str) -> PasteError {
    PasteError::new(format!(
        "the command line has an opening {quote} without a closing one. Paste the whole command, to its last line"
    ))
}

fn single_quoted(rest: &mut Rest<'_>, word: &mut String) -> Result<(), PasteError> {
    for character in rest.by_ref() {
        if character == '\'' {
            return Ok(());
        }
        word.push(character);
    }
    Err(unclosed("'"))
}

fn double_quoted(rest: &mut Rest<'_>, word: &mut String) -> Result<(), PasteError> {
    while let Some(character) = rest.next() {
        match character {
            '"' => return Ok(()),
            '\\' => match rest.next() {
                Some('\n') => {}
                Some(escaped @ ('"' | '\\' | '$' | '`' | '!')) => word.push(escaped),
                Some(other) => word.extend(['\\', other]),
                None => break,
            },
            _ => word.push(character),
        }
    }
    Err(unclosed("\""))
}

/// <https://www.gnu.org/software/bash/manual/html_node/ANSI_002dC-Quoting.html>
fn ansi_c_quoted(rest: &mut Rest<'_>, word: &mut String) -> Result<(), PasteError> {
    // `\x` escapes are bytes, several of which may make one character.
    let mut bytes = Vec::new();
    let closed = loop {
        let Some(character) = rest.next() else { break false };
        match character {
            '\'' => break true,
            '\\' => match rest.next() {
                None => break false,
                Some('n') => bytes.push(b'\n'),
                Some('r') => bytes.push(b'\r'),
                Some('t') => bytes.push(b'\t'),
                Some('a') => bytes.push(7),
                Some('b') => bytes.push(8),
                Some('e' | 'E') => bytes.push(27),
                Some('f') => bytes.push(12),
                Some('v') => bytes.push(11),
                Some('x') => bytes.extend(number(rest, 16, 2, 0).map(low_byte)),
                Some('u') => push_char(&mut bytes, number(rest, 16, 4, 0)),
                Some('U') => push_char(&mut bytes, number(rest, 16, 8, 0)),
                Some(digit @ '0'..='7') => {
                    let first = digit.to_digit(8).unwrap_or_default();
                    bytes.extend(number(rest, 8, 2, first).or(Some(first)).map(low_byte));
                }
                Some(other) => push_char(&mut bytes, Some(other.into())),
            },
            _ => push_char(&mut bytes, Some(character.into())),
        }
    };
    word.push_str(&String::from_utf8_lossy(&bytes));
    if closed { Ok(()) } else { Err(unclosed("$'")) }
}

fn low_byte(number: u32) -> u8 {
    (number & 0xff) as u8
}

fn push_char(bytes: &mut Vec<u8>, code: Option<u32>) {
    let character = code.map_or('\u{fffd}', |code| char::from_u32(code).unwrap_or('\u{fffd}'));
    bytes.extend(character.encode_utf8(&mut [0; 4]).bytes());
}

/// Up to `most` digits; none if there is not one.
fn number(rest: &mut Rest<'_>, radix: u32, most: usize, start: u32) -> Option<u32> {
    let mut value = None;
    for _ in 0..most {
        let Some(digit) = rest.peek().and_then(|next| next.to_digit(radix)) else { break };
        rest.next();
        value = Some(value.unwrap_or(start).wrapping_mul(radix).wrapping_add(digit));
    }
    value
}

fn cmd_words(text: &str) -> Vec<String> {
    c_runtime_words(&without_carets(text))
}

/// What browsers mean `cmd` to pass on: a caret makes the next character an ordinary one; at the end of a line it continues the
/// line. Inside of quotation marks `cmd` itself keeps carets, but for years Chromium escaped there, too, and doubled those of
/// the request.
fn without_carets(text: &str) -> String {
    let mut line = String::new();
    let mut is_quoted = false;
    let text = text.replace("\r\n", "\n");
    let mut rest = text.trim().chars();
    while let Some(character) = rest.next() {
        match character {
            '"' => {
                is_quoted = !is_quoted;
                line.push('"');
            }
            '^' => match rest.next() {
                // The character after the line break is an ordinary one, too, even if it is another line break.
                Some('\n') => line.extend(rest.next()),
                next => line.extend(next),
            },
            '\n' if !is_quoted => break,
            _ => line.push(character),
        }
    }
    line
}

/// <https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments>
fn c_runtime_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut is_quoted = false;
    let mut rest = line.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\\' => {
                let mut backslashes = 1;
                while rest.next_if_eq(&'\\').is_some() {
                    backslashes += 1;
                }
                let word = word.get_or_insert_default();
                if rest.peek() == Some(&'"') {
                    word.extend(std::iter::repeat_n('\\', backslashes / 2));
                    if backslashes % 2 == 1 {
                        rest.next();
                        word.push('"');
                    }
                } else {
                    word.extend(std::iter::repeat_n('\\', backslashes));
                }
            }
            '"' if is_quoted && rest.peek() == Some(&'"') => {
                rest.next();
                word.get_or_insert_default().push('"');
            }
            '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            _ if character.is_whitespace() && !is_quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_the_shell_does() {
        let rows: &[(&str, &[&str])] = &[
            ("curl 'a b' c", &["curl", "a b", "c"]),
            ("curl 'it'\\''s'", &["curl", "it's"]),
            ("curl $'it\\'s \\u0041\\n\\x41\\101'", &["curl", "it's A\nAA"]),
            (r"curl $'\xc3\xa9'", &["curl", "é"]),
            ("curl \"a\\\"b\\n$x\"", &["curl", "a\"b\\n$x"]),
            ("curl a \\\n  -H b", &["curl", "a", "-H", "b"]),
            ("curl a \\\r\n  -H b", &["curl", "a", "-H", "b"]),
            ("curl a\n  -H b\nls", &["curl", "a", "-H", "b"]),
            ("curl http://a/?b=1&c=2 | jq .", &["curl", "http://a/?b=1&c=2"]),
            ("curl ''", &["curl", ""]),
            ("curl a; ls", &["curl", "a"]),
            ("curl a && ls", &["curl", "a"]),
            // cmd, as browsers wrote it over the years.
            (
                "curl \"http://a/\" --data-binary \"^{^\\^\"name^\\^\":^\\^\"hello world^\\^\",^\\^\"ids^\\^\":^[^]^}\" --compressed",
                &[
                    "curl",
                    "http://a/",
                    "--data-binary",
                    "{\"name\":\"hello world\",\"ids\":[]}",
                    "--compressed",
                ],
            ),
            ("curl \"http://a/\" --data \"a=b^&c=d^&e=f\"", &["curl", "http://a/", "--data", "a=b&c=d&e=f"]),
            (
                "curl \"http://a/\" --data \"{\"\"b\"\":true}\"",
                &["curl", "http://a/", "--data", "{\"b\":true}"],
            ),
            (
                "curl \"http://a/\"   -H \"sec-ch-ua: ^\\^\"Chromium^\\^\";v=^\\^\"107^\\^\"\"   -H \"x: y\"",
                &["curl", "http://a/", "-H", "sec-ch-ua: \"Chromium\";v=\"107\"", "-H", "x: y"],
            ),
            ("curl 'http://a/' -d 'x^&y^\"z'", &["curl", "http://a/", "-d", "x^&y^\"z"]),
            ("curl ^\"http://a/?b^=1^\" ^\n -H ^\"x: y^\"", &["curl", "http://a/?b=1", "-H", "x: y"]),
            ("curl ^\"http://a/^\" ^\r\n  -H ^\"x: y^\"", &["curl", "http://a/", "-H", "x: y"]),
            (
                "curl ^\"http://a/^\" ^\n --data-raw ^\"^{^\\^\"a^\\^\":1^}^\"",
                &["curl", "http://a/", "--data-raw", "{\"a\":1}"],
            ),
            ("curl ^\"a^\n\nb^\"", &["curl", "a\nb"]),
            ("curl \"a\" ^\n -d \"{\"\"b\"\":1}\"", &["curl", "a", "-d", "{\"b\":1}"]),
            ("curl ^\"http://a/?q=50^%^25^&r=1^\"", &["curl", "http://a/?q=50%25&r=1"]),
        ];
        for (text, expected) in rows {
            assert_eq!(words(text).expect("words"), *expected, "{text}");
        }
    }

    #[test]
    fn an_open_quote_is_an_error() {
        for text in ["curl 'a", "curl \"a", "curl $'a", "curl \"a\\"] {
            assert!(words(text).unwrap_err().to_string().contains("without a closing one"), "{text}");
        }
    }
}
