//! Writes `docs/tutorial.md` from the Lab's lessons.

use std::{error::Error, fs};

use demo_backend::tutorial::{paths, tutorial};

fn main() -> Result<(), Box<dyn Error>> {
    let (lessons, text) = paths();
    fs::write(&text, tutorial(&fs::read_to_string(lessons)?)?)?;
    println!("docs/tutorial.md is written");
    Ok(())
}
