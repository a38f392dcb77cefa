//! The regions of a document that are written by a test.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

/// The regions by name.
pub(crate) type Regions = BTreeMap<String, String>;

/// Compares a document with what its regions have to say, or writes it (`UPDATE_EXPECT=1`).
pub(crate) fn check(name: &str, mut regions: Regions) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    let text = fs::read_to_string(&path).expect("the document");
    let filled = fill(&text, &mut regions);
    assert!(regions.is_empty(), "docs/{name} has no place for {:?}", regions.keys());
    expect_test::expect_file![path].assert_eq(&filled);
}

fn fill(text: &str, regions: &mut Regions) -> String {
    let (mut filled, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("<!-- rows: ") {
        let (name, after) = after.split_once(" -->\n").expect("a region has a name");
        let (_, after) = after.split_once("<!-- end -->").expect("a region has an end");
        let rows =
            regions.remove(name).unwrap_or_else(|| panic!("no test writes the region {name:?}, or twice"));
        let _ = write!(filled, "{before}<!-- rows: {name} -->\n\n{}\n\n<!-- end -->", rows.trim());
        rest = after;
    }
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

/// The body of a function in a module of this source, which rustfmt has formatted.
pub(crate) fn body<'a>(source: &'a str, module: &str, function: &str) -> String {
    let find = |text: &'a str, start: &str| -> &'a str {
        let (_, after) = text.split_once(start).unwrap_or_else(|| panic!("no {start:?} for {module}"));
        after
    };
    let module = find(source, &format!("mod {module} {{\n"));
    let function = find(find(module, &format!("pub(super) fn {function}(")), "{\n");
    let lines = function.lines().take_while(|line| *line != "    }");
    let lines: Vec<&str> = lines.map(|line| line.strip_prefix("        ").unwrap_or(line)).collect();
    lines.join("\n")
}

#[test]
fn a_region_is_replaced_and_the_rest_is_not() {
    let mut regions = Regions::from([("a".to_owned(), "new".to_owned())]);
    let filled = fill("x\n<!-- rows: a -->\nold\n<!-- end -->\ny\n", &mut regions);
    assert_eq!(filled, "x\n<!-- rows: a -->\n\nnew\n\n<!-- end -->\ny\n");
    assert!(regions.is_empty());
}
