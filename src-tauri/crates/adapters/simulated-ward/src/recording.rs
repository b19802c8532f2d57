//! The real recordings: one ECG with its R peaks, and beat intervals of three people. Attribution: `assets/ward`.
//! How they are played in time is in `heart.rs`.

/// Samples a second of the ECG.
pub(crate) const ECG_HERTZ: u64 = 130;

/// An ECG that may be played in a loop without a broken beat at the seam.
pub(crate) struct EcgRecording {
    /// Microvolts.
    pub(crate) samples: Vec<i32>,
    /// Places of the R peaks in `samples`, ascending.
    pub(crate) peaks: Vec<usize>,
}

/// MIT-BIH Arrhythmia Database, record 100.
pub(crate) fn ecg() -> EcgRecording {
    let samples: Vec<i32> = data_lines(include_str!("../../../../../assets/ward/ecg-mitdb-100-130hz.csv"))
        .filter_map(|line| line.trim().parse().ok())
        .collect();
    let peaks = r_peaks(&samples);
    // From just before one beat to the same place before the last: the isoelectric line joins there.
    let cut = |peak: Option<&usize>| peak.map_or(0, |peak| peak.saturating_sub(LEAD_IN));
    let (from, to) = (cut(peaks.get(1)), cut(peaks.last()));
    if from >= to {
        return EcgRecording { samples, peaks };
    }
    let peaks = peaks.iter().filter(|peak| (from..to).contains(*peak)).map(|peak| peak - from).collect();
    EcgRecording { samples: samples[from..to].to_vec(), peaks }
}

/// Beat intervals in milliseconds of MIT-BIH Atrial Fibrillation Database records 04746, 04043 and 04015.
pub(crate) fn beat_intervals_ms() -> [Vec<u64>; 3] {
    [
        include_str!("../../../../../assets/ward/afdb-rr/04746.csv"),
        include_str!("../../../../../assets/ward/afdb-rr/04043.csv"),
        include_str!("../../../../../assets/ward/afdb-rr/04015.csv"),
    ]
    .map(|text| data_lines(text).filter_map(|line| line.split(',').nth(1)?.trim().parse().ok()).collect())
}

/// Samples between the seam of the loop and the first R peak: about 0.3 s.
const LEAD_IN: usize = 40;
/// The R waves of this recording are twice as high as anything else in it.
const R_WAVE_MICROVOLTS: i32 = 400;
/// No heart beats twice within 250 ms.
const REFRACTORY_SAMPLES: usize = 32;

fn r_peaks(samples: &[i32]) -> Vec<usize> {
    let mut peaks: Vec<usize> = Vec::new();
    for (index, around) in samples.windows(3).enumerate() {
        let at = index + 1;
        let is_top = around[1] > R_WAVE_MICROVOLTS && around[1] >= around[0] && around[1] > around[2];
        if is_top && peaks.last().is_none_or(|last| at - last > REFRACTORY_SAMPLES) {
            peaks.push(at);
        }
    }
    peaks
}

fn data_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.starts_with("time_s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_beat_of_the_ecg_is_found_once() {
        let ecg = ecg();
        // The database's own annotation has 74 beats a minute in these two minutes; two beats fall to the loop.
        assert_eq!(ecg.peaks.len(), 146);
        let gaps: Vec<usize> = ecg.peaks.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.iter().all(|gap| (80..=140).contains(gap)), "{gaps:?}");
    }

    #[test]
    fn the_seam_of_the_loop_leaves_a_plausible_beat_interval() {
        let ecg = ecg();
        let over_the_seam = ecg.samples.len() - ecg.peaks[ecg.peaks.len() - 1] + ecg.peaks[0];
        assert!((80..=140).contains(&over_the_seam), "{over_the_seam}");
        assert!(ecg.samples[0].abs_diff(ecg.samples[ecg.samples.len() - 1]) < 200);
    }

    #[test]
    fn every_line_of_the_intervals_is_read() {
        let lengths = beat_intervals_ms().map(|intervals| intervals.len());
        assert_eq!(lengths, [1366, 2077, 1833]);
        assert!(beat_intervals_ms().iter().flatten().all(|ms| (150..4_000).contains(ms)));
    }
}
