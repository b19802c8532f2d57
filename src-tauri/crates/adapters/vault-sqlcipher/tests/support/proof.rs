//! What all proofs share: how often each is tried, chance that can be repeated, folders, and the one line of figures.
//! Not here: what is proven.
use std::fs;
use std::io::Write;
use std::path::Path;
use tempfile::TempDir;

/// `cargo xtask endure` sets it to `long`.
const ENDURE: &str = "BEDSIDE_ENDURE";
/// A file to which each proof adds its line.
const FIGURES: &str = "BEDSIDE_PROOFS";
/// Another number here makes other chance.
const SEED: &str = "BEDSIDE_SEED";

/// How often a fault is tried: `quick` among all tests, `long` by `cargo xtask endure`.
pub fn times(quick: u64, long: u64) -> u64 {
    if is_long() { long } else { quick }
}

pub fn is_long() -> bool {
    std::env::var_os(ENDURE).is_some_and(|value| value == "long")
}

/// Prints the line of a proof, and adds it to the file that the caller of all tests named.
pub fn tell(name: &str, figures: &str) {
    let line = format!("proof: {name}: {figures}\n");
    print!("{line}");
    if let Some(file) = std::env::var_os(FIGURES) {
        let mut file = fs::File::options().append(true).create(true).open(file).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
}

/// Says how far a long proof has come, ten times in all.
pub fn progress(name: &str, done: u64, of: u64) {
    if is_long() && done.is_multiple_of((of / 10).max(1)) {
        println!("{name}: {done} of {of}");
    }
}

/// Chance with a seed (splitmix64): a failure can be had again.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        let other = std::env::var(SEED).ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        Self(seed ^ other.rotate_left(32))
    }

    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.word() % end as u64).unwrap()
    }

    pub fn octets(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.word() as u8).collect()
    }
}

/// A folder in memory where the system has one: thousands of images must not wait for a disk.
pub fn folder_in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// The files of one folder, with their content.
#[derive(Clone)]
pub struct Image(pub Vec<(String, Vec<u8>)>);

impl Image {
    /// Of the folder as it lies there. What lies in folders below is not part of it.
    pub fn of(folder: &Path) -> Self {
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        Self(files.map(|path| (name(&path), fs::read(&path).unwrap())).collect())
    }

    /// Without what only a living process needs: the shared memory of the log is made anew after a loss of power.
    pub fn without_memory(mut self) -> Self {
        self.0.retain(|(name, _)| !name.ends_with("-shm"));
        self
    }

    pub fn file(&mut self, name: &str) -> &mut Vec<u8> {
        &mut self.0.iter_mut().find(|(found, _)| found == name).unwrap().1
    }

    /// Puts the files, and nothing else, into the folder.
    pub fn put(&self, folder: &Path) {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).unwrap();
        for (name, octets) in &self.0 {
            fs::write(folder.join(name), octets).unwrap();
        }
    }
}
