//! Which backups are kept: the newest three, one of each of the last seven days, and always the last verified one.
//! Not here: files.
use bedside_console::BackupCopy;
use bedside_vitals::WallTime;
use std::collections::BTreeSet;
use std::path::PathBuf;

const NEWEST: usize = 3;
const DAYS: i64 = 7;
const DAY_MS: i64 = 86_400_000;

/// The folders that may go. `all` is newest first; `last` is the newest that is proven to be verified.
pub(crate) fn superfluous(all: &[BackupCopy], last: Option<&BackupCopy>, now: WallTime) -> Vec<PathBuf> {
    let day = |at: WallTime| at.0.div_euclid(DAY_MS);
    let mut days = BTreeSet::new();
    let mut gone = Vec::new();
    for (place, copy) in all.iter().enumerate() {
        let of_its_day = days.insert(day(copy.at)) && day(now) - day(copy.at) < DAYS;
        let is_last = last.is_some_and(|last| last.folder == copy.folder);
        if place >= NEWEST && !of_its_day && !is_last {
            gone.push(copy.folder.clone());
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: WallTime = WallTime(1_773_842_792_000);

    fn copy(name: &str, minutes_ago: i64) -> BackupCopy {
        let at = NOW.plus_millis(-minutes_ago * 60_000);
        BackupCopy { folder: name.into(), at, verified: Some(at), generation: 1, octets: 1 }
    }

    fn gone(all: &[BackupCopy], last: Option<&BackupCopy>) -> Vec<String> {
        superfluous(all, last, NOW).into_iter().map(|path| path.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn the_newest_three_stay_and_the_older_ones_of_the_same_day_go() {
        let all: Vec<_> = (0..6).map(|n| copy(&n.to_string(), n * 15)).collect();
        assert_eq!(gone(&all, None), ["3", "4", "5"]);
    }

    #[test]
    fn the_newest_of_each_of_seven_days_stays() {
        let all: Vec<_> = (0..20).map(|n| copy(&n.to_string(), n * 12 * 60)).collect();
        // 14:06 and 02:06 of day 0, 14:06 of day 1, ...: an even one is the newest of its day.
        assert_eq!(gone(&all, None), ["3", "5", "7", "9", "11", "13", "14", "15", "16", "17", "18", "19"]);
    }

    #[test]
    fn the_last_verified_one_stays_however_old() {
        let all: Vec<_> = (0..9).map(|n| copy(&n.to_string(), (n + 60) * 24 * 60)).collect();
        assert_eq!(gone(&all, Some(&all[5])), ["3", "4", "6", "7", "8"]);
    }
}
