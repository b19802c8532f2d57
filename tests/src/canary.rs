//! A search for health data in files: each word in every form in which a program could have written it.
//! Which words and which folders is for the tests to say.
#![allow(clippy::unwrap_used, reason = "a folder that cannot be searched fails the test")]
use base64::Engine;
use std::path::Path;

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Canary<'a>(pub &'a [&'a str]);

impl Canary<'_> {
    /// Files below `root` that hold a word, in their bytes or in their name, with what was found.
    #[must_use]
    pub fn hits(&self, root: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![root.to_owned()];
        let wanted = self.disguises();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let (path, kind) = (entry.path(), entry.file_type().unwrap());
                if kind.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.to_string_lossy().into_owned();
                let bytes = if kind.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
                for (what, pattern) in &wanted {
                    let holds = |bytes: &[u8]| bytes.windows(pattern.len()).any(|window| window == pattern);
                    if holds(&bytes) || holds(name.as_bytes()) {
                        found.push(format!("{what} in {name}"));
                    }
                }
            }
        }
        found
    }

    /// Whether the search finds each form where it is planted in this empty folder.
    #[must_use]
    pub fn finds_what_is_planted(&self, empty: &Path) -> bool {
        let disguises = self.disguises();
        for (place, (_, pattern)) in disguises.iter().enumerate() {
            let padded = [b"..", pattern.as_slice(), b".."].concat();
            std::fs::write(empty.join(place.to_string()), padded).unwrap();
        }
        let found = self.hits(empty);
        (0..disguises.len()).all(|place| {
            let file = empty.join(place.to_string()).to_string_lossy().into_owned();
            found.iter().any(|hit| hit.ends_with(&format!(" in {file}")))
        })
    }

    fn disguises(&self) -> Vec<(String, Vec<u8>)> {
        let mut all = Vec::new();
        for word in self.0 {
            let utf16: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let hex: String = word.bytes().map(|octet| format!("{octet:02x}")).collect();
            all.push((format!("{word} UTF-8"), word.as_bytes().to_vec()));
            all.push((format!("{word} UTF-16 little-endian"), utf16));
            all.push((format!("{word} UTF-16 big-endian"), word.encode_utf16().flat_map(u16::to_be_bytes).collect()));
            all.push((format!("{word} upper-case hex"), hex.to_uppercase().into_bytes()));
            all.push((format!("{word} hex"), hex.into_bytes()));
            // In longer text a word starts at any of three places of base64; its middle is then always one of these.
            for skip in 0..3 {
                let part = &word.as_bytes()[skip..];
                let whole = &part[..part.len() / 3 * 3];
                let encoded = base64::engine::general_purpose::STANDARD.encode(whole);
                all.push((format!("{word} base64 from {skip}"), encoded.into_bytes()));
            }
        }
        all
    }
}
