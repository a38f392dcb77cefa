//! Shows on a terminal's standard error that something is awaited, and what.

use std::{
    future::Future,
    io::{IsTerminal as _, Write as _, stderr},
    time::Duration,
};

use tokio::time::{Instant, interval_at};

/// Nobody needs to be told about what takes less.
const PATIENCE: Duration = Duration::from_millis(300);
const FRAME: Duration = Duration::from_millis(100);
const FRAMES: [char; 4] = ['|', '/', '-', '\\'];

/// Awaits, and shows `what` meanwhile.
pub(crate) async fn spin<T>(what: &str, awaited: impl Future<Output = T>) -> T {
    if !stderr().is_terminal() {
        return awaited.await;
    }
    let mut awaited = std::pin::pin!(awaited);
    let mut ticks = interval_at(Instant::now() + PATIENCE, FRAME);
    let mut frames = FRAMES.iter().cycle();
    let mut is_shown = false;
    loop {
        tokio::select! {
            result = &mut awaited => {
                if is_shown {
                    let _ = write!(stderr(), "\r\x1b[K");
                }
                return result;
            }
            _ = ticks.tick() => {
                is_shown = true;
                let frame = frames.next().unwrap_or(&'.');
                let _ = write!(stderr(), "\r\x1b[K{frame} {what}");
                let _ = stderr().flush();
            }
        }
    }
}
