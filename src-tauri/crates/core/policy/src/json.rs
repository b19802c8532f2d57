//! Walks a JSON document, collecting every fault with its path instead of stopping at the first.
//! It knows nothing of policies.
use crate::PolicyFault;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bedside_vitals::Decimal;
use serde_json::{Map, Value};

/// One object of the document, its path, and where faults go.
pub(crate) struct Object<'a> {
    path: String,
    members: Option<&'a Map<String, Value>>,
}

/// One present member.
pub(crate) struct Member<'a> {
    /// Its path.
    pub(crate) path: String,
    /// What stands there.
    pub(crate) value: &'a Value,
}

impl<'a> Object<'a> {
    /// Reads `value` as an object with no other members than `known`; anything else is a fault.
    pub(crate) fn new(path: &str, value: &'a Value, known: &[&str], faults: &mut Vec<PolicyFault>) -> Self {
        let Value::Object(members) = value else {
            faults.push(PolicyFault::of_value(path, "an object", value));
            return Self { path: path.into(), members: None };
        };
        for name in members.keys().filter(|name| !known.contains(&name.as_str())) {
            let expected = format!("one of {}", known.join(", "));
            faults.push(PolicyFault::new(&format!("{path}.{name}"), expected, "an unknown member"));
        }
        Self { path: path.into(), members: Some(members) }
    }

    /// The path of a member, present or not.
    pub(crate) fn path_of(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    /// The member, if it is present; `null` counts as present.
    pub(crate) fn member(&self, name: &str) -> Option<Member<'a>> {
        let value = self.members?.get(name)?;
        Some(Member { path: self.path_of(name), value })
    }

    /// The object under `name`; `None` when it is absent.
    pub(crate) fn object(&self, name: &str, known: &[&str], faults: &mut Vec<PolicyFault>) -> Option<Self> {
        let member = self.member(name)?;
        Some(Self::new(&member.path, member.value, known, faults))
    }
}

impl<'a> Member<'a> {
    /// The text, if it is one.
    pub(crate) fn text(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    /// Whether it is `null`.
    pub(crate) fn is_null(&self) -> bool {
        self.value.is_null()
    }

    /// The truth value, if it is one.
    pub(crate) fn flag(&self) -> Option<bool> {
        self.value.as_bool()
    }

    /// The whole number within `least..=most`, if it is one.
    pub(crate) fn whole_number(&self, least: u64, most: u64) -> Option<u64> {
        self.value.as_u64().filter(|number| (least..=most).contains(number))
    }

    /// The number exactly as it is written, if it is one without exponent.
    pub(crate) fn decimal(&self) -> Option<Decimal> {
        let Value::Number(number) = self.value else { return None };
        number.as_str().parse().ok()
    }

    /// The fault of this member.
    pub(crate) fn fault(&self, expected: impl Into<String>) -> PolicyFault {
        PolicyFault::of_value(&self.path, expected, self.value)
    }
}
