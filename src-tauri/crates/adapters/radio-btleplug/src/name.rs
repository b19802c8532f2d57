//! The name a device broadcasts, made safe to show.
//! Not here: what a name says about the model.

/// The most characters of a name that are kept.
const LONGEST: usize = 64;

/// `raw` without control, direction and invisible characters, spaces joined, cut to 64 characters; `None` when nothing
/// is left. A broadcast name is anybody's text: it must not be able to reorder or hide what stands beside it.
pub(crate) fn clean_name(raw: &str) -> Option<String> {
    let visible: String = raw.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| shows(*c)).collect();
    let joined = visible.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let cut: String = joined.chars().take(LONGEST).collect();
    let cut = cut.trim_end();
    if cut.is_empty() { None } else { Some(cut.to_owned()) }
}

/// Not a control character and none of the invisible or reordering format characters (Unicode 16, UAX 9 and 44).
fn shows(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_name_stays_as_it_is() {
        assert_eq!(clean_name("Polar H10 1234ABCD").as_deref(), Some("Polar H10 1234ABCD"));
        assert_eq!(clean_name("血圧計 №1").as_deref(), Some("血圧計 №1"));
    }

    #[test]
    fn control_and_direction_characters_are_removed() {
        assert_eq!(clean_name("Cuff\u{202E}1-X\u{2066}\u{200F}\u{0}\u{7}").as_deref(), Some("Cuff1-X"));
        assert_eq!(clean_name(" two\n\t words\u{2028}").as_deref(), Some("two words"));
    }

    #[test]
    fn a_long_name_is_cut_at_64_characters_not_octets() {
        let name = clean_name(&"é".repeat(100)).expect("something is left");
        assert_eq!(name.chars().count(), 64);
    }

    #[test]
    fn a_name_of_nothing_visible_is_none() {
        assert_eq!(clean_name("\u{200B}\u{202E} \u{0}"), None);
        assert_eq!(clean_name(""), None);
    }
}
