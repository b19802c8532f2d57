//! The vault that an earlier version wrote (`tests/earlier`), put where a test wants it.
//! Not here: what it holds, which is the first `BATCHES` batches.
use std::fs;
use std::path::Path;

/// Batches in it.
pub const BATCHES: u32 = 400;

/// Puts its files, and nothing else, into the folder.
pub fn put(folder: &Path) {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).unwrap();
    let earlier = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/earlier/format2");
    for name in ["vault.db", "slots.json"] {
        fs::write(folder.join(name), fs::read(earlier.join(name)).unwrap()).unwrap();
    }
}
