//! `bench`: runs every benchmark of the workspace and prints one table.
//! What is measured, and how, is written in each crate's `benches/`.

use anyhow::{Result, bail};

use crate::members::Members;
use crate::process::{command, run_and_read};
use crate::root::Root;

/// Runs the benchmarks one after the other: two at once would measure each other.
///
/// # Errors
/// When there are none or one fails.
pub(crate) fn run(root: &Root) -> Result<()> {
    let members = Members::read(root)?;
    let benchmarks = members.benchmarks();
    if benchmarks.is_empty() {
        bail!("no package of the workspace has a benchmark");
    }
    let mut rows = Vec::new();
    for (package, name) in benchmarks {
        let mut cargo = command("cargo");
        cargo.current_dir(root.path()).args(["bench", "--quiet", "--package", package, "--bench", name]);
        let (status, output) = run_and_read(&mut cargo)?;
        if !status.success() {
            bail!("the benchmark {name} of {package} ended with {status}");
        }
        rows.extend(results(&output).map(|(what, figure)| (name.to_owned(), what.to_owned(), figure.to_owned())));
    }
    println!();
    print!("{}", table(&rows));
    Ok(())
}

/// The lines of the form `what: figure`; a benchmark may print other lines beside them.
fn results(output: &str) -> impl Iterator<Item = (&str, &str)> {
    output.lines().filter_map(|line| {
        let (what, figure) = line.rsplit_once(": ")?;
        let figure = figure.trim();
        figure.starts_with(|first: char| first.is_ascii_digit()).then_some((what.trim(), figure))
    })
}

fn table(rows: &[(String, String, String)]) -> String {
    let width = |column: fn(&(String, String, String)) -> &String| {
        rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0)
    };
    let (first, second) = (width(|row| &row.0), width(|row| &row.1));
    rows.iter().map(|(name, what, figure)| format!("{name:<first$}  {what:<second$}  {figure}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_end_in_a_figure_are_results() {
        let output = "heart rate parse: 12.4 ns\nwarming up: please wait\nplain text\nsweep: 812 bytes/frame\n";
        let found: Vec<_> = results(output).collect();
        assert_eq!(found, [("heart rate parse", "12.4 ns"), ("sweep", "812 bytes/frame")]);
    }

    #[test]
    fn the_columns_of_the_table_line_up() {
        let row = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        let text = table(&[row("gatt", "parse", "1 ns"), row("charts", "sweep frame", "2 ms")]);
        assert_eq!(text, "gatt    parse        1 ns\ncharts  sweep frame  2 ms\n");
    }
}
