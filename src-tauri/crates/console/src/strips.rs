//! The live strips of the open patient: samples paced out at paper speed, beats and trends once a second.
//! Not here: how a strip looks (`bedside-charts`).
use crate::event_loop::{Console, Done};
use crate::ports::{Answer, Query, StoreFault};
use crate::request::StripCanvas;
use crate::snapshot::StripKind;
use crate::trend::{Panels, TREND_PARAMETERS};
use crate::wave::{self, Wave};
use bedside_charts::frame::StripKind as FrameKind;
use bedside_charts::{Advances, Beat, BeatStrip, ChartError, Figure, Frame, FrameError};
use bedside_vitals::{DeviceId, Parameter, PatientId, WallTime, WaveformBlock};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// What the trend strip of a bedside shows.
const TREND_SPAN_MS: i64 = 2 * 3_600_000;
/// What the beat strip shows.
const BEATS_SPAN_MS: i64 = 60_000;
const REDRAW: Duration = Duration::from_secs(1);

/// What is drawn now.
pub(crate) struct Strips {
    advances: Advances,
    canvases: Vec<StripCanvas>,
    waves: Vec<Wave>,
    beats: VecDeque<Beat>,
    beat_device: Option<DeviceId>,
    redrawn: Option<Instant>,
    trend_under_way: bool,
}

impl Strips {
    pub(crate) const fn new(advances: Advances) -> Self {
        Self {
            advances,
            canvases: Vec::new(),
            waves: Vec::new(),
            beats: VecDeque::new(),
            beat_device: None,
            redrawn: None,
            trend_under_way: false,
        }
    }

    pub(crate) const fn advances(&self) -> &Advances {
        &self.advances
    }

    /// Another patient, or none: nothing of the one before stays.
    pub(crate) fn forget(&mut self) {
        self.waves.clear();
        self.beats.clear();
        self.beat_device = None;
        self.redrawn = None;
    }

    /// The screen's canvases.
    pub(crate) fn set(&mut self, canvases: Vec<StripCanvas>) {
        self.canvases = canvases;
        self.redrawn = None;
        for wave in &mut self.waves {
            wave.use_canvas(self.canvases.iter().find(|canvas| canvas.kind == wave.kind()));
        }
    }

    /// Whether frames are due 30 times a second.
    pub(crate) fn moving(&self) -> bool {
        !self.canvases.is_empty()
    }

    /// Samples of the open patient.
    pub(crate) fn take(&mut self, device: DeviceId, block: &WaveformBlock) {
        match block.parameter {
            Parameter::Electrocardiogram => self.take_wave(StripKind::Electrocardiogram, device, block),
            Parameter::Plethysmogram => self.take_wave(StripKind::Plethysmogram, device, block),
            Parameter::BeatInterval => self.take_beats(device, block),
            _ => {}
        }
    }

    /// Whether samples of this kind came since the patient was opened.
    pub(crate) fn has(&self, kind: StripKind) -> bool {
        self.waves.iter().any(|wave| wave.kind() == kind)
    }

    /// One device gives a wave; the one that sent last, when there are two.
    fn take_wave(&mut self, kind: StripKind, device: DeviceId, block: &WaveformBlock) {
        let canvas = self.canvases.iter().find(|canvas| canvas.kind == kind);
        let place = self.waves.iter().position(|wave| wave.kind() == kind);
        match place.and_then(|place| self.waves.get_mut(place)).filter(|wave| wave.continues(device, block)) {
            Some(wave) => wave.take(block),
            None => {
                self.waves.retain(|wave| wave.kind() != kind);
                let mut wave = Wave::new(kind, device, block, canvas);
                wave.take(block);
                self.waves.push(wave);
            }
        }
    }

    fn take_beats(&mut self, device: DeviceId, block: &WaveformBlock) {
        // One device gives the beats; a second one with the same heart would double them.
        if *self.beat_device.get_or_insert(device) != device {
            return;
        }
        let last = self.beats.back().map(|beat| beat.at);
        let total: i64 = block.samples.iter().map(|&rr| i64::from(rr)).sum();
        let mut at = block.last_sample.at.plus_millis(-(total * 1_000 / 1_024));
        let adjoins = last.is_some_and(|last| at.millis_since(last).abs() < 2_500);
        for (place, &interval) in block.samples.iter().enumerate() {
            at = at.plus_millis(i64::from(interval) * 1_000 / 1_024);
            let at = self.beats.back().map_or(at, |beat| at.max(beat.at));
            let interval_1024 = u16::try_from(interval).unwrap_or(u16::MAX);
            self.beats.push_back(Beat { at, interval_1024, continues: place > 0 || adjoins });
        }
        let from = block.last_sample.at.plus_millis(-2 * BEATS_SPAN_MS);
        while self.beats.front().is_some_and(|beat| beat.at < from) {
            self.beats.pop_front();
        }
    }

    fn canvas(&self, kind: StripKind) -> Option<&StripCanvas> {
        self.canvases.iter().find(|canvas| canvas.kind == kind)
    }
}

/// A strip that cannot be drawn leaves its place empty; the others are drawn.
fn add(frame: &mut Frame, kind: StripKind, how: FrameKind, write: impl FnOnce(&mut Vec<u8>) -> Result<(), ChartError>) {
    let mut list = Vec::new();
    if let Err(error) = write(&mut list) {
        tracing::warn!(code = "STRIP", %error, "a strip cannot be drawn");
        return;
    }
    let copied = frame.add(kind.id(), how, |bytes| {
        bytes.extend_from_slice(&list);
        Ok::<_, FrameError>(())
    });
    if let Err(error) = copied {
        tracing::warn!(code = "STRIP", %error, "a strip does not fit the frame");
    }
}

impl Console {
    /// One frame of what moves.
    pub(crate) fn draw_live(&mut self) {
        let mut frame = Frame::new();
        for wave in &mut self.strips.waves {
            let kind = wave.kind();
            add(&mut frame, kind, FrameKind::Append, |bytes| {
                wave.draw(bytes);
                Ok(())
            });
        }
        self.send_frame(frame);
    }

    /// Everything anew, for new canvases.
    pub(crate) fn draw_all_strips(&mut self) {
        let mut frame = Frame::new();
        for kind in [StripKind::Electrocardiogram, StripKind::Plethysmogram] {
            let Some(canvas) = self.strips.canvas(kind) else { continue };
            let hertz = self.strips.waves.iter().find(|wave| wave.kind() == kind).map(Wave::hertz);
            let paper = wave::paper(canvas, hertz);
            let size = (canvas.width, canvas.height);
            let advances = self.strips.advances();
            add(&mut frame, kind, FrameKind::Replace, |bytes| paper.to_display_list(bytes, size, advances));
        }
        self.send_frame(frame);
        let wall = self.ports.machine.wall();
        self.draw_beats(wall);
    }

    /// Once a second: the beats at once, the trend when the store has answered.
    pub(crate) fn refresh_trend_strip(&mut self, now: bedside_session::Now) {
        let due = self.strips.redrawn.is_none_or(|at| at.elapsed() >= REDRAW);
        if !due || !self.strips.moving() {
            return;
        }
        self.strips.redrawn = Some(Instant::now());
        self.draw_beats(now.wall);
        let (Some(patient), Some(canvas)) = (self.open, self.strips.canvas(StripKind::Trend)) else { return };
        if self.strips.trend_under_way {
            return;
        }
        let query = Query::Trend {
            patient,
            parameters: TREND_PARAMETERS[..2].to_vec(),
            from: now.wall.plus_millis(-TREND_SPAN_MS),
            until: now.wall,
            columns: canvas.width as usize,
        };
        self.strips.trend_under_way = true;
        let store = self.ports.store.clone();
        self.start_work(async move { Done::TrendStrip(patient, store.read(query).await) });
    }

    pub(crate) fn draw_trend_strip(&mut self, patient: PatientId, answer: Result<Answer, StoreFault>) {
        self.strips.trend_under_way = false;
        if self.open != Some(patient) {
            return;
        }
        let Ok(Answer::Trend(trend)) = answer else { return };
        let wall = self.ports.machine.wall();
        let Some(canvas) = self.strips.canvas(StripKind::Trend) else { return };
        let panels = Panels::of(&trend, &self.policy, &TREND_PARAMETERS[..2]);
        let zone = self.ports.machine.zone_offset_ms(wall);
        let size = (canvas.width, canvas.height);
        let mut frame = Frame::new();
        add(&mut frame, StripKind::Trend, FrameKind::Replace, |bytes| {
            let span = (wall.plus_millis(-TREND_SPAN_MS), wall);
            panels.draw(bytes, span, true, zone, size, canvas.theme, self.strips.advances())
        });
        self.send_frame(frame);
    }

    fn draw_beats(&self, wall: WallTime) {
        let Some(canvas) = self.strips.canvas(StripKind::BeatIntervals) else { return };
        let from = wall.plus_millis(-BEATS_SPAN_MS);
        // The last beat before the window comes too: the silence after it is what makes an empty window a gap.
        let first = self.strips.beats.partition_point(|beat| beat.at < from).saturating_sub(1);
        let beats: Vec<Beat> = self.strips.beats.iter().skip(first).filter(|beat| beat.at <= wall).copied().collect();
        let strip = BeatStrip { from, to: wall, beats: &beats, theme: canvas.theme };
        let mut frame = Frame::new();
        let size = (canvas.width, canvas.height);
        add(&mut frame, StripKind::BeatIntervals, FrameKind::Replace, |bytes| {
            strip.to_display_list(bytes, size, self.strips.advances())
        });
        self.send_frame(frame);
    }

    fn send_frame(&self, frame: Frame) {
        if !frame.is_empty() {
            self.ports.display.draw(frame.into_bytes());
        }
    }
}
