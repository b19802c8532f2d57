//! A person marks what the strip just showed: the stretch goes to the server, cut where the wave has a gap (product:
//! "What goes to the server"). Not here: live strips (`strips`), and what a part says in FHIR.
use crate::audit::AuditAction;
use crate::commits::{After, Batch};
use crate::event_loop::Console;
use crate::people::answer;
use crate::ports::{Answer, Query, StoreFault};
use crate::records::{Changes, SampleValues, StoredSamples};
use crate::request::{ConsoleHandle, RequestError};
use crate::requests::{Reply, Request};
use crate::snapshot::StripKind;
use bedside_fhir::{BeatsInput, NotFilable, Observation, Person, ProvenanceAct, Resource, StripInput};
use bedside_outbox::{Lane, OutboxRow};
use bedside_vitals::{DeviceDescription, DeviceId, Parameter, Patient, PatientId, SeriesId, Unit, WallTime};

/// The shortest and the longest stretch in seconds.
pub const STRIP_SECONDS: std::ops::RangeInclusive<u32> = 5..=120;
/// Blocks that lie closer are one stretch: their times are those of receipt, which comes in bursts.
const JITTER_MS: i64 = 500;
/// The same of beat intervals: a strap sends them about once a second.
const BEATS_JITTER_MS: i64 = 2_500;

/// A stretch of one wave, or of beat intervals, without a gap.
struct Stretch {
    series: SeriesId,
    device: DeviceId,
    unit: Unit,
    exponent: i8,
    what: What,
}

enum What {
    /// Samples at an even pace.
    Wave { start: WallTime, hertz: u16, samples: Vec<i32> },
    /// When each interval ended, and its length in 1/1024 s.
    Beats(Vec<(WallTime, i32)>),
}

impl ConsoleHandle {
    /// Marks the last seconds of a wave of a patient for the server; answers how many parts it will get. `strip` is an
    /// ECG, a pulse wave or beat intervals, `seconds` in `STRIP_SECONDS`.
    pub async fn mark_strip(&self, patient: PatientId, strip: StripKind, seconds: u32) -> Result<u32, RequestError> {
        self.ask(|reply| Request::MarkStrip { patient, strip, seconds, reply }).await
    }
}

impl Console {
    /// The last seconds of a wave.
    pub(crate) fn mark_strip(&mut self, patient: PatientId, strip: StripKind, seconds: u32, reply: Reply<u32>) {
        let parameter = match strip {
            StripKind::Electrocardiogram => Parameter::Electrocardiogram,
            StripKind::Plethysmogram => Parameter::Plethysmogram,
            StripKind::BeatIntervals => Parameter::BeatInterval,
            // Its values go up as medians; there is no curve to mark.
            StripKind::Trend => return answer(reply, Err(RequestError::NothingToMark)),
        };
        if !self.patients.contains_key(&patient) {
            return answer(reply, Err(RequestError::NoSuchPatient));
        }
        let (store, asked, now) = (self.ports.store.clone(), self.epoch.moment(), self.ports.machine.wall());
        let seconds = seconds.clamp(*STRIP_SECONDS.start(), *STRIP_SECONDS.end());
        let from = now.plus_millis(-1_000 * i64::from(seconds));
        self.then(async move {
            let query = Query::Samples { patient: Some(patient), since: Some(from), until: None };
            let found = match store.read(query).await {
                Ok(Answer::Samples(found)) => Ok(found),
                Ok(_) => Err(StoreFault::another_answer()),
                Err(fault) => Err(fault),
            };
            // Locked meanwhile, or somebody else works here: it would be marked as theirs.
            move |console: &mut Self| match asked.let_through(found.map_err(RequestError::from)) {
                Ok(found) => console.mark_stretches(patient, parameter, stretches(found, parameter, from), reply),
                Err(error) => answer(reply, Err(error)),
            }
        });
    }

    fn mark_stretches(&mut self, patient: PatientId, parameter: Parameter, stretches: Vec<Stretch>, reply: Reply<u32>) {
        let parts: Vec<Part> =
            stretches.iter().flat_map(|stretch| self.strip_rows(patient, parameter, stretch)).collect();
        if parts.is_empty() {
            return answer(reply, Err(RequestError::NothingToMark));
        }
        let rows = parts.iter().flat_map(|(part, provenance)| [Some(part), provenance.as_ref()]).flatten();
        let rows: Vec<OutboxRow> = rows.cloned().collect();
        let parts = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        let mut entry = self.entry(AuditAction::StripMarked, Some(patient), stretches.first().map(|one| one.device));
        entry.count = Some(parts);
        let changes = Changes { outbox: rows, audit: vec![entry], ..Changes::default() };
        let reply = After::Reply(Box::new(move |result| answer(reply, result.map(|()| parts))));
        self.commits.request(Batch { changes, after: vec![reply] });
    }

    /// The parts of a stretch. Who was here all the time measured it; who came later, or unlocked a vault that it was
    /// recorded for, entered it.
    fn strip_rows(&self, patient: PatientId, parameter: Parameter, stretch: &Stretch) -> Vec<Part> {
        let Some((patient, device)) = self.patients.get(&patient).zip(self.known.get(&stretch.device)) else {
            return Vec::new();
        };
        let person = self.person();
        let was_here = self.access.clinician_since.is_some_and(|since| since <= stretch.began());
        let act = if was_here { ProvenanceAct::Measured } else { ProvenanceAct::Entered };
        let parts = match self.parts(patient, device, parameter, stretch, person.as_ref().filter(|_| was_here)) {
            Ok(parts) => parts.into_iter().map(Ok).collect(),
            Err(reason) => vec![Err::<_, NotFilable>(reason)],
        };
        let part = |part: Result<Observation, NotFilable>| {
            // The same part marked again is told of in the same words.
            let ended = part.as_ref().ok().and_then(ended).unwrap_or_else(|| stretch.began());
            let row = self.row(part.and_then(|one| one.document()), self.needs(patient.id, device))?;
            let row = OutboxRow { lane: Lane::Waveform, ..row };
            // Not before its curve: it would wait in front of it.
            let provenance = self.taken_row(&row, act, ended, person.as_ref());
            Some((row, provenance.map(|told| OutboxRow { lane: Lane::Waveform, ..told })))
        };
        parts.into_iter().filter_map(part).collect()
    }

    fn parts(
        &self,
        patient: &Patient,
        device: &DeviceDescription,
        parameter: Parameter,
        stretch: &Stretch,
        performer: Option<&Person>,
    ) -> Result<Vec<Observation>, NotFilable> {
        let Stretch { series, unit, exponent, ref what, .. } = *stretch;
        match *what {
            What::Wave { start, hertz, ref samples } => {
                let input =
                    StripInput { patient, device, series, parameter, unit, exponent, start, hertz, samples, performer };
                bedside_fhir::strip_observations(&self.sync.context, &input)
            }
            What::Beats(ref beats) => {
                let input = BeatsInput { patient, device, series, unit, exponent, beats, performer };
                bedside_fhir::beat_observations(&self.sync.context, &input)
            }
        }
    }
}

/// A part of a stretch for the server, and who took it.
type Part = (OutboxRow, Option<OutboxRow>);

/// The end of a part.
fn ended(part: &Observation) -> Option<WallTime> {
    WallTime::parse(part.effective_period.as_ref()?.end.as_deref()?)
}

impl Stretch {
    /// When it began, as far as it is told.
    fn began(&self) -> WallTime {
        match &self.what {
            What::Wave { start, .. } => *start,
            What::Beats(beats) => beats.first().map_or(WallTime(i64::MIN), |(at, _)| *at),
        }
    }
}

/// What was found of a wave or of beats since a time, without what was before it, in stretches without a gap; of each
/// device its own.
fn stretches(found: Vec<StoredSamples>, parameter: Parameter, from: WallTime) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = Vec::new();
    for StoredSamples { series, device, parameter: of, unit, exponent, values, .. } in found {
        if of != parameter {
            continue;
        }
        let new = |what| Stretch { series, device, unit, exponent, what };
        match values {
            SampleValues::Even { start, hertz, samples } => {
                let Some((start, samples)) = since(from, start, hertz, samples) else { continue };
                let last = all.iter_mut().rev().find(|one| one.series == series && one.exponent == exponent);
                match last.map(|one| &mut one.what) {
                    Some(What::Wave { start: began, hertz: pace, samples: before })
                        if *pace == hertz
                            && start.millis_since(later(*began, before.len(), hertz)).abs() <= JITTER_MS =>
                    {
                        before.extend(samples);
                    }
                    _ => all.push(new(What::Wave { start, hertz, samples })),
                }
            }
            SampleValues::Timed(beats) => {
                for (at, interval) in beats.into_iter().filter(|(at, _)| *at >= from) {
                    let began = at.plus_millis(-(i64::from(interval) * 1_000 / 1_024));
                    let last = all.iter_mut().rev().find(|one| one.series == series && one.exponent == exponent);
                    match last.map(|one| &mut one.what) {
                        Some(What::Beats(before))
                            if before.last().is_none_or(|(end, _)| began.millis_since(*end) <= BEATS_JITTER_MS) =>
                        {
                            before.push((at, interval));
                        }
                        _ => all.push(new(What::Beats(vec![(at, interval)]))),
                    }
                }
            }
        }
    }
    all
}

/// The samples that were not taken before a time, and when the first of them was; `None` where there is none.
fn since(from: WallTime, start: WallTime, hertz: u16, mut samples: Vec<i32>) -> Option<(WallTime, Vec<i32>)> {
    let before = from.millis_since(start).max(0).unsigned_abs().saturating_mul(hertz.into()).div_ceil(1_000);
    let before = usize::try_from(before).unwrap_or(usize::MAX).min(samples.len());
    samples.drain(..before);
    (hertz > 0 && !samples.is_empty()).then(|| (later(start, before, hertz), samples))
}

fn later(start: WallTime, samples: usize, hertz: u16) -> WallTime {
    let millis = i64::try_from(samples).unwrap_or(i64::MAX).saturating_mul(1_000) / i64::from(hertz.max(1));
    start.plus_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: WallTime = WallTime(1_773_835_200_000);

    fn block(start_ms: i64, hertz: u16, samples: &[i32]) -> StoredSamples {
        let device = DeviceId::derive("one");
        StoredSamples {
            series: SeriesId::derive(device, None, Parameter::Electrocardiogram),
            device,
            patient: None,
            parameter: Parameter::Electrocardiogram,
            unit: Unit::Microvolt,
            exponent: 0,
            values: SampleValues::Even { start: T.plus_millis(start_ms), hertz, samples: samples.to_vec() },
        }
    }

    fn found(blocks: Vec<StoredSamples>, from_ms: i64) -> Vec<(i64, Vec<i32>)> {
        let all = stretches(blocks, Parameter::Electrocardiogram, T.plus_millis(from_ms));
        let wave = |one: Stretch| match one.what {
            What::Wave { start, samples, .. } => Some((start.millis_since(T), samples)),
            What::Beats(_) => None,
        };
        all.into_iter().filter_map(wave).collect()
    }

    #[test]
    fn blocks_that_follow_each_other_are_one_stretch_and_a_gap_begins_another() {
        let blocks = vec![block(0, 2, &[1, 2]), block(1_200, 2, &[3, 4]), block(9_000, 2, &[5])];
        assert_eq!(found(blocks, 0), [(0, vec![1, 2, 3, 4]), (9_000, vec![5])]);
    }

    #[test]
    fn samples_before_the_marked_time_stay_here() {
        assert_eq!(found(vec![block(0, 2, &[1, 2, 3, 4])], 900), [(1_000, vec![3, 4])]);
        assert_eq!(found(vec![block(0, 2, &[1, 2])], 60_000), []);
    }

    #[test]
    fn another_wave_is_not_marked() {
        let other = StoredSamples { parameter: Parameter::Plethysmogram, ..block(0, 2, &[1]) };
        assert_eq!(found(vec![other], 0), []);
    }

    #[test]
    fn beats_of_several_packets_are_one_stretch_and_a_gap_begins_another() {
        let packet = |beats: &[(i64, i32)]| {
            let beats = beats.iter().map(|&(at, interval)| (T.plus_millis(at), interval)).collect();
            let values = SampleValues::Timed(beats);
            StoredSamples { parameter: Parameter::BeatInterval, unit: Unit::Per1024Second, values, ..block(0, 1, &[1]) }
        };
        let packets = vec![packet(&[(-50, 900), (900, 900)]), packet(&[(2_400, 901)]), packet(&[(9_000, 850)])];
        let all = stretches(packets, Parameter::BeatInterval, T);
        let beats: Vec<Vec<i32>> = all
            .into_iter()
            .map(|one| match one.what {
                What::Beats(beats) => beats.into_iter().map(|(_, interval)| interval).collect(),
                What::Wave { .. } => Vec::new(),
            })
            .collect();
        assert_eq!(beats, [vec![900, 901], vec![850]]);
    }
}
