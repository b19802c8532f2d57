//! Says in words when a gap was, where there is room that no curve, limit, gap or other label needs.
//! A gap without room keeps its hatching and goes without words.
use crate::error::ChartError;
use crate::ink::{Box2, Ink, TEXT};
use crate::runs::Gap;
use crate::theme::ChartTheme;
use crate::time_axis::{clock, same_day};
use crate::trend::AxisRow;
use crate::trend_panel::ShownGap;
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{HPos, VPos};

/// So many of the widest gaps get words; the others would only crowd the panel.
const MOST_LABELS: usize = 8;
/// Heights within the panel that are tried, from the bottom up.
const ROWS: i32 = 5;

/// The labels of the gaps of one panel.
pub(crate) struct GapLabels<'l, 'a, DB: DrawingBackend> {
    pub(crate) ink: &'l Ink<'a, DB>,
    pub(crate) frame: Box2,
    pub(crate) shown: &'l [ShownGap],
    /// Where no label may lie.
    pub(crate) curves: Vec<Box2>,
    pub(crate) theme: &'l ChartTheme,
    pub(crate) utc_offset_minutes: i16,
    /// The panel is one single gap without a beginning.
    pub(crate) nothing_at_all: bool,
}

impl<DB: DrawingBackend> GapLabels<'_, '_, DB> {
    pub(crate) fn draw(&self, axis_row: &mut AxisRow) -> Result<(), ChartError> {
        let mut widest: Vec<_> = self.shown.iter().filter_map(|shown| Some((shown.place, shown.gap?))).collect();
        widest.sort_by_key(|(place, _)| -place.width());
        let mut taken = self.curves.clone();
        for (place, gap) in widest.into_iter().take(MOST_LABELS) {
            let words = self.words(&gap);
            let (width, height) = self.ink.text_size(&words)?;
            let size = (width + self.air(), height + self.air());
            let free = |candidate: &Candidate| self.is_free(candidate, &place, &taken);
            if let Some(found) = self.candidates(place, size).into_iter().find(free) {
                taken.push(found.place);
                self.write(&words, &found)?;
            } else if let Some(under) = self.under_the_axis(place, size.0, axis_row) {
                axis_row.taken.push(under);
                self.write(&words, &Candidate { place: under, within: false })?;
            }
        }
        Ok(())
    }

    fn words(&self, gap: &Gap) -> String {
        let offset = self.utc_offset_minutes;
        match gap.to {
            _ if self.nothing_at_all => "no data".to_owned(),
            None => format!("no data since {}", clock(gap.from, false, offset)),
            Some(to) => {
                let days = !same_day(gap.from, to, offset);
                format!("no data {} to {}", clock(gap.from, days, offset), clock(to, days, offset))
            }
        }
    }

    /// Within the gap if it is wide enough, else right of it, else left of it.
    fn candidates(&self, gap: Box2, (width, height): (i32, i32)) -> Vec<Candidate> {
        let mut found = Vec::new();
        let middle = (gap.top + gap.bottom - height) / 2;
        let boxed = |left: i32, top: i32| Box2 { left, top, right: left + width, bottom: top + height };
        if gap.width() >= width + 2 * self.air() {
            found.push(Candidate { place: boxed((gap.left + gap.right - width) / 2, middle), within: true });
        }
        let room = self.frame.bottom - self.frame.top - height;
        for left in [gap.right + self.air(), gap.left - self.air() - width] {
            for row in (0..ROWS).rev() {
                let top = self.frame.top + room * row / (ROWS - 1);
                found.push(Candidate { place: boxed(left, top), within: false });
            }
        }
        found
    }

    fn is_free(&self, candidate: &Candidate, own: &Box2, taken: &[Box2]) -> bool {
        let Candidate { place, within } = candidate;
        let inside = place.left >= self.frame.left
            && place.right <= self.frame.right
            && place.top >= self.frame.top
            && place.bottom <= self.frame.bottom;
        let gap_in_the_way = |shown: &ShownGap| shown.place.meets(*place) && !(*within && shown.place == *own);
        inside && !taken.iter().any(|other| other.meets(*place)) && !self.shown.iter().any(gap_in_the_way)
    }

    /// In the row of the time axis, as near under the gap as the axis allows.
    fn under_the_axis(&self, gap: Box2, width: i32, axis_row: &AxisRow) -> Option<Box2> {
        let AxisRow { row, taken } = axis_row;
        let step = self.ink.round(TEXT);
        let wanted = (gap.left + gap.right - width) / 2;
        let offsets = (0..=6).flat_map(|n| [n * step, -n * step]);
        offsets
            .map(|offset| Box2 { left: wanted + offset, right: wanted + offset + width, ..*row })
            .filter(|place| place.left >= row.left && place.right <= row.right)
            .find(|place| !taken.iter().any(|other| other.meets(*place)))
    }

    fn write(&self, words: &str, Candidate { place, within }: &Candidate) -> Result<(), ChartError> {
        if *within {
            self.ink.rectangle(*place, self.theme.surface)?;
        }
        let at = ((place.left + place.right) / 2, (place.top + place.bottom) / 2);
        self.ink.text(words, at, (HPos::Center, VPos::Center), self.theme.text_second)
    }

    /// Between a label and what lies beside it.
    fn air(&self) -> i32 {
        self.ink.round(TEXT / 2.0)
    }
}

struct Candidate {
    place: Box2,
    /// Whether it lies on its gap's hatching, which must then make room.
    within: bool,
}
