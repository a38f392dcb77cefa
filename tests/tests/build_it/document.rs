//! The document as its reader sees it: sections, the files and changes in them, the commands, and what the reader should see.
//!
//! A block's caption is the line above it, in bold. A path names the file that the block is, or that it changes (`diff`);
//! other captions say where its text is shown. A block in `sh` is commands, and needs none. In a `<details>`, the
//! summary *The whole PATH* stands for a file that must be what the parts have made of it. A section whose title begins with
//! *Try it* is undone at its end.

use std::collections::BTreeMap;

/// Path to text.
pub(crate) type Files = BTreeMap<String, String>;

#[derive(Debug, Default)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) items: Vec<Item>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Commands(Vec<String>),
    File {
        path: String,
        text: String,
    },
    Change {
        path: String,
        diff: String,
    },
    /// A file that the parts before must have made.
    Whole {
        path: String,
        text: String,
    },
    Shown {
        caption: String,
        text: String,
    },
    /// What one browser shows.
    Browser {
        name: String,
        page: String,
        console: String,
    },
}

impl Section {
    pub(crate) fn is_undone(&self) -> bool {
        self.title.starts_with("Try it")
    }

    /// The texts shown under this caption, in order.
    pub(crate) fn shown(&self, wanted: &str) -> Vec<&str> {
        let shown = self.items.iter().filter_map(|item| match item {
            Item::Shown { caption, text } if caption == wanted => Some(text.as_str()),
            _ => None,
        });
        shown.collect()
    }

    /// What the page and the console of this browser show.
    pub(crate) fn browser(&self, wanted: &str) -> Option<(&str, &str)> {
        self.items.iter().find_map(|item| match item {
            Item::Browser { name, page, console } if name == wanted => {
                Some((page.as_str(), console.as_str()))
            }
            _ => None,
        })
    }
}

/// # Errors
///
/// If a block has no caption, so that nobody would check it.
pub(crate) fn parse(markdown: &str) -> Result<Vec<Section>, String> {
    let mut sections = vec![Section::default()];
    let mut above = "";
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        let last = sections.last_mut().ok_or("no section")?;
        if let Some(title) = line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")) {
            sections.push(Section { title: title.to_owned(), items: Vec::new() });
        } else if let Some(language) = line.strip_prefix("```") {
            let text: String =
                lines.by_ref().take_while(|line| *line != "```").flat_map(|line| [line, "\n"]).collect();
            last.items.push(item(language, above, text)?);
        } else if let Some(browser) = browser(line) {
            last.items.push(browser);
        }
        if !line.is_empty() {
            above = line;
        }
    }
    Ok(sections)
}

fn item(language: &str, above: &str, text: String) -> Result<Item, String> {
    if language == "sh" {
        return Ok(Item::Commands(text.lines().map(str::to_owned).collect()));
    }
    let between = |start, end| above.strip_prefix(start).and_then(|rest: &str| rest.strip_suffix(end));
    if let Some(path) = between("<summary>The whole <code>", "</code></summary>") {
        return Ok(Item::Whole { path: path.to_owned(), text });
    }
    let Some(caption) = between("**", "**") else {
        return Err(format!("the block under {above:?} has no caption: {text}"));
    };
    let is_path = caption.len() > 2 && caption.starts_with('`') && caption.ends_with('`');
    let path = caption.trim_matches('`').to_owned();
    Ok(match (is_path, language) {
        (true, "diff") => Item::Change { path, diff: text },
        (true, _) => Item::File { path, text },
        (false, _) => Item::Shown { caption: caption.to_owned(), text },
    })
}

/// ``| Firefox | `the page` | `the console` |``
fn browser(line: &str) -> Option<Item> {
    let cells: Vec<_> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
    let [name, page, console] = cells[..] else { return None };
    let code = |cell: &str| Some(cell.strip_prefix('`')?.strip_suffix('`')?.to_owned());
    Some(Item::Browser { name: name.to_owned(), page: code(page)?, console: code(console)? })
}

/// Does to the files what a reader does for this item.
///
/// # Errors
///
/// If the reader could not.
pub(crate) fn apply(files: &mut Files, item: &Item) -> Result<(), String> {
    match item {
        Item::File { path, text } => drop(files.insert(path.clone(), text.clone())),
        Item::Change { path, diff } => {
            let file = files.get_mut(path).ok_or_else(|| format!("{path} changes before it is there"))?;
            *file = changed(file, diff).map_err(|why| format!("{path}: {why}\n{diff}"))?;
        }
        Item::Whole { path, text } => {
            let made = files.get(path).map_or("", String::as_str);
            if made != text {
                return Err(format!("the parts make of {path}:\n{made}\nand the whole is:\n{text}"));
            }
        }
        Item::Commands(_) | Item::Shown { .. } | Item::Browser { .. } => {}
    }
    Ok(())
}

/// Does what a reader does from the first section to the last, without Cargo.
///
/// # Errors
///
/// If a change can't be made, or the parts don't make the whole.
pub(crate) fn read(sections: &[Section]) -> Result<(), String> {
    let mut files = Files::new();
    for section in sections {
        let before = files.clone();
        for item in &section.items {
            apply(&mut files, item).map_err(|why| format!("## {}\n{why}", section.title))?;
        }
        if section.is_undone() {
            files = before;
        }
    }
    Ok(())
}

/// The file with the change: the lines with a space or a minus are looked for, and become those with a space or a plus.
fn changed(file: &str, diff: &str) -> Result<String, String> {
    let (mut old, mut new) = (String::from("\n"), String::from("\n"));
    for line in diff.lines() {
        let (sign, text) = line.split_at_checked(1).unwrap_or((" ", ""));
        match sign {
            " " => [&mut old, &mut new].into_iter().for_each(|side| side.extend([text, "\n"])),
            "-" => old.extend([text, "\n"]),
            "+" => new.extend([text, "\n"]),
            _ => return Err(format!("{line:?} is not a line of a change")),
        }
    }
    if old == new {
        return Err("it changes nothing".to_owned());
    }
    // From the start of a line on.
    let file = format!("\n{file}");
    match file.matches(&old).count() {
        1 => Ok(file.replacen(&old, &new, 1)[1..].to_owned()),
        count => Err(format!("its lines are in the file {count} times")),
    }
}

/// What a block without its place, or a change that can't be made, comes to.
pub(crate) fn is_read_as_a_reader_reads() -> Result<(), String> {
    let file = "a\nb\na\nc\n";
    let rows = [
        (" a\n-b\n", Ok("a\na\nc\n")),
        (" a\n+d\n c\n", Ok("a\nb\na\nd\nc\n")),
        ("-a\n", Err("its lines are in the file 2 times")),
        ("-d\n", Err("its lines are in the file 0 times")),
        (" a\n b\n", Err("it changes nothing")),
        ("a\n", Err(r#""a" is not a line of a change"#)),
    ];
    for (diff, wanted) in rows {
        let got = changed(file, diff);
        if got.as_deref().map_err(String::as_str) != wanted {
            return Err(format!("{diff:?} makes {got:?}"));
        }
    }
    let lost = parse("text\n\n```rust\nfn main() {}\n```\n");
    if lost.is_ok() {
        return Err(format!("a block without a caption is {lost:?}"));
    }
    let sections =
        parse("## One\n\n**`a.rs`**\n\n```rust\nb\n```\n\n```sh\nls\n```\n\n| Safari | `p` | `c` |\n")?;
    let wanted = [
        Item::File { path: "a.rs".to_owned(), text: "b\n".to_owned() },
        Item::Commands(vec!["ls".to_owned()]),
        Item::Browser { name: "Safari".to_owned(), page: "p".to_owned(), console: "c".to_owned() },
    ];
    if sections[1].items == wanted { Ok(()) } else { Err(format!("{sections:?}")) }
}
