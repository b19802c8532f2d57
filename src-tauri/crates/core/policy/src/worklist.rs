//! Whose patients a computer fetches from the clinic's server: those of a place, of a group or list, or of a search.
//! Not here: fetching.
use crate::PolicyFault;
use crate::json::{Member, Object};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The worklist of a computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worklist {
    /// Who is on it.
    pub by: WorklistBy,
    /// Minutes between two downloads while the vault is open. 2 to 1440; default 15.
    pub every_minutes: u32,
}

/// What an id stands for.
type ById = fn(String) -> WorklistBy;

/// Who is on a worklist. Ids are those of the clinic's server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorklistBy {
    /// Who has an encounter in progress at this Location.
    EncounterLocation(String),
    /// The members of this Group.
    Group(String),
    /// The items of this List.
    List(String),
    /// Who is found by this search for Patient: the part behind the question mark.
    Search(String),
}

impl Worklist {
    pub(crate) const MEMBERS: [&'static str; 5] = ["encounter_location", "group", "list", "search", "every_minutes"];
    const DEFAULT_MINUTES: u32 = 15;

    pub(crate) fn read(root: &Object<'_>, faults: &mut Vec<PolicyFault>) -> Option<Self> {
        let whole = root.member("worklist").filter(|member| !member.is_null())?;
        let object = root.object("worklist", &Self::MEMBERS, faults)?;
        let mut chosen = Vec::new();
        let ids: [(&str, ById); 3] = [
            ("encounter_location", WorklistBy::EncounterLocation),
            ("group", WorklistBy::Group),
            ("list", WorklistBy::List),
        ];
        for (name, of) in ids {
            chosen.extend(crate::policy::optional(&object, name, ID, faults, |member| id(member).map(of)));
        }
        chosen.extend(crate::policy::optional(&object, "search", SEARCH, faults, |member| {
            search(member).map(WorklistBy::Search)
        }));
        let minutes = object.member("every_minutes").map(|member| {
            let minutes = member.whole_number(2, 1440).and_then(|minutes| u32::try_from(minutes).ok());
            if minutes.is_none() {
                faults.push(member.fault("whole minutes from 2 to 1440"));
            }
            minutes.unwrap_or(Self::DEFAULT_MINUTES)
        });
        let mut chosen = chosen.into_iter();
        let (Some(by), None) = (chosen.next(), chosen.next()) else {
            faults.push(whole.fault("exactly one of encounter_location, group, list and search"));
            return None;
        };
        Some(Self { by, every_minutes: minutes.unwrap_or(Self::DEFAULT_MINUTES) })
    }
}

const ID: &str = "the id of a resource: 1 to 64 letters, digits, - and .";
const SEARCH: &str = "a search for Patient such as active=true&general-practitioner=Practitioner/7, without the question mark \
                      and without _count, _sort, _elements, _include, _lastUpdated and _format";

fn id(member: &Member<'_>) -> Option<String> {
    let text = member.text()?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    let has_letter = text.bytes().any(|b| b != b'.');
    (has_letter && text.len() <= 64 && text.bytes().all(is_plain)).then(|| text.to_string())
}

fn search(member: &Member<'_>) -> Option<String> {
    let text = member.text()?;
    // What a download decides itself, and what would bring others than patients.
    const OURS: [&str; 10] = [
        "_count",
        "_sort",
        "_elements",
        "_include",
        "_revinclude",
        "_lastUpdated",
        "_format",
        "_summary",
        "_total",
        "_page",
    ];
    let is_plain = |b: u8| b.is_ascii_graphic() && !b"#?\\\"<>".contains(&b);
    let is_parameter = |part: &str| {
        let Some((name, value)) = part.split_once('=') else { return false };
        let bare = name.split(':').next().unwrap_or_default();
        !bare.is_empty() && !value.is_empty() && !OURS.contains(&bare)
    };
    let is_valid = !text.is_empty() && text.len() <= 500 && text.bytes().all(is_plain);
    (is_valid && text.split('&').all(is_parameter)).then(|| text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Policy;
    use alloc::format;

    fn worklist(text: &str) -> Result<Option<Worklist>, Vec<String>> {
        let policy = Policy::parse(&format!(r#"{{"worklist":{text}}}"#));
        let paths = |faults: Vec<PolicyFault>| faults.into_iter().map(|fault| fault.path).collect();
        policy.map(|policy| policy.worklist).map_err(paths)
    }

    #[test]
    fn nobody_is_fetched_unless_the_policy_says_whom() {
        assert_eq!(Policy::default().worklist, None);
        assert_eq!(worklist("null"), Ok(None));
        assert_eq!(worklist("{}"), Err(Vec::from(["$.worklist".to_string()])));
    }

    #[test]
    fn one_way_is_chosen_and_the_pace_has_bounds() {
        let by_ward = worklist(r#"{"encounter_location":"ward-4","every_minutes":30}"#).unwrap().unwrap();
        assert_eq!(by_ward, Worklist { by: WorklistBy::EncounterLocation("ward-4".into()), every_minutes: 30 });
        assert_eq!(worklist(r#"{"group":"7"}"#).unwrap().unwrap().every_minutes, 15);
        assert_eq!(worklist(r#"{"group":"7","list":"8"}"#), Err(Vec::from(["$.worklist".to_string()])));
        let often = worklist(r#"{"list":"8","every_minutes":1}"#);
        assert_eq!(often, Err(Vec::from(["$.worklist.every_minutes".to_string()])));
    }

    #[test]
    fn neither_an_id_nor_a_search_leads_elsewhere() {
        for bad in ["../admin", "a/b", "", "..", "a?b"] {
            assert!(worklist(&format!(r#"{{"group":"{bad}"}}"#)).is_err(), "{bad}");
        }
        for bad in ["_count=5", "a", "a=b#c", "a=b&_include=x", "=b", "a=b c", "?a=b", "_lastUpdated:x=1"] {
            assert!(worklist(&format!(r#"{{"search":"{bad}"}}"#)).is_err(), "{bad}");
        }
        assert!(worklist(r#"{"search":"active=true&general-practitioner=Practitioner/7"}"#).is_ok());
    }
}
