//! The moving part of a sweeping strip: the eraser bar and the new samples, nothing else.
//! It plays on a canvas of its own, transparent, of the strip's size, over the paper that `sweep.rs` draws once.
//!
//! When the sweep turns, all that is on the canvas fades: what lies to the right of the eraser bar is always the pass
//! before, fainter. A missing sample and the turn of the sweep end a line; a sample between two missing ones is a dot.
use crate::display_list::DisplayList;
use crate::error::ChartError;
use crate::font::Advances;
use crate::ink::Resolution;
use crate::sweep::{Positions, SweepLayout, TRACE};
use crate::theme::Rgb;
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, DrawingBackend};

/// The eraser bar, in pixels.
pub const ERASER: i32 = 28;
/// From the tip of the trace to the line that marks it.
const HEAD_DISTANCE: i32 = 3;
/// Room for the round end of the pen; the bar begins behind it.
const PEN_ROOM: i32 = 1;
/// The share (of 255) of its opacity that the pass before keeps.
const FADED: u8 = 140;

/// One sweeping strip: takes samples as they come, gives display lists that add them to what is on the canvas.
#[derive(Clone, Debug)]
pub struct SweepStrip {
    size: (u32, u32),
    positions: Positions,
    trace: Paint,
    head: Paint,
    waiting: Vec<Waiting>,
    /// The number of the next sample or missing sample since the strip began.
    next: u64,
    turn: u64,
    /// The x of the last sample or missing sample, where the present turn has one.
    tip: Option<i32>,
    /// Where a line would go on from.
    pen: Option<Pen>,
}

#[derive(Clone, Copy, Debug)]
enum Waiting {
    Sample(i32),
    Missing(u64),
}

#[derive(Clone, Copy, Debug)]
struct Pen {
    at: BackendCoord,
    /// Whether a line already leads to it; if not, it may turn out to stand alone.
    drawn: bool,
}

impl SweepStrip {
    /// An empty strip; the first sample lies at its left. `head` marks the tip of the sweep.
    pub fn new(layout: SweepLayout, trace: Rgb, head: Rgb) -> Result<Self, ChartError> {
        let resolution = Resolution::DISPLAY_LIST;
        let paint = |colour: Rgb, pixels| Paint { colour, width: resolution.round(pixels).unsigned_abs() };
        Ok(Self {
            size: layout.size(),
            positions: layout.positions(resolution)?,
            trace: paint(trace, TRACE),
            head: paint(head, 1.0),
            waiting: Vec::new(),
            next: 0,
            turn: 0,
            tip: None,
            pen: None,
        })
    }

    /// Takes samples that follow those before them without a gap.
    pub fn push(&mut self, samples: &[i32]) {
        self.waiting.extend(samples.iter().map(|sample| Waiting::Sample(*sample)));
    }

    /// Takes the place of `samples` missing ones. A silent device is pushed on by these as time passes, so that an old
    /// trace does not stand there as if it were new. More than two sweeps of them clear the strip as two do.
    pub fn push_gap(&mut self, samples: u64) {
        if samples > 0 {
            self.waiting.push(Waiting::Missing(samples.min(2 * self.positions.samples_in_a_turn())));
        }
    }

    /// Samples and gaps that wait to be drawn, in samples.
    pub fn waiting(&self) -> u64 {
        let lengths = self.waiting.iter().map(|waiting| match waiting {
            Waiting::Sample(_) => 1,
            Waiting::Missing(samples) => *samples,
        });
        lengths.fold(0, u64::saturating_add)
    }

    /// Writes what `most` of the waiting samples add to the canvas behind whatever `bytes` holds.
    /// Returns how many were drawn; with 0 nothing was written.
    pub fn draw(&mut self, bytes: &mut Vec<u8>, most: u64) -> u64 {
        if most == 0 || self.waiting.is_empty() {
            return 0;
        }
        let mut list = DisplayList::begin(bytes, self.size, &Advances::EVEN);
        let mut waiting = core::mem::take(&mut self.waiting);
        let (mut taken, mut used) = (0, 0);
        while taken < most && used < waiting.len() {
            taken += self.draw_one_turn(&mut list, &mut waiting, &mut used, most - taken);
        }
        if let Some(tip) = self.tip {
            self.mark_head(&mut list, tip);
        }
        waiting.drain(..used);
        self.waiting = waiting;
        taken
    }

    /// Draws samples up to the end of the present turn. The bar is cleared first: it lies ahead of the trace.
    fn draw_one_turn(
        &mut self,
        list: &mut DisplayList<'_>,
        waiting: &mut [Waiting],
        used: &mut usize,
        most: u64,
    ) -> u64 {
        let from = self.begin_turn(list);
        let mut runs = Runs { pen: self.pen.take(), points: Vec::new(), parts: Vec::new() };
        let mut taken = 0;
        while taken < most && *used < waiting.len() {
            let (turn, x) = self.positions.along(self.next);
            if turn != self.turn {
                break;
            }
            match &mut waiting[*used] {
                Waiting::Sample(value) => {
                    runs.sample((x, self.positions.up(*value)));
                    self.advance(x, 1);
                    taken += 1;
                    *used += 1;
                }
                Waiting::Missing(left) => {
                    runs.missing();
                    let step = self.within_turn(self.next, (*left).min(most - taken));
                    let (_, last) = self.positions.along(self.next + step - 1);
                    self.advance(last, step);
                    taken += step;
                    *left -= step;
                    *used += usize::from(*left == 0);
                }
            }
        }
        let turned = self.positions.along(self.next).0 != self.turn;
        if turned {
            runs.missing();
        }
        self.pen = runs.finish();
        let bar_end = self.tip.map_or(from, |tip| tip + units(ERASER));
        list.erase(from, bar_end.min(self.positions.right));
        for part in runs.parts {
            self.stroke(list, part);
        }
        self.erase_around_the_edge(list, bar_end);
        taken
    }

    /// Where the bar of this drawing begins. At the turn of the sweep the pass that ends fades.
    fn begin_turn(&mut self, list: &mut DisplayList<'_>) -> i32 {
        let (turn, _) = self.positions.along(self.next);
        if turn != self.turn {
            self.turn = turn;
            self.tip = None;
            self.pen = None;
            list.fade(FADED);
        }
        self.tip.map_or(0, |tip| tip + units(PEN_ROOM))
    }

    /// How many of `samples` from number `first` on lie in its turn; at least 1.
    fn within_turn(&self, first: u64, samples: u64) -> u64 {
        let turn = self.positions.along(first).0;
        let (mut inside, mut beyond) = (0, samples);
        while beyond - inside > 1 {
            let middle = inside + (beyond - inside) / 2;
            if self.positions.along(first.saturating_add(middle)).0 == turn { inside = middle } else { beyond = middle }
        }
        let all = self.positions.along(first.saturating_add(samples - 1)).0 == turn;
        if all { samples } else { inside + 1 }
    }

    fn advance(&mut self, x: i32, samples: u64) {
        self.tip = Some(x);
        self.next = self.next.saturating_add(samples);
    }

    /// At the right edge the bar goes on at the left. After the strokes: it clears what this very turn drew there.
    fn erase_around_the_edge(&self, list: &mut DisplayList<'_>, bar_end: i32) {
        let Positions { left, right, .. } = self.positions;
        if bar_end > right {
            list.erase(0, left + bar_end - right);
        }
    }

    fn stroke(&self, list: &mut DisplayList<'_>, part: Vec<BackendCoord>) {
        // The display list refuses only bitmaps and huge polygons.
        let _ = match part[..] {
            [only] => list.draw_circle(only, self.trace.width / 2, &self.trace, true),
            _ => list.draw_path(part, &self.trace),
        };
    }

    /// A line in the bar, ahead of the tip; the next bar clears it.
    fn mark_head(&self, list: &mut DisplayList<'_>, tip: i32) {
        let Positions { left, right, .. } = self.positions;
        let ahead = tip + units(HEAD_DISTANCE);
        let x = if ahead < right { ahead } else { left + ahead - right };
        let bottom = self.size.1 as i32 * units(1);
        let _ = list.draw_rect((x, 0), (x + units(1), bottom), &self.head, true);
    }
}

/// Points joined to lines until a sample is missing.
struct Runs {
    pen: Option<Pen>,
    points: Vec<BackendCoord>,
    parts: Vec<Vec<BackendCoord>>,
}

impl Runs {
    fn sample(&mut self, at: BackendCoord) {
        if let Some(pen) = self.pen
            && self.points.is_empty()
        {
            self.points.push(pen.at);
        }
        let drawn = self.pen.is_some();
        if drawn {
            self.points.push(at);
        }
        self.pen = Some(Pen { at, drawn });
    }

    /// Ends the line; a sample that nothing joined becomes a dot.
    fn missing(&mut self) {
        if let Some(Pen { at, drawn: false }) = self.pen {
            self.points = vec![at];
        }
        self.pen = None;
        self.end_part();
    }

    /// What is drawn is drawn; the pen stays where a next sample would join.
    fn finish(&mut self) -> Option<Pen> {
        self.end_part();
        self.pen
    }

    fn end_part(&mut self) {
        if !self.points.is_empty() {
            self.parts.push(core::mem::take(&mut self.points));
        }
    }
}

const fn units(pixels: i32) -> i32 {
    pixels * crate::format::UNITS_PER_PIXEL
}

#[derive(Clone, Copy, Debug)]
struct Paint {
    colour: Rgb,
    width: u32,
}

impl BackendStyle for Paint {
    fn color(&self) -> BackendColor {
        BackendColor { alpha: 1.0, rgb: (self.colour.0, self.colour.1, self.colour.2) }
    }

    fn stroke_width(&self) -> u32 {
        self.width
    }
}
