//! How a FHIR element becomes a Rust struct: camel-case names, absent fields left out, unknown fields kept.
//! Not here: which elements there are.
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Declares an element. Required fields come first; everything unknown is kept in `rest`. `Debug` prints only the name
/// of the element, because nearly every element may hold health data.
macro_rules! element {
    (
        $(#[$doc:meta])* $name:ident
        required { $($(#[$required_doc:meta])* $required:ident: $required_type:ty,)* }
        optional { $($(#[$optional_doc:meta])* $optional:ident: $optional_type:ty,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $($(#[$required_doc])* pub $required: $required_type,)*
            $(
                $(#[$optional_doc])*
                #[serde(default, skip_serializing_if = "crate::element::Absent::is_absent")]
                pub $optional: $optional_type,
            )*
            /// Elements that Bedside does not know, kept as they came.
            #[serde(flatten)]
            pub rest: serde_json::Map<String, serde_json::Value>,
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), " ▮"))
            }
        }
    };
}
pub(crate) use element;

/// Whether a field has nothing to say and is left out.
pub(crate) trait Absent {
    fn is_absent(&self) -> bool;
}

impl<T> Absent for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T> Absent for Vec<T> {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

/// The `resourceType` of a resource, fixed by its Rust type.
pub trait TypeName {
    /// As FHIR writes it.
    const NAME: &'static str;
}

/// A field that always holds the name of `T` and refuses any other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResourceType<T>(std::marker::PhantomData<T>);

impl<T> ResourceType<T> {
    /// The only value.
    pub const NEW: Self = Self(std::marker::PhantomData);
}

impl<T: TypeName> Serialize for ResourceType<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(T::NAME)
    }
}

impl<'de, T: TypeName> Deserialize<'de> for ResourceType<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if name == T::NAME { Ok(Self::NEW) } else { Err(de::Error::custom(format_args!("expected {}", T::NAME))) }
    }
}
