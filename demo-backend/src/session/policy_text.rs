//! Reads the policy's file, whatever stands at its path: nothing there is waited for, and no more is read than a policy can have.

use std::{
    fs::{File, FileType, Metadata, OpenOptions},
    io::{self, Read as _},
    path::Path,
};

/// The most bytes of a policy's file: about twenty thousand origins.
pub(super) const MAX_BYTES: u64 = 1024 * 1024;

/// The file's text, or why there is none, in words.
pub(super) fn read_text(path: &Path) -> Result<String, String> {
    // Looked at twice: opening a device can make it act, and the path may lead elsewhere by the time it is opened.
    check(&path.metadata().map_err(|error| why_missing(path, &error))?)?;
    let file = open(path).map_err(|error| error.to_string())?;
    check(&file.metadata().map_err(|error| error.to_string())?)?;
    // A file can grow while it is read.
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(too_large());
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text; save it as UTF-8".to_owned())
}

fn check(metadata: &Metadata) -> Result<(), String> {
    if !metadata.is_file() {
        Err(format!("it is {}; name a file, such as cors.toml", name_of(metadata.file_type())))
    } else if metadata.len() > MAX_BYTES {
        Err(too_large())
    } else {
        Ok(())
    }
}

fn too_large() -> String {
    format!("it has more than {MAX_BYTES} bytes, the most that the Lab reads of a policy")
}

fn why_missing(path: &Path, error: &io::Error) -> String {
    match path.read_link() {
        Ok(target) if error.kind() == io::ErrorKind::NotFound => {
            format!("it is a link to {}, which does not exist", target.display())
        }
        _ => error.to_string(),
    }
}

/// Opens it without waiting, if somebody has put a pipe there meanwhile.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(unix)]
fn name_of(file_type: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;

    match file_type {
        kind if kind.is_dir() => "a folder",
        kind if kind.is_fifo() => "a pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    }
}

#[cfg(not(unix))]
fn name_of(file_type: FileType) -> &'static str {
    if file_type.is_dir() { "a folder" } else { "not a regular file" }
}
