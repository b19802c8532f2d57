//! Points as bytes: steps where they are short, whole points where they are not; no spike of a column is lost.
//! Which operation the points belong to is the caller's.
use crate::format::ABSOLUTE;
use plotters_backend::BackendCoord;

/// Writes the points of one path or polygon behind its operation code.
pub(crate) struct PathWriter<'b> {
    bytes: &'b mut Vec<u8>,
    operation: u8,
    count_at: usize,
    count: u16,
    last: (i16, i16),
}

impl<'b> PathWriter<'b> {
    pub(crate) fn begin(bytes: &'b mut Vec<u8>, operation: u8) -> Self {
        let mut path = Self { bytes, operation, count_at: 0, count: 0, last: (0, 0) };
        path.open();
        path
    }

    /// Whether the count can say no more.
    pub(crate) const fn is_full(&self) -> bool {
        self.count == u16::MAX
    }

    /// Adds a point; a repetition of the last one adds nothing.
    pub(crate) fn push(&mut self, (x, y): BackendCoord) {
        let point = (short(x), short(y));
        if self.count == 0 {
            self.absolute(point);
        } else {
            let dx = i32::from(point.0) - i32::from(self.last.0);
            let dy = i32::from(point.1) - i32::from(self.last.1);
            match (i8::try_from(dx), i8::try_from(dy)) {
                (Ok(0), Ok(0)) => return,
                (Ok(dx), Ok(dy)) if dx != i8::MIN => self.bytes.extend_from_slice(&[dx as u8, dy as u8]),
                _ => {
                    self.bytes.push(ABSOLUTE);
                    self.absolute(point);
                }
            }
        }
        self.last = point;
        self.count += 1;
    }

    /// Adds the points of a line. Those in one column become first, lowest, highest and last: no spike is lost.
    pub(crate) fn push_columns(&mut self, points: impl IntoIterator<Item = BackendCoord>) {
        let mut column: Option<Column> = None;
        for (x, y) in points {
            match &mut column {
                Some(column) if column.x == x => column.add(y),
                _ => {
                    if let Some(done) = column.replace(Column::new(x, y)) {
                        self.push_column(done);
                    }
                }
            }
        }
        if let Some(done) = column {
            self.push_column(done);
        }
    }

    /// Ends the operation. A path without points leaves no trace in the bytes.
    pub(crate) fn finish(mut self) {
        if self.count == 0 {
            self.bytes.truncate(self.count_at - 1);
        } else {
            self.close();
        }
    }

    fn push_column(&mut self, column: Column) {
        let Column { x, first, lowest, highest, last } = column;
        if lowest == highest {
            return self.push_or_continue((x, first));
        }
        for y in [first, lowest, highest, last] {
            self.push_or_continue((x, y));
        }
    }

    /// A line longer than the count can say goes on as a new path from the same point.
    fn push_or_continue(&mut self, point: BackendCoord) {
        if self.is_full() {
            let joint = (i32::from(self.last.0), i32::from(self.last.1));
            self.close();
            self.open();
            self.push(joint);
        }
        self.push(point);
    }

    fn open(&mut self) {
        self.bytes.push(self.operation);
        self.count_at = self.bytes.len();
        self.bytes.extend_from_slice(&[0, 0]);
        self.count = 0;
    }

    fn close(&mut self) {
        self.bytes[self.count_at..self.count_at + 2].copy_from_slice(&self.count.to_le_bytes());
    }

    fn absolute(&mut self, (x, y): (i16, i16)) {
        self.bytes.extend_from_slice(&x.to_le_bytes());
        self.bytes.extend_from_slice(&y.to_le_bytes());
    }
}

/// What a line does within one column. Lowest and highest are of y, which grows downward.
struct Column {
    x: i32,
    first: i32,
    lowest: i32,
    highest: i32,
    last: i32,
}

impl Column {
    const fn new(x: i32, y: i32) -> Self {
        Self { x, first: y, lowest: y, highest: y, last: y }
    }

    fn add(&mut self, y: i32) {
        self.lowest = self.lowest.min(y);
        self.highest = self.highest.max(y);
        self.last = y;
    }
}

/// A coordinate, held to what the format can say.
pub(crate) fn short(n: i32) -> i16 {
    n.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Operation, decode};
    use crate::format::op;
    use proptest::prelude::*;

    fn paths(points: impl IntoIterator<Item = BackendCoord>) -> Vec<Vec<(i16, i16)>> {
        let mut bytes = vec![0; 4];
        let mut path = PathWriter::begin(&mut bytes, op::PATH);
        path.push_columns(points);
        path.finish();
        let operations = decode(&bytes).unwrap().operations;
        let points = |operation| match operation {
            Operation::Path(points) => points,
            other => panic!("expected a path, got {other:?}"),
        };
        operations.into_iter().map(points).collect()
    }

    #[test]
    fn a_spike_within_one_column_survives() {
        let samples = [(0, 10), (1, 10), (1, -900), (1, 12), (1, 700), (1, 11), (2, 10)];
        assert_eq!(paths(samples), [[(0, 10), (1, 10), (1, -900), (1, 700), (1, 11), (2, 10)]]);
    }

    #[test]
    fn a_line_of_more_points_than_the_count_can_say_goes_on_from_its_last_point() {
        let parts = paths((0..70_000).map(|i| (i % 30_000, i / 30_000)));
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].len(), usize::from(u16::MAX));
        assert_eq!(parts[0].last(), parts[1].first());
        assert_eq!(parts[0].len() + parts[1].len(), 70_001);
    }

    #[test]
    fn coordinates_beyond_the_format_are_held_at_its_edge() {
        assert_eq!(paths([(-100_000, 100_000), (0, 0)]), [[(i16::MIN, i16::MAX), (0, 0)]]);
    }

    #[test]
    fn nothing_drawn_leaves_no_bytes() {
        assert!(paths([]).is_empty());
    }

    proptest! {
        #[test]
        fn points_in_columns_of_their_own_come_back_as_they_were(
            steps in proptest::collection::vec((1i32..300, -400i32..400), 1..200),
        ) {
            let mut at = (-2000, 0);
            let mut points = Vec::new();
            for (dx, dy) in steps {
                at = (at.0 + dx, at.1 + dy);
                points.push(at);
            }
            let expected: Vec<_> = points.iter().map(|&(x, y)| (short(x), short(y))).collect();
            let mut without_repeats = expected.clone();
            without_repeats.dedup();
            prop_assert_eq!(paths(points), vec![without_repeats]);
        }
    }
}
