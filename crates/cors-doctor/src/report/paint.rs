//! Colours of a terminal, or none.

/// Whether to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paint {
    /// Whether escape sequences are written.
    pub is_on: bool,
}

impl Paint {
    fn in_style(self, style: &str, text: &str) -> String {
        if self.is_on { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// For what stands out.
    pub fn bold(self, text: &str) -> String {
        self.in_style("1", text)
    }

    /// For what is less important; it stays readable on light and on dark.
    pub fn faint(self, text: &str) -> String {
        self.in_style("2", text)
    }

    /// For what is right.
    pub fn good(self, text: &str) -> String {
        self.in_style("1;32", text)
    }

    /// For what is wrong.
    pub fn bad(self, text: &str) -> String {
        self.in_style("1;31", text)
    }

    /// For what is open.
    pub fn open(self, text: &str) -> String {
        self.in_style("1;35", text)
    }
}
