//! A search for health data in files: each word in every form in which a program could have written it.
//! Which words and which folders is for the tests to say.
#![allow(clippy::unwrap_used, reason = "a folder that cannot be searched fails the test")]
use base64::Engine;
use std::io::ErrorKind;
use std::path::Path;

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Canary<'a>(pub &'a [&'a str]);

impl Canary<'_> {
    /// Files below `root` that hold a word, in their bytes or in their name, with what was found. A file that goes while
    /// it is looked for is not there.
    #[must_use]
    pub fn hits(&self, root: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![root.to_owned()];
        let wanted = self.disguises();
        while let Some(folder) = folders.pop() {
            let Some(entries) = unless_gone(std::fs::read_dir(folder)) else { continue };
            for entry in entries {
                let entry = entry.unwrap();
                let Some(kind) = unless_gone(entry.file_type()) else { continue };
                let path = entry.path();
                if kind.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.to_string_lossy().into_owned();
                let bytes = if kind.is_file() { unless_gone(std::fs::read(&path)) } else { None };
                found.extend(self.hits_in(&name, name.as_bytes()));
                found.extend(hits(&wanted, &name, &bytes.unwrap_or_default()));
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// The same in something that is no file: what a program printed, the title of a window.
    #[must_use]
    pub fn hits_in(&self, name: &str, bytes: &[u8]) -> Vec<String> {
        hits(&self.disguises(), name, bytes)
    }

    /// Whether the search finds each form where it is planted in this empty folder, in a file and in a name.
    #[must_use]
    pub fn finds_what_is_planted(&self, empty: &Path) -> bool {
        let disguises = self.disguises();
        for (place, (_, pattern)) in disguises.iter().enumerate() {
            let padded = [b"..", pattern.as_slice(), b".."].concat();
            std::fs::write(empty.join(place.to_string()), padded).unwrap();
        }
        let found = self.hits(empty);
        let every_form = (0..disguises.len()).all(|place| {
            let file = empty.join(place.to_string()).to_string_lossy().into_owned();
            found.iter().any(|hit| hit.ends_with(&format!(" in {file}")))
        });
        let named = empty.join(self.0[0]);
        std::fs::write(&named, []).unwrap();
        every_form && self.hits(empty).iter().any(|hit| hit.ends_with(&format!(" in {}", named.display())))
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

fn hits(wanted: &[(String, Vec<u8>)], name: &str, bytes: &[u8]) -> Vec<String> {
    let found = wanted.iter().filter(|(_, pattern)| holds(bytes, pattern));
    found.map(|(what, _)| format!("{what} in {name}")).collect()
}

/// The first octet is looked for alone: of megabytes of a web view's cache little is looked at twice.
fn holds(bytes: &[u8], pattern: &[u8]) -> bool {
    let (mut rest, first) = (bytes, pattern[0]);
    while let Some(place) = rest.iter().position(|octet| *octet == first) {
        rest = &rest[place..];
        if rest.starts_with(pattern) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

fn unless_gone<T>(found: std::io::Result<T>) -> Option<T> {
    match found {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        found => Some(found.unwrap()),
    }
}
