//! `tidy`: the house rules that no compiler checks, over every file that is not ignored.
//! Each rule has a file; layers between packages are held by `tests/architecture.rs`.

mod length;
mod manifests;
mod text;
mod tree;

use anyhow::{Result, bail};

use crate::root::Root;
use tree::Tree;

/// Checks every rule and prints each fault with its file and line.
///
/// # Errors
/// When there is a fault or the tree cannot be read.
pub(crate) fn run(root: &Root) -> Result<()> {
    let tree = Tree::read(root.path())?;
    let mut faults = tree::faults(&tree);
    faults.extend(text::faults(&tree));
    faults.extend(manifests::faults(&tree));
    let lengths = length::Lengths::measure(&tree);
    faults.extend(lengths.faults());
    for fault in &faults {
        eprintln!("{fault}");
    }
    println!("{lengths}");
    if !faults.is_empty() {
        bail!("tidy found {} faults", faults.len());
    }
    Ok(())
}
