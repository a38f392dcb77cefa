//! The document is the one that the data makes.

use expect_test::expect_file;

#[test]
fn console_messages() {
    expect_file!["../../../docs/console-messages.md"].assert_eq(&cors_doctor::explain::document());
}
