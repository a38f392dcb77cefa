//! The recipes for servers in Rust: what is printed is what `served_recipes` compiles. After a change of a recipe, run this with
//! `UPDATE_EXPECT=1`.

use std::path::Path;

use cors_doctor::recipes::{Grant, Server, Task};

const PAGE: &str = "http://localhost:5173";

/// Everything that a recipe can be about.
fn grant() -> Grant {
    Grant {
        origin: PAGE.to_owned(),
        credentials: true,
        methods: vec!["PUT".to_owned()],
        headers: vec!["content-type".to_owned()],
        exposed: vec!["etag".to_owned()],
    }
}

/// The text of a recipe in a block, whose value is the server or its application.
fn block(server: Server, value: &str) -> String {
    let mut code = server.recipe(Task::Allow, &grant()).code;
    if !value.is_empty() {
        code = format!("{code}\n\n{value}");
    }
    format!("{{\n    {}\n}}\n", code.replace('\n', "\n    ").replace("    \n", "\n"))
}

#[test]
fn what_is_printed_is_what_is_compiled() {
    for (server, value) in [(Server::ActixWebCors, ""), (Server::ActixCors, ""), (Server::TowerHttp, "app")] {
        let name = format!("{}.rs", server.name().replace('-', "_"));
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recipes").join(name);
        expect_test::expect_file![file].assert_eq(&block(server, value));
    }
}
