//! How many tests passed and failed, read from the output of the test runners in use.
//! Running them is the business of `test`.

use std::ops::AddAssign;

/// Tests that passed and tests that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl Counts {
    /// Adds up every summary line in the text. Where nextest sums up, what each single test program said of itself (it is
    /// seen when output is not captured) is not counted again.
    pub(crate) fn read(output: &str) -> Self {
        let is_summed_up = output.lines().any(|line| without_colour(line).trim().starts_with("Summary ["));
        let mut total = Self::default();
        for line in output.lines() {
            let line = without_colour(line);
            let line = line.trim();
            if let Some(rest) = line.strip_prefix("test result: ") {
                // cargo test: "ok. 3 passed; 0 failed; 0 ignored; …"
                if !is_summed_up {
                    total += Self { passed: number_before(rest, "passed"), failed: number_before(rest, "failed") };
                }
            } else if line.starts_with("Summary [") {
                // nextest: "Summary [ 0.014s] 12 tests run: 10 passed (1 slow), 1 failed, 1 timed out, 3 skipped"
                let failed = ["failed", "timed out", "exec failed"].map(|word| number_before(line, word)).iter().sum();
                total += Self { passed: number_before(line, "passed"), failed };
            } else if let Some(rest) = line.strip_prefix("Tests ") {
                // Vitest: "Tests  1 failed | 11 passed (12)"
                total += Self { passed: number_before(rest, "passed"), failed: number_before(rest, "failed") };
            }
        }
        total
    }

    pub(crate) fn none(self) -> bool {
        self == Self::default()
    }
}

/// The number in front of the word, 0 when the word does not occur.
fn number_before(line: &str, word: &str) -> u64 {
    let words: Vec<&str> = word.split(' ').collect();
    let tokens: Vec<&str> = line.split([' ', ',', ';', '|', '(', ')', ':']).filter(|token| !token.is_empty()).collect();
    tokens
        .windows(words.len() + 1)
        .find(|window| window[1..] == words[..])
        .and_then(|window| window[0].parse().ok())
        .unwrap_or(0)
}

/// The line without terminal colour sequences.
fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        if character == '\u{1b}' {
            // A sequence ends with its first letter.
            rest.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_result_line_of_cargo_test_is_added() {
        let output = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
                      test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(Counts::read(output), Counts { passed: 4, failed: 2 });
    }

    #[test]
    fn the_summary_of_nextest_counts_timeouts_as_failures() {
        let output = "     Summary [   0.014s] 13 tests run: 11 passed (1 slow), 1 failed, 1 timed out, 3 skipped";
        assert_eq!(Counts::read(output), Counts { passed: 11, failed: 2 });
    }

    #[test]
    fn a_test_that_nextest_ran_without_capture_is_counted_once() {
        let output = "test result: ok. 1 passed; 0 failed; 0 ignored\ntest result: FAILED. 0 passed; 1 failed; 0 ignored\n\
                      Summary [ 0.1s] 2 tests run: 1 passed, 1 failed, 0 skipped";
        assert_eq!(Counts::read(output), Counts { passed: 1, failed: 1 });
    }

    #[test]
    fn the_summary_of_nextest_is_read_after_an_early_stop() {
        let output = "Summary [ 0.1s] 2/9 tests run: 1 passed, 1 exec failed, 0 skipped";
        assert_eq!(Counts::read(output), Counts { passed: 1, failed: 1 });
    }

    #[test]
    fn the_coloured_summary_of_vitest_is_read_and_its_file_count_is_not() {
        let output = "\u{1b}[2m Test Files \u{1b}[22m 1 passed (1)\n\
                      \u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[31m1 failed\u{1b}[39m\u{1b}[22m\u{1b}[2m | \
                      \u{1b}[22m\u{1b}[1m\u{1b}[32m11 passed\u{1b}[39m\u{1b}[22m\u{1b}[90m (12)\u{1b}[39m\n";
        assert_eq!(Counts::read(output), Counts { passed: 11, failed: 1 });
    }

    #[test]
    fn output_without_a_summary_counts_nothing() {
        assert!(Counts::read("error: could not compile `x`\n7 passed the door\n").none());
    }
}
