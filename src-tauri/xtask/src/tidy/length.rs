//! How long source files are without their tests: the limits of the house and a short report.
//! Generated files and test programs are not measured.

use std::fmt;

use super::tree::{File, Tree};

/// No source file is longer than this, tests not counted.
const LONGEST: usize = 600;
/// Nearly all are at most this long, and half at most `MEDIAN`.
const USUAL: usize = 400;
const USUAL_SHARE: f64 = 0.95;
const MEDIAN: usize = 150;

const SOURCES: &[&str] = &["rs", "ts", "svelte", "mjs", "css"];

/// The measured files, longest first.
pub(super) struct Lengths(Vec<(usize, String)>);

impl Lengths {
    pub(super) fn measure(tree: &Tree) -> Self {
        let measured = tree.files.iter().filter(|file| is_measured(file));
        let mut lengths: Vec<(usize, String)> = measured
            .filter_map(|file| file.text().map(|text| (lines_without_tests(text), file.path.clone())))
            .collect();
        lengths.sort_by(|left, right| right.0.cmp(&left.0).then_with(|| left.1.cmp(&right.1)));
        Self(lengths)
    }

    pub(super) fn faults(&self) -> Vec<String> {
        let over = |limit: usize| self.0.iter().filter(move |(lines, _)| *lines > limit);
        let mut faults: Vec<String> = over(LONGEST)
            .map(|(lines, path)| format!("{path}: {lines} lines without tests, more than {LONGEST}"))
            .collect();
        if self.share_of_usual() < USUAL_SHARE {
            let names: Vec<&str> = over(USUAL).map(|(_, path)| path.as_str()).collect();
            faults.push(format!(
                "only {:.1} % of the files have at most {USUAL} lines; longer are: {}",
                100.0 * self.share_of_usual(),
                names.join(", ")
            ));
        }
        if self.median() > MEDIAN {
            faults.push(format!("half of the files have more than {MEDIAN} lines: the median is {}", self.median()));
        }
        faults
    }

    fn median(&self) -> usize {
        self.0.get(self.0.len() / 2).map_or(0, |(lines, _)| *lines)
    }

    fn share_of_usual(&self) -> f64 {
        if self.0.is_empty() {
            return 1.0;
        }
        let usual = self.0.iter().filter(|(lines, _)| *lines <= USUAL).count();
        usual as f64 / self.0.len() as f64
    }
}

impl fmt::Display for Lengths {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} source files, without tests: median {} lines, {:.1} % at most {USUAL}",
            self.0.len(),
            self.median(),
            100.0 * self.share_of_usual()
        )?;
        for (lines, path) in self.0.iter().take(3) {
            write!(formatter, "\n{lines:>6}  {path}")?;
        }
        Ok(())
    }
}

fn is_measured(file: &File) -> bool {
    let generated = file.path == crate::bindings::FILE;
    let test_program = file.path.starts_with("tests/") && !file.path.starts_with("tests/src/")
        || file.path.contains("/tests/")
        || file.name().contains(".test.");
    SOURCES.contains(&file.extension()) && !generated && !test_program
}

/// The lines before the module of tests at the end of a Rust file; all lines of any other.
fn lines_without_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines.windows(2).position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod tests {"));
    tests.unwrap_or(lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tests_at_the_end_do_not_count() {
        assert_eq!(lines_without_tests("a\nb\n#[cfg(test)]\nmod tests {\n}\n"), 2);
        assert_eq!(lines_without_tests("#[cfg(test)]\nuse std::fs;\na\n"), 3);
    }

    #[test]
    fn a_file_over_the_limit_is_a_fault_and_one_at_the_limit_is_not() {
        let (long, longest) = ("x\n".repeat(LONGEST + 1), "x\n".repeat(LONGEST));
        let short = ["s.rs"; 100].map(|path| (path, "x"));
        let tree = Tree::of(&[&[("a.rs", long.as_str()), ("b.rs", longest.as_str())], &short[..]].concat());
        assert_eq!(Lengths::measure(&tree).faults(), ["a.rs: 601 lines without tests, more than 600"]);
    }

    #[test]
    fn too_many_long_files_are_a_fault() {
        let long = "x\n".repeat(USUAL + 1);
        let tree = Tree::of(&[("a.rs", long.as_str()), ("b.rs", "x"), ("c.rs", "x"), ("d.md", "x")]);
        let faults = Lengths::measure(&tree).faults();
        assert!(faults.len() == 1 && faults[0].contains("66.7 %") && faults[0].contains("a.rs"), "{faults:?}");
    }

    #[test]
    fn a_median_over_the_limit_is_a_fault() {
        let middling = "x\n".repeat(MEDIAN + 1);
        let tree = Tree::of(&[("a.rs", middling.as_str())]);
        assert_eq!(Lengths::measure(&tree).faults().len(), 1);
    }
}
