//! The plot of cost against number of origins: an SVG that reads well on light and on dark pages, and without its colours.

use std::fmt::Write as _;

use crate::scale::Line;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 92.0;
const RIGHT: f64 = 36.0;
const TOP: f64 = 92.0;
const BOTTOM: f64 = 60.0;

const STYLE: &str = "\
svg { --page: #fcfcfb; --ink: #0b0b0b; --soft: #52514e; --grid: #e4e3df; \
--a: #2a78d6; --b: #1baf7a; --c: #eb6834; --d: #4a3aa7; }
@media (prefers-color-scheme: dark) { svg { --page: #1a1a19; --ink: #ffffff; --soft: #c3c2b7; --grid: #383835; \
--a: #3987e5; --b: #199e70; --c: #d95926; --d: #9085e9; } }
text { font: 13px system-ui, sans-serif; fill: var(--soft); }
.title { font-size: 16px; font-weight: 600; fill: var(--ink); }
.legend { fill: var(--ink); }
.grid { stroke: var(--grid); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.a { stroke: var(--a); } .b { stroke: var(--b); } .c { stroke: var(--c); } .d { stroke: var(--d); }
.mark { fill: var(--page); stroke-width: 2; }
";

/// A class for its colour, and a shape, for those who can't tell the colours apart.
const LOOKS: [(&str, &str); 4] = [
    ("a", "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z"),
    ("b", "M-4-4h8v8h-8z"),
    ("c", "M0-5.5L5 4H-5z"),
    ("d", "M0-5.5L5.5 0L0 5.5L-5.5 0z"),
];

/// Instructions per request against number of origins, both logarithmic.
pub fn svg(lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|line| &line.allowed);
    let decades = |of: fn(&(u32, f64)) -> f64| {
        let logs = points().map(of).map(|number| number.max(1.0).log10());
        let (low, high) =
            logs.fold((f64::MAX, 0.0), |(low, high): (f64, f64), log| (low.min(log), high.max(log)));
        (low.floor(), high.ceil().max(low.floor() + 1.0))
    };
    let (x_decades, y_decades) = (decades(|&(count, _)| f64::from(count)), decades(|&(_, cost)| cost));
    let place = |number: f64, (low, high): (f64, f64)| (number.max(1.0).log10() - low) / (high - low);
    let x = |count: f64| LEFT + place(count, x_decades) * (WIDTH - LEFT - RIGHT);
    let y = |cost: f64| HEIGHT - BOTTOM - place(cost, y_decades) * (HEIGHT - TOP - BOTTOM);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-labelledby=\"title\">\n<style>\n{STYLE}</style>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"8\" style=\"fill: var(--page)\"/>\n\
         <text class=\"title\" id=\"title\" x=\"{LEFT}\" y=\"30\">What a request from the last of the allowed origins \
         costs</text>\n"
    );
    for tick in powers_of_ten(x_decades) {
        let x = x(tick);
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{:.1}\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            HEIGHT - BOTTOM,
            HEIGHT - BOTTOM + 20.0,
            short(tick)
        );
    }
    for tick in powers_of_ten(y_decades) {
        let y = y(tick);
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 10.0,
            y + 4.5,
            short(tick)
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">allowed origins</text>\n\
         <text transform=\"translate(24 {:.1}) rotate(-90)\" text-anchor=\"middle\">instructions beyond the bare service</text>",
        f64::midpoint(LEFT, WIDTH - RIGHT),
        HEIGHT - 16.0,
        f64::midpoint(TOP, HEIGHT - BOTTOM)
    );
    let mut legend = LEFT;
    for (line, (class, shape)) in lines.iter().zip(LOOKS) {
        let path: Vec<String> = line
            .allowed
            .iter()
            .map(|&(count, cost)| format!("{:.1},{:.1}", x(f64::from(count)), y(cost)))
            .collect();
        let _ = writeln!(svg, "<polyline class=\"line {class}\" points=\"{}\"/>", path.join(" "));
        let mut mark = |x: f64, y: f64| {
            let _ = writeln!(
                svg,
                "<path class=\"mark {class}\" d=\"{shape}\" transform=\"translate({x:.1} {y:.1})\"/>"
            );
        };
        for &(count, cost) in &line.allowed {
            mark(x(f64::from(count)), y(cost));
        }
        mark(legend + 6.0, 58.0);
        let _ = writeln!(
            svg,
            "<text class=\"legend\" x=\"{:.1}\" y=\"62.5\">{}</text>",
            legend + 18.0,
            line.name
        );
        // As wide as text of this size is at most, give or take.
        legend += 42.0 + 6.9 * line.name.chars().fold(0.0, |width, _| width + 1.0);
    }
    svg.push_str("</svg>\n");
    svg
}

fn powers_of_ten((low, high): (f64, f64)) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(low), |decade| Some(decade + 1.0))
        .take_while(move |&decade| decade <= high)
        .map(|decade| 10_f64.powf(decade))
}

/// `1 000` or `10 M`.
fn short(number: f64) -> String {
    match number {
        ..1e3 => format!("{number:.0}"),
        ..1e6 => format!("{:.0} 000", number / 1e3),
        _ => format!("{:.0} M", number / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_stays_within_the_frame() {
        let costs = vec![(1, 900.0), (1_000, 1_000.0), (1_000_000, 26_000_000.0)];
        let line = Line { name: "one", allowed: costs, refused: Vec::new() };
        let svg = svg(&[line.clone(), line]);
        let points =
            svg.split("points=\"").skip(1).flat_map(|rest| rest.split('"').next().unwrap_or("").split(' '));
        let mut seen = 0;
        for (x, y) in points.map(|point| point.split_once(',').expect("two numbers")) {
            let (x, y): (f64, f64) = (x.parse().expect("x"), y.parse().expect("y"));
            assert!((LEFT..=WIDTH - RIGHT).contains(&x) && (TOP..=HEIGHT - BOTTOM).contains(&y), "{x}, {y}");
            seen += 1;
        }
        assert_eq!(seen, 6);
    }
}
