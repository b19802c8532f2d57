//! Cuts a run of items into blobs by their encoded size.
//! Not here: how items are encoded (`timed`, `even`, `frames`, `tile`).
use alloc::vec::Vec;
use bedside_vitals::WallTime;

/// The most octets of a blob, unless a single item is larger.
///
/// Chosen for SQLCipher's pages of 4 KiB, 80 of them its own. A row of more than 981 octets keeps 479 to 981 of them in
/// the tree and the rest in whole pages of 4012 beside it: with two such pages a full blob leaves no room unused there,
/// and hardly anything lies in the tree, whose pages are half empty where series grow in turns (SQLite's file format,
/// section 1.6). The rest of the row takes up to 40 octets.
pub const TARGET_OCTETS: usize = 8_930;

/// No blob spans more time than this, so that a search for a time needs to look back no further.
pub const MOST_SPAN_MS: i64 = 6 * 3_600_000;

/// One blob and what a table needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Time of the first item.
    pub start: WallTime,
    /// The latest time an item reaches to.
    pub last: WallTime,
    /// Samples, bins or frames in it.
    pub count: u32,
    /// The blob.
    pub octets: Vec<u8>,
}

/// What the cutter needs to know of an item.
pub(crate) trait Item {
    /// When it begins.
    fn start(&self) -> WallTime;
    /// When it ends.
    fn last(&self) -> WallTime;
    /// How many samples it stands for.
    fn weight(&self) -> usize;
    /// Whether it may lie in one blob with the item before it.
    fn follows(&self, before: &Self) -> bool;
}

/// Cuts `items`, in order, into blobs of at most `TARGET_OCTETS`.
pub(crate) fn cut<T: Item>(mut items: &[T], most_span_ms: i64, encode: impl Fn(&[T]) -> Vec<u8>) -> Vec<Packed> {
    let mut blobs = Vec::new();
    let mut guess = 512;
    while !items.is_empty() {
        let together = one_run(items, most_span_ms);
        let (count, octets) = largest_fit(&items[..together], guess, &encode);
        let (taken, rest) = items.split_at(count);
        let last = taken.iter().map(T::last).max().unwrap_or(taken[0].start());
        let weight = taken.iter().map(T::weight).sum::<usize>();
        blobs.push(Packed { start: taken[0].start(), last, count: u32::try_from(weight).unwrap_or(u32::MAX), octets });
        guess = count.max(16);
        items = rest;
    }
    blobs
}

/// How many items from the first may share a blob.
fn one_run<T: Item>(items: &[T], most_span_ms: i64) -> usize {
    let first = items[0].start();
    let mut weight = items[0].weight();
    for (before, pair) in items.windows(2).enumerate() {
        let near = pair[1].last().0.checked_sub(first.0).is_some_and(|span| span < most_span_ms);
        weight = weight.saturating_add(pair[1].weight());
        let in_order = pair[1].start() >= pair[0].start();
        if !near || !in_order || weight > crate::wire::MOST_ITEMS || !pair[1].follows(&pair[0]) {
            return before + 1;
        }
    }
    items.len()
}

/// About the largest number of items whose encoding fits, at least one; within a sixty-fourth of the best.
fn largest_fit<T>(items: &[T], guess: usize, encode: &impl Fn(&[T]) -> Vec<u8>) -> (usize, Vec<u8>) {
    let (mut fits, mut best) = (0, None);
    let mut too_many = items.len() + 1;
    let mut next = guess.clamp(1, items.len());
    loop {
        let octets = encode(&items[..next]);
        let scaled = next * TARGET_OCTETS / octets.len().max(1);
        if octets.len() <= TARGET_OCTETS || next == 1 {
            fits = next;
            best = Some(octets);
        } else {
            too_many = next;
        }
        if let Some(octets) = best.take_if(|_| too_many - fits <= 1 + fits / 64) {
            return (fits, octets);
        }
        next = scaled.clamp(fits + 1, too_many - 1);
        if next == too_many - 1 && too_many <= items.len() && too_many - fits > 4 {
            next = fits.midpoint(too_many);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    struct Heavy(i64, usize);

    impl Item for Heavy {
        fn start(&self) -> WallTime {
            WallTime(self.0)
        }
        fn last(&self) -> WallTime {
            WallTime(self.0)
        }
        fn weight(&self) -> usize {
            1
        }
        fn follows(&self, _: &Self) -> bool {
            true
        }
    }

    fn heavy(items: &[Heavy]) -> Vec<u8> {
        vec![0; items.iter().map(|item| item.1).sum()]
    }

    #[test]
    fn no_blob_passes_the_target_unless_one_item_does() {
        let items: Vec<Heavy> =
            (0..3000).map(|i| Heavy(i, if i == 700 { 20_000 } else { (i % 40) as usize })).collect();
        let blobs = cut(&items, MOST_SPAN_MS, heavy);
        assert_eq!(blobs.iter().map(|b| b.count).sum::<u32>(), 3000);
        let large: Vec<_> = blobs.iter().filter(|b| b.octets.len() > TARGET_OCTETS).collect();
        assert_eq!(large.len(), 1);
        assert_eq!((large[0].count, large[0].octets.len()), (1, 20_000));
        assert!(blobs.len() <= 3000 * 20 / TARGET_OCTETS + 3, "{} blobs are far from full", blobs.len());
    }

    #[test]
    fn a_long_time_or_a_step_back_begins_a_new_blob() {
        let items = [0, 10, 5, MOST_SPAN_MS + 5, i64::MAX, i64::MIN].map(|t| Heavy(t, 1));
        let starts: Vec<i64> = cut(&items, MOST_SPAN_MS, heavy).iter().map(|b| b.start.0).collect();
        assert_eq!(starts, [0, 5, MOST_SPAN_MS + 5, i64::MAX, i64::MIN]);
    }
}
