//! The line of figures that a proof leaves for whoever runs all tests (`cargo xtask test` prints them at its end).
//! Not here: what is proven. The vault's own proofs have the same in `support/proof.rs`.
use std::fs::File;
use std::io::Write;

/// A file to which each proof adds its line; without it nobody asked.
const FIGURES: &str = "BEDSIDE_PROOFS";

/// Adds the line of a proof.
///
/// # Panics
/// When the file that was named cannot be written: figures would be missing without a word.
#[allow(clippy::expect_used, reason = "of tests")]
pub fn tell(name: &str, figures: &str) {
    let Some(file) = std::env::var_os(FIGURES) else { return };
    let mut file = File::options().append(true).create(true).open(file).expect("the file of the figures");
    // In one piece: several programs write to it.
    file.write_all(format!("proof: {name}: {figures}\n").as_bytes()).expect("a line of figures");
}
