//! What the trials of one engine share: a page in its browser, and what was seen of each request. Most trials only look at
//! what was seen; it is sent, and all is read, once.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use end_to_end::{Installed, Shared};
use libtest_mimic::Failed;
use tokio::runtime::{Builder, Runtime};

use crate::{
    Tried,
    case::Case,
    page::Page,
    said,
    seen::{self, Seen},
};

pub(crate) struct Stage {
    installed: Installed,
    runtime: Runtime,
    /// None at first, and after a failure: nobody knows what that left behind.
    page: Option<Page>,
    seen: BTreeMap<&'static str, Tried<Arc<Seen>>>,
}

impl Shared for Stage {
    fn start(installed: &Installed) -> Result<Self, Failed> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { installed: installed.clone(), runtime, page: None, seen: BTreeMap::new() })
    }

    fn end(self) -> Result<(), Failed> {
        match self.page {
            Some(page) => Ok(self.runtime.block_on(page.close())?),
            None => Ok(()),
        }
    }
}

impl Stage {
    /// Does something in the Lab, as a reader finds it who was never there. `name` is for the picture of a failure.
    pub(crate) fn play<T>(&mut self, name: &str, act: impl AsyncFnOnce(&Page) -> Tried<T>) -> Tried<T> {
        let Self { installed, runtime, page, .. } = self;
        runtime.block_on(async {
            let lab = match page.take() {
                Some(page) => page,
                None => Page::start(installed).await?,
            };
            let outcome = async {
                lab.enter().await?;
                let done = act(&lab).await?;
                lab.leave().await?;
                Ok::<T, String>(done)
            };
            match outcome.await {
                Ok(done) => {
                    *page = Some(lab);
                    Ok(done)
                }
                Err(why) => {
                    let seen = picture(&lab, name).await;
                    lab.close().await.map_err(|error| format!("{why}{seen}; and then: {error}"))?;
                    Err(format!("{why}{seen}"))
                }
            }
        })
    }

    /// All that there is to see of a request.
    pub(crate) fn see(&mut self, case: &'static Case) -> Tried<Arc<Seen>> {
        if let Some(seen) = self.seen.get(case.name) {
            return seen.clone();
        }
        let seen = self.play(case.name, async |page| seen::see(page, case).await.map(Arc::new));
        self.seen.insert(case.name, seen.clone());
        seen
    }
}

/// Where a picture of the page is, if one can be had.
async fn picture(page: &Page, name: &str) -> String {
    let name = format!("lab-{}-{}.png", page.session.engine(), name.replace(' ', "-"));
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    match page.session.screenshot().await.map_err(said) {
        Ok(image) if fs::write(&picture, &image).is_ok() => format!(" (see {})", picture.display()),
        _ => String::new(),
    }
}
