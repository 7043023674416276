//! Pictures as text: bars with their spread, and curves on logarithmic axes.

use super::super::record::Curve;
use super::tables::digits;

/// Whose a bar is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Ferry's.
    Ours,
    /// A peer's.
    Theirs,
    /// Ferry's, and not what was asked for.
    Bad,
}

impl Tone {
    fn colour(self) -> &'static str {
        match self {
            Tone::Ours => "#0b6e99",
            Tone::Theirs => "#9aa5ad",
            Tone::Bad => "#b4481e",
        }
    }
}

/// One bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Before it.
    pub label: String,
    /// Its length,
    pub value: f64,
    /// the least
    pub low: f64,
    /// and the most of what it is the median of.
    pub high: f64,
    /// Whose it is.
    pub tone: Tone,
}

const WIDTH: f64 = 900.0;
const LABELS: f64 = 400.0;
const ROW: f64 = 22.0;
const TOP: f64 = 40.0;
/// What is kept free for the number behind the longest bar.
const NUMBERS: f64 = 70.0;
const LINES: [&str; 5] = ["#0b6e99", "#b4481e", "#5b7f2b", "#7a4f9a", "#8a6d1a"];

/// Bars below each other, each with its spread and its number.
pub fn bars(title: &str, unit: &str, bars: &[Bar]) -> String {
    let longest = bars.iter().map(|bar| bar.high).fold(f64::MIN_POSITIVE, f64::max);
    let along = |value: f64| LABELS + value / longest * (WIDTH - LABELS - NUMBERS);
    let height = TOP + ROW * rows(bars.len()) + 10.0;
    let mut text = open(height, title);
    for (number, bar) in bars.iter().enumerate() {
        let top = TOP + ROW * rows(number);
        let middle = top + ROW / 2.0;
        let (end, colour) = (along(bar.value), bar.tone.colour());
        text += &format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n\
             <rect x=\"{LABELS:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>\n",
            LABELS - 8.0,
            middle + 4.0,
            escaped(&shortened(&bar.label)),
            top + 3.0,
            end - LABELS,
            ROW - 6.0,
        );
        if bar.high > bar.low {
            text += &format!(
                "<path d=\"M{:.1} {middle:.1}H{:.1}\" stroke=\"#222\" stroke-width=\"1.5\"/>\n",
                along(bar.low),
                along(bar.high)
            );
        }
        text += &format!(
            "<text x=\"{:.1}\" y=\"{:.1}\">{} {}</text>\n",
            along(bar.high.max(bar.value)) + 6.0,
            middle + 4.0,
            digits(bar.value),
            escaped(unit),
        );
    }
    text + "</svg>\n"
}

/// Lines over two logarithmic axes: a straight one of slope 1 grows as its cause does.
pub fn curve(curve: &Curve) -> String {
    let (left, right, top, bottom) = (80.0, WIDTH - 220.0, 50.0, 400.0);
    let points = || curve.lines.iter().flat_map(|line| &line.points);
    let across = Axis::over(points().map(|point| point.0), (left, right));
    let up = Axis::over(points().map(|point| point.1), (bottom, top));
    let mut text = open(bottom + 60.0, &curve.title);
    for (tick, x) in across.ticks() {
        text += &format!(
            "<path d=\"M{x:.1} {top}V{bottom}\" stroke=\"#ddd\"/>\n\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n",
            bottom + 18.0,
            digits(tick)
        );
    }
    for (tick, y) in up.ticks() {
        text += &format!(
            "<path d=\"M{left} {y:.1}H{right}\" stroke=\"#ddd\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
            left - 8.0,
            y + 4.0,
            digits(tick)
        );
    }
    text += &format!(
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n<text x=\"{left}\" y=\"{:.1}\">{}</text>\n",
        f64::midpoint(left, right),
        bottom + 42.0,
        escaped(&curve.across),
        top - 8.0,
        escaped(&curve.up),
    );
    for (number, line) in curve.lines.iter().enumerate() {
        let colour = LINES[number % LINES.len()];
        let places: Vec<(f64, f64)> =
            line.points.iter().map(|point| (across.place(point.0), up.place(point.1))).collect();
        let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        text += &format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n",
            path.join(" ")
        );
        for (x, y) in &places {
            text += &format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>\n");
        }
        text += &format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{}</text>\n",
            right + 12.0,
            top + 18.0 * rows(number + 1),
            escaped(&line.title)
        );
    }
    text + "</svg>\n"
}

/// A logarithmic axis.
struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// Whole decades around the values; what is not above zero has no place on it.
    fn over(values: impl Iterator<Item = f64>, (from, to): (f64, f64)) -> Axis {
        let logs: Vec<f64> = values.filter(|value| *value > 0.0).map(f64::log10).collect();
        let low = logs.iter().copied().fold(f64::MAX, f64::min).min(300.0).floor();
        let high = logs.iter().copied().fold(f64::MIN, f64::max).max(-300.0).ceil();
        Axis { low, high: high.max(low + 1.0), from, to }
    }

    fn place(&self, value: f64) -> f64 {
        let log = value.max(f64::MIN_POSITIVE).log10().clamp(self.low, self.high);
        self.from + (log - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    fn ticks(&self) -> Vec<(f64, f64)> {
        let mut ticks = Vec::new();
        let mut log = self.low;
        while log <= self.high && ticks.len() < 20 {
            let value = 10_f64.powf(log);
            ticks.push((value, self.place(value)));
            log += 1.0;
        }
        ticks
    }
}

fn open(height: f64, title: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" \
         height=\"{height:.0}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n\
         <title>{title}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"12\" y=\"22\" font-size=\"14\">{title}</text>\n",
        title = escaped(title)
    )
}

#[expect(clippy::cast_precision_loss, reason = "pictures have few rows")]
fn rows(count: usize) -> f64 {
    count as f64
}

/// What fits before the bars.
fn shortened(label: &str) -> String {
    const FITS: usize = 62;
    if label.chars().count() <= FITS {
        return label.to_owned();
    }
    label.chars().take(FITS - 1).chain(['…']).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::super::record::Line;
    use super::*;

    fn bar(label: &str, value: f64, low: f64, high: f64) -> Bar {
        Bar { label: label.into(), value, low, high, tone: Tone::Ours }
    }

    #[test]
    fn bars_are_as_long_as_their_values_and_have_their_spread() {
        let picture =
            bars("a < b", "s", &[bar("one & all", 1.0, 0.5, 2.0), bar("two", 2.0, 2.0, 2.0)]);
        assert!(picture.contains("a &lt; b") && picture.contains("one &amp; all"), "{picture}");
        let widths: Vec<f64> = picture
            .split("width=\"")
            .skip(1)
            .filter_map(|text| text.split('"').next()?.parse().ok())
            .filter(|width| (100.0..800.0).contains(width))
            .collect();
        assert_eq!(widths, [215.0, 430.0]);
        assert_eq!(picture.matches("<path").count(), 1, "only what differs has a spread");
        assert!(picture.ends_with("</svg>\n"));
    }

    #[test]
    fn a_curve_has_whole_decades_and_its_points_inside() {
        let line = Line { title: "list".into(), points: vec![(1_000.0, 0.5), (100_000.0, 7.0)] };
        let curve = super::curve(&Curve { lines: vec![line], ..Curve::default() });
        assert_eq!(curve.matches("<circle").count(), 2);
        for tick in [">1000<", ">10000<", ">100000<", ">0.1<", ">1<", ">10<"] {
            assert!(curve.contains(tick), "{tick} in {curve}");
        }
    }

    #[test]
    fn nothing_to_draw_is_drawn_without_a_panic() {
        assert!(curve(&Curve::default()).contains("svg"));
        assert!(bars("t", "s", &[]).contains("svg"));
        let zero = Line { title: "z".into(), points: vec![(0.0, 0.0)] };
        assert!(!curve(&Curve { lines: vec![zero], ..Curve::default() }).contains("NaN"));
    }
}
