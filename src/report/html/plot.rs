//! How long the answers to a call took, as a small plot: a bar for each band of duration, in a drawing that needs no script.

use crate::report::model::{Band, Latency, duration};

/// Sizes of a plot, in pixels: a bar with its gap, the highest bar, what stands below it, and the margin at both sides.
const BAR: usize = 40;
const HEIGHT: usize = 64;
const BELOW: usize = 18;
const MARGIN: usize = 20;

/// The plot of one call.
pub(super) struct Plot<'a> {
    pub(super) latency: &'a Latency,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) bars: Vec<Bar>,
    /// The whole of it in words, for who does not see it.
    pub(super) text: String,
}

/// One bar.
pub(super) struct Bar {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) height: usize,
    /// Where its limit stands below it, and what that is; empty where it has none.
    pub(super) label_x: usize,
    pub(super) label: String,
    /// What it says.
    pub(super) text: String,
}

impl<'a> Plot<'a> {
    pub(super) fn of(latency: &'a Latency) -> Self {
        let most = latency.bands.iter().map(|band| band.answers).max().unwrap_or_default().max(1);
        let bars: Vec<_> = latency.bands.iter().enumerate().map(|(index, band)| bar(index, band, most)).collect();
        let texts: Vec<_> = bars.iter().filter(|bar| bar.height > 0).map(|bar| bar.text.as_str()).collect();
        let text = format!("{}: {}; {}", latency.call, latency.text(), texts.join(", "));
        Self { latency, width: bars.len() * BAR + 2 * MARGIN, height: HEIGHT + BELOW, bars, text }
    }

    /// Where the line stands from which the bars rise.
    pub(super) fn floor() -> usize {
        HEIGHT
    }

    /// How wide a bar is.
    pub(super) fn bar_width() -> usize {
        BAR - 4
    }
}

fn bar(index: usize, band: &Band, most: usize) -> Bar {
    // One answer among thousands is to be seen, too.
    let height = if band.answers == 0 { 0 } else { (band.answers * HEIGHT / most).max(2) };
    let x = MARGIN + index * BAR + 2;
    let limit = band.below_ms.map(duration);
    let text = match &limit {
        Some(limit) => format!("{} below {limit}", band.answers),
        None => format!("{} longer", band.answers),
    };
    Bar { x, y: HEIGHT - height, height, label_x: MARGIN + (index + 1) * BAR, label: limit.unwrap_or_default(), text }
}
