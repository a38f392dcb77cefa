//! The policy's file by every way that leads to it: what is saved there comes into force, and what is not a file changes
//! nothing, is said, and holds nothing up.
#![cfg(unix)]

mod program;

use std::{
    fs::{self, File},
    io::ErrorKind,
    os::unix::{
        fs::{PermissionsExt as _, symlink},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc,
    thread,
};

use demo_backend::{
    Output,
    session::policy_file::{PolicyFile, PolicyFileError, PolicyFileStatus},
};
use program::{PATIENCE, eventually};

fn policy(origin: &str) -> String {
    format!("allow_origins = [\"https://{origin}.example\"]\n")
}

fn write(path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
    fs::write(path, text).expect("the file can be written");
}

fn link(target: &str, path: impl AsRef<Path>) {
    symlink(target, path).expect("a link can be made");
}

fn folder(path: impl AsRef<Path>) {
    fs::create_dir_all(path).expect("a folder can be made");
}

fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) {
    fs::rename(from, to).expect("it can be renamed");
}

/// Reads the file, even one that would be waited for without end.
fn open(path: &Path) -> Result<PolicyFile, PolicyFileError> {
    let (tell, told) = mpsc::channel();
    let path = path.to_owned();
    let shown = path.display().to_string();
    thread::spawn(move || tell.send(PolicyFile::open(&path)));
    told.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{shown} is waited for"))
}

/// Waits for a status.
fn status(file: &PolicyFile, holds: impl Fn(&PolicyFileStatus) -> bool) -> PolicyFileStatus {
    eventually(|| Some(file.status()).filter(&holds)).unwrap_or_else(|| panic!("{:#?}", file.status()))
}

fn allows(status: &PolicyFileStatus, origin: &str) -> bool {
    status.problem.is_none() && status.config.allow_origins == [format!("https://{origin}.example")]
}

/// Most of a row's time is waiting.
fn in_parallel<T: Sync>(rows: &[T], check: impl Fn(&T) + Sync) {
    thread::scope(|scope| {
        for row in rows {
            scope.spawn(|| check(row));
        }
    });
}

type Step = fn(&Path);
/// A name, what makes the places, the path of the policy, and what saves another one.
type Row = (&'static str, Step, &'static str, Step);

#[test]
fn a_save_counts_by_every_way() {
    let plain: Step = |at| write(at.join("cors.toml"), policy("old"));
    let linked: Step = |at| {
        folder(at.join("other"));
        write(at.join("other/real.toml"), policy("old"));
        link("other/real.toml", at.join("middle.toml"));
        link("middle.toml", at.join("cors.toml"));
    };
    // As Kubernetes mounts a `ConfigMap`.
    let mounted: Step = |at| {
        folder(at.join("..v1"));
        write(at.join("..v1/cors.toml"), policy("old"));
        link("..v1", at.join("..data"));
        link("..data/cors.toml", at.join("cors.toml"));
    };
    let released: Step = |at| {
        for (release, origin) in [("1", "old"), ("2", "new")] {
            folder(at.join("releases").join(release).join("conf"));
            write(at.join("releases").join(release).join("conf/cors.toml"), policy(origin));
        }
        link("releases/1", at.join("current"));
    };
    let rows: [Row; 12] = [
        ("written in place", plain, "cors.toml", |at| write(at.join("cors.toml"), policy("new"))),
        ("replaced by a rename", plain, "cors.toml", |at| {
            write(at.join("new"), policy("new"));
            rename(at.join("new"), at.join("cors.toml"));
        }),
        ("moved away, and written", plain, "cors.toml", |at| {
            rename(at.join("cors.toml"), at.join("cors.toml~"));
            write(at.join("cors.toml"), policy("new"));
        }),
        ("written by its other name, a hard link", plain, "cors.toml", |at| {
            fs::hard_link(at.join("cors.toml"), at.join("second.toml")).expect("a hard link");
            write(at.join("second.toml"), policy("new"));
        }),
        ("its old time is kept", plain, "cors.toml", |at| {
            let time = fs::metadata(at.join("cors.toml")).and_then(|metadata| metadata.modified());
            write(at.join("cors.toml"), policy("new"));
            let file = File::options().write(true).open(at.join("cors.toml")).expect("it is there");
            file.set_modified(time.expect("a time")).expect("a time can be set");
        }),
        ("behind two links, written in place", linked, "cors.toml", |at| {
            write(at.join("other/real.toml"), policy("new"));
        }),
        ("behind two links, replaced by a rename", linked, "cors.toml", |at| {
            write(at.join("other/new"), policy("new"));
            rename(at.join("other/new"), at.join("other/real.toml"));
        }),
        ("the link in the middle leads elsewhere", linked, "cors.toml", |at| {
            write(at.join("other/second.toml"), policy("new"));
            link("other/second.toml", at.join("new"));
            rename(at.join("new"), at.join("middle.toml"));
        }),
        ("the link becomes a file", linked, "cors.toml", |at| {
            write(at.join("new"), policy("new"));
            rename(at.join("new"), at.join("cors.toml"));
        }),
        ("a mounted ConfigMap is updated", mounted, "cors.toml", |at| {
            folder(at.join("..v2"));
            write(at.join("..v2/cors.toml"), policy("new"));
            link("..v2", at.join("..data_tmp"));
            rename(at.join("..data_tmp"), at.join("..data"));
            fs::remove_dir_all(at.join("..v1")).expect("it can be removed");
        }),
        ("another release is current", released, "current/conf/cors.toml", |at| {
            link("releases/2", at.join("new"));
            rename(at.join("new"), at.join("current"));
        }),
        ("another folder takes the name", released, "releases/1/conf/cors.toml", |at| {
            rename(at.join("releases/1"), at.join("releases/0"));
            rename(at.join("releases/2"), at.join("releases/1"));
        }),
    ];
    in_parallel(&rows, |&(name, make, path, save)| {
        println!("{name}");
        let place = tempfile::tempdir().expect("a temporary folder");
        make(place.path());
        let file = open(&place.path().join(path)).expect("a valid policy");
        let _watch = file.watch(Output::silent());
        assert!(allows(&file.status(), "old"), "{name}");
        save(place.path());
        status(&file, |status| allows(status, "new"));
    });
}

/// A name, what puts it at the path, and what is said of it.
type Trouble = (&'static str, fn(PathBuf), &'static str);

const TROUBLES: &[Trouble] = &[
    ("nothing", |_| {}, "No such file"),
    ("a folder", |path| folder(path), "it is a folder; name a file"),
    ("a pipe", |path| pipe(&path), "it is a pipe"),
    (
        "a link to a pipe",
        |path| {
            let target = path.with_file_name("pipe");
            let _ = fs::remove_file(&target);
            pipe(&target);
            link("pipe", path);
        },
        "it is a pipe",
    ),
    ("a socket", |path| drop(UnixListener::bind(path).expect("a socket can be made")), "it is a socket"),
    ("a link to what has no end", |path| link("/dev/zero", path), "it is a device"),
    ("a link to random numbers", |path| link("/dev/urandom", path), "it is a device"),
    ("a link to the terminal", |path| link("/dev/tty", path), "it is a device"),
    (
        "a link to nowhere",
        |path| link("nowhere.toml", path),
        "it is a link to nowhere.toml, which does not exist",
    ),
    ("a link to itself", |path| link("cors.toml", path), "symbolic links"),
    (
        "links in a circle",
        |path| {
            let other = path.with_file_name("other.toml");
            let _ = fs::remove_file(&other);
            link("cors.toml", other);
            link("other.toml", path);
        },
        "symbolic links",
    ),
    (
        "below a file",
        |path| {
            write(path.with_file_name("file"), "");
            link("file/cors.toml", path);
        },
        "Not a directory",
    ),
    ("a large file", |path| write(path, "#".repeat(1024 * 1024 + 1)), "it has more than 1048576 bytes"),
    (
        "a file that is larger than the disk",
        |path| {
            let file = File::create(path).expect("a file can be made");
            file.set_len(1 << 40).expect("a file can have a hole");
        },
        "it has more than 1048576 bytes",
    ),
    ("UTF-16, as some editors save", |path| write(path, b"\xff\xfe#\0\n\0"), "it is not UTF-8 text"),
    ("not a policy", |path| write(path, "allow_origin = 1"), "unknown field"),
    ("a program", |path| write(path, b"\x7fELF\0\0\x01"), "line 1"),
];

fn pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.is_ok_and(|status| status.success()), "a pipe can be made");
}

fn remove(path: &Path) {
    let _ = fs::remove_file(path).or_else(|_| fs::remove_dir(path));
}

#[test]
fn what_is_not_a_policy_is_said_and_the_one_in_force_stays() {
    in_parallel(TROUBLES, |(name, put, said)| {
        println!("{name}");
        let place = tempfile::tempdir().expect("a temporary folder");
        let path = place.path().join("cors.toml");
        write(&path, policy("old"));
        let file = open(&path).expect("a valid policy");
        let _watch = file.watch(Output::silent());
        remove(&path);
        put(path.clone());
        let refused = status(&file, |status| status.problem.is_some());
        assert_eq!(refused.config.allow_origins, ["https://old.example"], "{name}: it stays in force");
        let problem = refused.problem.unwrap_or_default();
        assert!(problem.contains(said), "{name}: {said:?} should be in {problem:?}");
        // It is still followed.
        remove(&path);
        write(&path, policy("new"));
        status(&file, |status| allows(status, "new"));
    });
}

#[test]
fn the_lab_does_not_start_with_what_is_not_a_policy() {
    for (name, put, said) in TROUBLES {
        let place = tempfile::tempdir().expect("a temporary folder");
        let path = place.path().join("cors.toml");
        put(path.clone());
        let error = open(&path).expect_err(name).to_string();
        assert!(error.contains(said) && error.contains("cors.toml"), "{name}: {error}");
    }
}

#[test]
fn a_file_that_may_not_be_read_is_said() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let path = place.path().join("cors.toml");
    write(&path, policy("old"));
    let file = open(&path).expect("a valid policy");
    let _watch = file.watch(Output::silent());
    let locked = place.path().join("locked.toml");
    write(&locked, policy("new"));
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).expect("permissions can be set");
    // An administrator can read every file, except for those of Linux that can only be written.
    let is_kept =
        |path: &&Path| File::open(path).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied);
    let Some(kept) = [&locked, Path::new("/proc/sys/vm/compact_memory")].into_iter().find(is_kept) else {
        return;
    };
    remove(&path);
    link(kept.to_str().expect("a path in UTF-8"), &path);
    let refused = status(&file, |status| status.problem.is_some());
    assert_eq!(refused.config.allow_origins, ["https://old.example"], "it stays in force");
    let problem = refused.problem.unwrap_or_default();
    assert!(problem.contains("Permission denied"), "{problem}");
    let error = open(&path).expect_err("the Lab doesn't start with it").to_string();
    assert!(error.contains("Permission denied") && error.contains("cors.toml"), "{error}");
    remove(&path);
    write(&path, policy("new"));
    status(&file, |status| allows(status, "new"));
}

/// A UTF-8 file with a byte order mark, and Windows' line ends, are what an editor may save.
#[test]
fn what_editors_add_does_no_harm() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let path = place.path().join("cors.toml");
    for text in
        ["\u{feff}allow_origins = \"*\"\n", "\u{feff}\r\nallow_origins = \"*\"\r\n", "allow_origins = \"*\""]
    {
        write(&path, text);
        let file = open(&path).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(file.status().config.allow_origins, ["*"], "{text:?}");
    }
}
