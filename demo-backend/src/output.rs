//! What the Lab prints. A stream may be closed (`demo-backend | head -1`), or stall because nobody reads it (Ctrl-S in a
//! terminal, a pager), and a print then panics or waits. So nobody prints but one thread for each stream, which waits alone:
//! everybody else leaves a line in a queue of bounded size and goes on. Lines that find no room are counted, and the count
//! takes their place.

use std::{
    collections::VecDeque,
    fmt,
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use crate::api::terminal::ExchangeLine;

/// The most bytes that wait to be written. A longer line is taken when nothing else waits.
const MAX_WAITING: usize = 256 * 1024;
/// How long a stream that is not ready is left alone. A program that shares it may have made it non-blocking.
const NOT_READY: Duration = Duration::from_millis(20);

/// The two streams.
#[derive(Clone, Debug)]
pub struct Output {
    lines: Lines,
    errors: Lines,
    is_coloured: bool,
}

impl Output {
    /// Writes to standard output and standard error, exchanges in colour or without.
    pub fn standard(is_coloured: bool) -> Self {
        Self { lines: Lines::to(io::stdout), errors: Lines::to(io::stderr), is_coloured }
    }

    /// Prints nothing; for tests.
    pub fn silent() -> Self {
        Self { lines: Lines::closed(), errors: Lines::closed(), is_coloured: false }
    }

    /// Standard output.
    pub fn lines(&self) -> &Lines {
        &self.lines
    }

    /// Standard error.
    pub fn errors(&self) -> &Lines {
        &self.errors
    }

    /// An exchange, as a line.
    pub fn exchange(&self, line: &ExchangeLine) {
        self.lines.say(if self.is_coloured { line.coloured() } else { line.to_string() });
    }

    /// Waits until everything is written, but no longer than this for each stream.
    pub fn finish(&self, patience: Duration) {
        self.lines.finish(patience);
        self.errors.finish(patience);
    }
}

/// The lines that wait for one stream.
#[derive(Clone)]
pub struct Lines(Arc<Waiting>);

#[derive(Default)]
struct Waiting {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    texts: VecDeque<Text>,
    bytes: usize,
    /// How many found no room since the last one that did.
    lost: usize,
    /// How many could not be written, although the stream is not closed. They are said with the next line.
    failed: usize,
    /// Whether a line is being written.
    is_writing: bool,
    /// Whether nothing can be written any more.
    is_closed: bool,
}

/// A line, or what is said in place of lost ones.
struct Text {
    text: String,
    /// How many lines are lost with it.
    stands_for: usize,
}

impl Lines {
    /// The stream is made in the thread that writes to it.
    fn to<W: Write>(stream: impl FnOnce() -> W + Send + 'static) -> Self {
        let waiting = Arc::new(Waiting::default());
        let of_writer = Arc::clone(&waiting);
        thread::spawn(move || of_writer.write_to(stream()));
        Self(waiting)
    }

    fn closed() -> Self {
        let closed = Queue { is_closed: true, ..Queue::default() };
        Self(Arc::new(Waiting { queue: Mutex::new(closed), changed: Condvar::new() }))
    }

    /// Leaves a line, or several, to be written. Never waits for the stream.
    pub fn say(&self, text: impl Into<String>) {
        let mut text = text.into();
        text.push('\n');
        self.0.lock().push(text);
        self.0.changed.notify_all();
    }

    /// Waits until everything is written, but no longer than this.
    fn finish(&self, patience: Duration) {
        let is_busy = |queue: &mut Queue| !queue.is_closed && (queue.is_writing || !queue.is_empty());
        // Whether it timed out makes no difference.
        let _ = self.0.changed.wait_timeout_while(self.0.lock(), patience, is_busy);
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").finish_non_exhaustive()
    }
}

/// For `tracing`, which writes each event at once.
impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.say(String::from_utf8_lossy(bytes).trim_end_matches('\n'));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Queue {
    fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.lost == 0
    }

    fn push(&mut self, text: String) {
        if self.is_closed {
            return;
        }
        if !self.texts.is_empty() && self.bytes + text.len() > MAX_WAITING {
            self.lost += 1;
            return;
        }
        self.lost += std::mem::take(&mut self.failed);
        self.push_lost();
        self.put(Text { text, stands_for: 1 });
    }

    fn put(&mut self, text: Text) {
        self.bytes += text.text.len();
        self.texts.push_back(text);
    }

    /// Puts the number of lost lines where they are missing.
    fn push_lost(&mut self) {
        let lost = std::mem::take(&mut self.lost);
        let what = match lost {
            0 => return,
            1 => "1 line is".to_owned(),
            _ => format!("{lost} lines are"),
        };
        let text = format!("({what} missing here: this output could not be written for a while)\n");
        self.put(Text { text, stands_for: lost });
    }

    fn pop(&mut self) -> Option<Text> {
        if self.texts.is_empty() {
            self.push_lost();
        }
        let text = self.texts.pop_front()?;
        self.bytes -= text.text.len();
        Some(text)
    }
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing that panics runs while it is locked.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes line after line, until the stream is closed. The queue is never locked meanwhile.
    fn write_to(&self, mut stream: impl Write) {
        loop {
            let queue = self.changed.wait_while(self.lock(), |queue| queue.is_empty());
            let mut queue = queue.unwrap_or_else(PoisonError::into_inner);
            let Some(Text { text, stands_for }) = queue.pop() else { continue };
            queue.is_writing = true;
            drop(queue);

            let written = write_all(&mut stream, text.as_bytes());

            let mut queue = self.lock();
            queue.is_writing = false;
            match written {
                Ok(()) => {}
                // Its reader is gone, and won't come back.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    *queue = Queue { is_closed: true, ..Queue::default() };
                }
                // A disk that is full may have room again.
                Err(_) => queue.failed += stands_for,
            }
            let is_closed = queue.is_closed;
            drop(queue);
            self.changed.notify_all();
            if is_closed {
                return;
            }
        }
    }
}

/// Writes the whole text, however often the stream is not ready.
fn write_all(stream: &mut impl Write, mut text: &[u8]) -> io::Result<()> {
    let is_passing =
        |error: &io::Error| matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock);
    while !text.is_empty() {
        match stream.write(text) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => text = &text[written..],
            Err(error) if is_passing(&error) => thread::sleep(NOT_READY),
            Err(error) => return Err(error),
        }
    }
    loop {
        match stream.flush() {
            Err(error) if is_passing(&error) => thread::sleep(NOT_READY),
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// A stream that does as it is told at each write, and then takes everything.
    struct Told {
        results: VecDeque<io::Result<usize>>,
        /// Before each write, if there is one.
        gate: Option<Receiver<()>>,
        written: Arc<Mutex<String>>,
    }

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Some(gate) = &self.gate {
                let _ = gate.recv();
            }
            let length = self.results.pop_front().unwrap_or(Ok(bytes.len()))?.min(bytes.len());
            self.written.lock().expect("no panic").push_str(&String::from_utf8_lossy(&bytes[..length]));
            Ok(length)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn told(results: Vec<io::Result<usize>>, gate: Option<Receiver<()>>) -> (Lines, Arc<Mutex<String>>) {
        let written = Arc::new(Mutex::default());
        let stream = Told { results: results.into(), gate, written: Arc::clone(&written) };
        (Lines::to(move || stream), written)
    }

    fn stalled() -> (Lines, Arc<Mutex<String>>, Sender<()>) {
        let (open, gate) = channel();
        let (lines, written) = told(Vec::new(), Some(gate));
        (lines, written, open)
    }

    #[test]
    fn what_a_stream_does_costs_at_most_a_line() {
        let error = |kind: io::ErrorKind| Err(io::Error::from(kind));
        for (name, results, expected) in [
            ("it takes everything", vec![], "one\ntwo\n"),
            ("it takes a part", vec![Ok(1), Ok(2)], "one\ntwo\n"),
            (
                "it is not ready",
                vec![error(io::ErrorKind::WouldBlock), Ok(1), error(io::ErrorKind::WouldBlock)],
                "one\ntwo\n",
            ),
            ("it is interrupted", vec![error(io::ErrorKind::Interrupted)], "one\ntwo\n"),
            ("it is closed", vec![error(io::ErrorKind::BrokenPipe)], ""),
            ("it is closed later", vec![Ok(4), error(io::ErrorKind::BrokenPipe)], "one\n"),
        ] {
            let (lines, written) = told(results, None);
            lines.say("one");
            lines.say("two");
            lines.finish(PATIENCE);
            assert_eq!(*written.lock().expect("no panic"), expected, "{name}");
        }
        // As on a full disk: the count itself can't be written either.
        let full = || error(io::ErrorKind::StorageFull);
        let (lines, written) = told(vec![full(), full(), full()], None);
        for line in ["one", "two", "three"] {
            lines.say(line);
            lines.finish(PATIENCE);
        }
        let written = written.lock().expect("no panic").clone();
        assert!(
            written.starts_with("(2 lines are missing here") && written.ends_with("three\n"),
            "{written}"
        );
    }

    #[test]
    fn lines_that_nobody_reads_are_bounded_and_counted() {
        let (lines, written, open) = stalled();
        let line = "x".repeat(1023);
        for _ in 0..1000 {
            lines.say(line.as_str());
        }
        let waiting = lines.0.lock().bytes;
        assert!(waiting <= MAX_WAITING, "{waiting}");
        drop(open);
        lines.finish(PATIENCE);
        lines.say("the last");
        lines.finish(PATIENCE);
        let written = written.lock().expect("no panic").clone();
        let kept = written.lines().filter(|written| **written == line).count();
        let said: usize = written
            .lines()
            .filter_map(|line| line.strip_prefix('(')?.split(' ').next()?.parse::<usize>().ok())
            .sum();
        assert_eq!(kept + said, 1000, "each is written or counted");
        assert!(said >= 1000 - MAX_WAITING / 1024 - 1, "{said}");
        assert!(written.ends_with("the last\n"));
    }

    #[test]
    fn a_line_longer_than_all_that_may_wait_is_written_when_it_is_alone() {
        let (lines, written) = told(Vec::new(), None);
        lines.say("x".repeat(MAX_WAITING + 1));
        lines.finish(PATIENCE);
        assert_eq!(written.lock().expect("no panic").len(), MAX_WAITING + 2);
    }

    #[test]
    fn finishing_a_stalled_stream_ends() {
        let (lines, written, _open) = stalled();
        lines.say("one");
        lines.finish(Duration::from_millis(10));
        assert_eq!(*written.lock().expect("no panic"), "");
    }
}
