//! The TypeScript bindings: written by a test of the shell from the Rust types, committed, and proven current.
//! Which types cross the bridge is the shell's business.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::members::Members;
use crate::process::{command, run};
use crate::root::Root;

/// The generated file, from the root.
pub(crate) const FILE: &str = "ui/src/host/bindings.ts";

/// The tests of the shell that export types; each name contains this.
const EXPORT_TESTS: &str = "export_bindings";

/// Writes the bindings again.
///
/// # Errors
/// When the shell does not compile or the export fails.
pub(crate) fn write(root: &Root) -> Result<()> {
    let members = Members::read(root)?;
    let shell = members.package_of_program(crate::run::WINDOW)?;
    let mut cargo = command("cargo");
    cargo.current_dir(root.path()).args(["test", "--package", shell, "--lib"]).args(members.features());
    run(cargo.arg(EXPORT_TESTS).env("BLESS", "1"))?;
    if !file(root).exists() {
        bail!("the export tests of {shell} (`{EXPORT_TESTS}…`) ran but wrote no {FILE}");
    }
    Ok(())
}

/// Fails when writing the bindings again changes them; the new text stays, ready to be committed.
///
/// # Errors
/// When they were old, or as for `write`.
pub(crate) fn check(root: &Root) -> Result<()> {
    let before = fs::read_to_string(file(root)).with_context(|| format!("cannot read {FILE}"))?;
    write(root)?;
    let after = fs::read_to_string(file(root)).with_context(|| format!("cannot read {FILE}"))?;
    match first_difference(&before, &after) {
        None => Ok(()),
        Some(line) => bail!("{FILE} was not current: it differs from line {line} on; the new text has been written"),
    }
}

fn file(root: &Root) -> PathBuf {
    root.path().join(FILE)
}

/// The number of the first line in which the texts differ.
fn first_difference(before: &str, after: &str) -> Option<usize> {
    if before == after {
        return None;
    }
    let equal = before.lines().zip(after.lines()).take_while(|(old, new)| old == new).count();
    Some(equal + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_named_by_its_line() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some(2));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some(2));
        assert_eq!(first_difference("a\n", "a"), Some(2));
    }
}
