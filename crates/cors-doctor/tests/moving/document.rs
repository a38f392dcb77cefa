//! The regions of a document that are written by a test.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

/// The regions by name.
pub(crate) type Regions = BTreeMap<String, String>;

/// Compares a document with what its regions have to say, or writes it (`UPDATE_EXPECT=1`). It has to name every option of the
/// other library.
pub(crate) fn check(name: &str, mut regions: Regions, options: &[&str]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    let text = fs::read_to_string(&path).expect("the document");
    let filled = fill(&text, &mut regions);
    assert!(regions.is_empty(), "docs/{name} has no place for {:?}", regions.keys());
    for option in options {
        assert!(names(&filled, option), "docs/{name} does not say what becomes of {option}");
    }
    expect_test::expect_file![path].assert_eq(&filled);
}

/// Whether a text has this as a word of its own.
fn names(text: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    text.split(|character| !is_part(character)).any(|found| found == word)
}

/// With which versions the tables were measured.
pub(crate) fn measured(library: &str, version: &str) -> String {
    format!(
        "Every table here is written by a test that runs `{library}` {version} and this library on the same requests
(`crates/cors-doctor/tests/moving`). *Read* and *blocked* are what a page's script gets, by the library's model of a browser."
    )
}

/// The version of a crate in `Cargo.lock`.
pub(crate) fn locked(library: &str) -> &'static str {
    let lock = include_str!("../../../../Cargo.lock");
    let (_, after) = lock.split_once(&format!("name = \"{library}\"\nversion = \"")).expect("the crate");
    after.split_once('"').expect("its version").0
}

fn fill(text: &str, regions: &mut Regions) -> String {
    let (mut filled, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("<!-- rows: ") {
        assert!(!before.contains("```"), "code that nothing tries: {before}");
        let (name, after) = after.split_once(" -->\n").expect("a region has a name");
        let (_, after) = after.split_once("<!-- end -->").expect("a region has an end");
        let rows =
            regions.remove(name).unwrap_or_else(|| panic!("no test writes the region {name:?}, or twice"));
        let _ = write!(filled, "{before}<!-- rows: {name} -->\n\n{}\n\n<!-- end -->", rows.trim());
        rest = after;
    }
    assert!(!rest.contains("```"), "code that nothing tries: {rest}");
    filled + rest
}

/// A table of Markdown.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    let rule = format!("|{}\n", "---|".repeat(head.len()));
    let escaped = |row: &Vec<String>| row.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>();
    let rows: String = rows.iter().map(|row| line(&escaped(row))).collect();
    line(&head) + &rule + &rows
}

/// An expression as a line, without what it begins with.
pub(crate) fn code(text: &str, start: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace(" .", ".");
    // rustfmt puts what is too long for a line between braces.
    let text = text.strip_prefix("{ ").and_then(|text| text.strip_suffix(" }")).unwrap_or(&text);
    match text.strip_prefix(start).unwrap_or(text) {
        "" => "nothing".to_owned(),
        code => format!("`{code}`"),
    }
}

/// The bodies of a module's functions `theirs` and `ours`, as one block.
pub(crate) fn side_by_side(library: &str, source: &str, module: &str) -> String {
    let (theirs, ours) = (body(source, module, "theirs"), body(source, module, "ours"));
    format!("```rust\n// {library}\n{theirs}\n\n// actix-web-cors\n{ours}\n```")
}

/// The dependencies, by major and minor version, instead of `theirs`.
pub(crate) fn manifest(theirs: &str) -> String {
    let (ours, _) = locked("actix-web-cors").rsplit_once('.').expect("a version");
    format!(
        "```toml
[dependencies]
# Was: {theirs}
actix-web-cors = \"{ours}\"

[dev-dependencies]
actix-web-cors = {{ version = \"{ours}\", features = [\"testing\"] }}
```"
    )
}

/// The line of a manifest for a crate in `Cargo.lock`.
pub(crate) fn dependency(library: &str) -> String {
    let (minor, _) = locked(library).rsplit_once('.').expect("a version");
    format!("{library} = \"{minor}\"")
}

/// The body of a function in a module of this source, which rustfmt has formatted.
pub(crate) fn body<'a>(source: &'a str, module: &str, function: &str) -> String {
    let find = |text: &'a str, start: &str| -> &'a str {
        let (_, after) = text.split_once(start).unwrap_or_else(|| panic!("no {start:?} for {module}"));
        after
    };
    let module = find(source, &format!("mod {module} {{\n"));
    let function = find(find(module, &format!("fn {function}(")), "{\n");
    let lines = function.lines().take_while(|line| *line != "    }");
    let lines: Vec<&str> = lines.map(|line| line.strip_prefix("        ").unwrap_or(line)).collect();
    lines.join("\n")
}

pub(crate) fn code_outside_of_a_region_is_an_error() {
    let panic = crate::panic_of(|| fill("```rust\nx\n```\n", &mut Regions::new())).expect("an error");
    assert!(panic.starts_with("code that nothing tries"), "{panic}");
}

pub(crate) fn an_option_is_a_word() {
    assert!(names("`.max_age(1)`", "max_age"));
    assert!(!names("`.with_max_age(1)`", "max_age"));
}

pub(crate) fn a_region_is_replaced_and_the_rest_is_not() {
    let mut regions = Regions::from([("a".to_owned(), "new".to_owned())]);
    let filled = fill("x\n<!-- rows: a -->\nold\n<!-- end -->\ny\n", &mut regions);
    assert_eq!(filled, "x\n<!-- rows: a -->\n\nnew\n\n<!-- end -->\ny\n");
    assert!(regions.is_empty());
}
