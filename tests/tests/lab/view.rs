//! Whether the Lab can be worked without searching: what belongs together is seen at once, the focus goes where the news is,
//! and the keyboard is enough.

use end_to_end::{Check, Engine, fantoccini::key::Key};
use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::{Tried, forms::Outcome, page::Page, said, same, stage::Stage};

/// Width and height in CSS pixels.
pub(crate) type Viewport = (u32, u32);

/// A small laptop's.
pub(crate) const LAPTOP: Viewport = (1280, 720);
const PHONE: Viewport = (360, 740);
/// The windows of Firefox and `WebKit` don't become as narrow as a phone. This is one column, too.
const NARROW: Viewport = (520, 740);
/// So wide that the diagram leaves out nothing.
pub(crate) const WIDE: Viewport = (1800, 900);

/// The most keys that one step may take, without those of typed text.
const MOST_KEYS: usize = 12;

pub(crate) const SEND: &str = "[data-action=send]";
pub(crate) const PREDICTED: &str = "[data-field=predicted]";
pub(crate) const OBSERVED: &str = "[data-field=observed]";
pub(crate) const DIAGRAM: &str = "[data-part=diagram] svg";
const METHOD: &str = "[data-room=request] [name=method]";
const PATH: &str = "[data-room=request] [name=path]";

pub(crate) fn checks() -> Vec<Check<Stage>> {
    let mut checks: Vec<_> = [(1024, 768), LAPTOP, (1366, 768)]
        .into_iter()
        .map(|(width, height)| {
            let name = format!("in_one_look::{width}x{height}");
            Check::new(name.clone(), move |stage: &mut Stage| {
                in_viewport(stage, &name, (width, height), async |page| page.is_seen_in_one_look().await)
            })
        })
        .collect();
    checks.push(Check::new("on_a_phone", |stage: &mut Stage| {
        stage.play("on-a-phone", async |page| page.is_in_reach_on_a_phone().await).map_err(Failed::from)
    }));
    checks.push(Check::new("back_and_forward", |stage: &mut Stage| {
        stage.play("back-and-forward", async |page| page.goes_back_and_forward().await).map_err(Failed::from)
    }));
    checks.push(Check::new("a_theft_is_not_good_news", |stage: &mut Stage| {
        stage.play("a-theft", async |page| page.shows_a_theft_as_harm().await).map_err(Failed::from)
    }));
    checks.push(Check::new("by_keyboard", |stage: &mut Stage| {
        in_viewport(stage, "by-keyboard", LAPTOP, async |page| page.works_by_keyboard().await)
    }));
    checks
}

/// Plays in a viewport of this size; afterwards it is as before.
pub(crate) fn in_viewport(
    stage: &mut Stage,
    name: &str,
    size: Viewport,
    act: impl AsyncFnOnce(&Page) -> Tried<()>,
) -> Result<(), Failed> {
    let played = stage.play(name, async |page| {
        page.resize(size).await?;
        act(page).await?;
        page.resize(WIDE).await
    });
    Ok(played?)
}

impl Page {
    /// Makes the viewport, without the window's own parts, this large.
    pub(crate) async fn resize(&self, (width, height): Viewport) -> Tried<()> {
        let (mut outer_width, mut outer_height) = (width, height);
        for _ in 0..10 {
            self.session.set_window_size(outer_width, outer_height).await.map_err(said)?;
            // The page notices at its next frame, and draws the diagram in the one after that.
            let frames =
                "for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);";
            self.session.eval_async(frames, &[]).await.map_err(said)?;
            let inner = self.eval("return [innerWidth, innerHeight]").await?;
            let inner =
                [&inner[0], &inner[1]].map(|side| side.as_u64().and_then(|side| u32::try_from(side).ok()));
            let [Some(inner_width), Some(inner_height)] = inner else {
                return Err(format!("the viewport has no size: {inner:?}"));
            };
            if (inner_width, inner_height) == (width, height) {
                return Ok(());
            }
            outer_width = (outer_width + width).saturating_sub(inner_width);
            outer_height = (outer_height + height).saturating_sub(inner_height);
        }
        Err(format!("the viewport does not become {width} × {height}"))
    }

    /// That each of these is wholly in the viewport, and that nothing covers it.
    pub(crate) async fn are_in_view(&self, all: &[&str]) -> Tried<()> {
        let look = "
            const seen = (css) => {
                const part = [...document.querySelectorAll(css)].find((each) => each.getClientRects().length > 0);
                if (part === undefined) return css + ' is not there';
                const { left, top, right, bottom } = part.getBoundingClientRect();
                const where = `${css} is at x ${left} to ${right}, y ${top} to ${bottom}`;
                if (left < 0 || top < 0 || right > innerWidth || bottom > innerHeight) return where + ', out of view';
                for (const y of [top + 3, (top + bottom) / 2, bottom - 3]) {
                    const hit = document.elementFromPoint((left + right) / 2, y);
                    if (hit === null || !(part.contains(hit) || hit.contains(part))) return where + ', covered';
                }
                return null;
            };
            const unseen = arguments[0].map(seen).filter((told) => told !== null);
            return { unseen, scrolled: [scrollX, scrollY], of: [innerWidth, innerHeight] };";
        let told = self.session.eval(look, &[json!(all)]).await.map_err(said)?;
        if told["unseen"].as_array().is_some_and(Vec::is_empty) { Ok(()) } else { Err(told.to_string()) }
    }

    /// Request, *Send*, diagram and verdict, without scrolling, before it is sent and afterwards.
    async fn is_seen_in_one_look(&self) -> Tried<()> {
        let all = [METHOD, PATH, SEND, PREDICTED, OBSERVED, DIAGRAM];
        self.find(DIAGRAM).await?;
        self.are_in_view(&all).await.map_err(|why| format!("at the start: {why}"))?;
        self.send(Some(Outcome::Blocked)).await?;
        let blocked =
            [&all[..], &["[data-field=why]", "[data-field=fix]", "[data-action=apply-fix]"]].concat();
        self.are_in_view(&blocked).await.map_err(|why| format!("blocked: {why}"))?;
        self.click("[data-action=apply-fix]").await?;
        self.find("[data-action=send-again]").await?;
        self.are_in_view(&["[data-action=send-again]"]).await.map_err(|why| format!("fixed: {why}"))?;
        self.press("[data-action=send-again]").await?.judge(Some(Outcome::Readable))?;
        self.are_in_view(&all).await.map_err(|why| format!("readable: {why}"))?;
        // With a preflight the diagram is at its longest.
        self.fill_request(&json!({"method": "PUT", "path": "notes/1", "headers": [["x-request-id", "1"]]}))
            .await?;
        self.send(Some(Outcome::Blocked)).await?;
        self.eval("scrollTo(0, 0)").await?;
        self.are_in_view(&blocked).await.map_err(|why| format!("at the preflight: {why}"))?;
        same("how far it is scrolled", &self.eval("return scrollY").await?, &json!(0))
    }

    /// One column: *Send* is always there, and what comes of it comes into view by itself.
    async fn is_in_reach_on_a_phone(&self) -> Tried<()> {
        let size = if self.session.engine() == Engine::Chromium { PHONE } else { NARROW };
        self.resize(size).await?;
        self.are_in_view(&[SEND]).await.map_err(|why| format!("at the start: {why}"))?;
        self.eval("scrollTo(0, document.querySelector('[data-room=policy]').getBoundingClientRect().top)")
            .await?;
        self.are_in_view(&[SEND]).await.map_err(|why| format!("at the policy: {why}"))?;
        // By its own key: a driver would scroll to a button before it clicks it.
        let shown = self.press_by_keys().await?;
        shown.judge(Some(Outcome::Blocked))?;
        self.are_in_view(&[OBSERVED, "[data-field=why]", SEND])
            .await
            .map_err(|why| format!("sent: {why}"))?;
        let is_wide = self.eval("return document.documentElement.scrollWidth > innerWidth").await?;
        same("whether it can be scrolled sideways", &is_wide, &Value::Bool(false))?;
        self.resize(WIDE).await
    }

    /// Back and Forward lead from lesson to lesson, and out of them.
    async fn goes_back_and_forward(&self) -> Tried<()> {
        self.open_details("[data-part=list]").await?;
        self.click("[data-lesson]:nth-of-type(2) [data-action=start-lesson]").await?;
        let second = self.lesson_begun("").await?;
        self.click(".lesson-turn [aria-label*='next lesson']").await?;
        let third = self.lesson_begun(&second).await?;
        self.eval("history.back()").await?;
        self.find(&format!("body[data-lesson='{second}']")).await?;
        self.eval("history.forward()").await?;
        self.find(&format!("body[data-lesson='{third}']")).await?;
        let title = self.eval("return document.title").await?;
        if !title.as_str().unwrap_or_default().ends_with("· CORS Lab") {
            return Err(format!("a lesson's title is the document's, too; that is {title}"));
        }
        self.eval("history.go(-2)").await?;
        self.find("body:not([data-lesson])").await.map(drop)
    }

    /// What the attacker reads is in the colour of harm, what is kept from it is not, and no button lets it in.
    async fn shows_a_theft_as_harm(&self) -> Tried<()> {
        let attacker = self.demo.origins().attacker.clone();
        self.fill_request(&json!({"path": "notes", "page": "attacker"})).await?;
        self.send(Some(Outcome::Blocked)).await?;
        same("the colour of a theft that failed", &self.colour_of_outcome().await?, &"good".to_owned())?;
        if self.is_there("[data-action=apply-fix]").await? {
            return Err("one click should not let the attacker in".to_owned());
        }
        self.apply_accepted(&json!({"allow_origins": [attacker]})).await?;
        self.send(Some(Outcome::Readable)).await?;
        same("the colour of a theft", &self.colour_of_outcome().await?, &"bad".to_owned())?;
        self.fill_request(&json!({"path": "notes"})).await?;
        self.send(Some(Outcome::Blocked)).await?;
        same("the colour of the reader's own failure", &self.colour_of_outcome().await?, &"bad".to_owned())
    }

    /// The name of the colour in which the browser's outcome is written.
    async fn colour_of_outcome(&self) -> Tried<String> {
        let name = "const probe = document.body.appendChild(document.createElement('i'));
            const shown = getComputedStyle(document.querySelector('[data-field=observed] .word')).color;
            const named = ['good', 'bad', 'mark'].find((name) => {
                probe.style.color = `var(--${name})`;
                return getComputedStyle(probe).color === shown;
            });
            probe.remove();
            return named ?? shown;";
        self.eval(name).await.map(|named| named.as_str().unwrap_or_default().to_owned())
    }

    /// The id of the lesson that has begun, once it is another one.
    async fn lesson_begun(&self, before: &str) -> Tried<String> {
        let css = format!("body[data-lesson]:not([data-lesson='{before}'])");
        self.attribute(&css, "data-lesson").await.map(Option::unwrap_or_default)
    }

    /// A lesson from its start to its goal, and on to the next one, by keys alone.
    async fn works_by_keyboard(&self) -> Tried<()> {
        self.go_to_by_tab("[data-action=continue]").await?;
        self.type_keys(&char::from(Key::Enter).to_string()).await?;
        let first = self.lesson_begun("").await?;
        let lesson =
            self.lessons()?.into_iter().find(|lesson| lesson.id == first).ok_or("the lesson is gone")?;
        let answer = if lesson.question.answer { "yes" } else { "no" };
        self.go_to_by_tab(&format!("[data-action=answer-{answer}]")).await?;
        self.type_keys(&char::from(Key::Enter).to_string()).await?;
        self.find("[data-action=send]:enabled").await?;
        self.press_by_keys().await?.judge(None)?;
        if !self.is_there("[data-field=goal][data-reached=true]").await? {
            self.go_to_by_tab("[data-action=apply-fix]").await?;
            self.type_keys(&char::from(Key::Enter).to_string()).await?;
            self.find("[data-action=send-again]").await?;
            self.press_by_keys().await?.judge(Some(Outcome::Readable))?;
        }
        self.find("[data-field=goal][data-reached=true]").await?;
        self.go_to_by_tab("[data-action=next-lesson]").await?;
        self.type_keys(&char::from(Key::Enter).to_string()).await?;
        self.lesson_begun(&first).await.map(drop)
    }

    /// Moves the focus to a part that can have it.
    async fn go_to_by_tab(&self, css: &str) -> Tried<()> {
        self.find(css).await?;
        let has_focus = format!("return document.querySelector({}).matches(':focus')", json!(css));
        for _ in 0..MOST_KEYS {
            if self.eval(&has_focus).await? == Value::Bool(true) {
                return Ok(());
            }
            self.type_keys(&char::from(Key::Tab).to_string()).await?;
        }
        let at = self.eval("return document.activeElement.outerHTML.slice(0, 200)").await?;
        Err(format!("{css} should have the focus after {MOST_KEYS} keys; {at} has it"))
    }
}
