//! Two patterns of the specifications: an octet that names one of a list, and a word of flags.
//! Both keep what a specification reserves: the number of a code, the bits of a word.

/// An enumeration of one octet: each known code with its name, and `Reserved` with the number that came.
macro_rules! octet_codes {
    (
        $(#[$about:meta])*
        pub enum $name:ident { $($(#[$about_code:meta])* $code:ident = $octet:literal => $text:literal,)+ }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$about_code])* $code,)+
            /// A number that the specification does not define, as received.
            Reserved(u8),
        }

        impl $name {
            /// Every defined code in ascending order.
            pub const DEFINED: &'static [Self] = &[$(Self::$code,)+];

            /// The code of an octet; any octet has one.
            pub const fn from_octet(octet: u8) -> Self {
                match octet {
                    $($octet => Self::$code,)+
                    other => Self::Reserved(other),
                }
            }

            /// The octet of a code.
            pub const fn octet(self) -> u8 {
                match self {
                    $(Self::$code => $octet,)+
                    Self::Reserved(octet) => octet,
                }
            }

            /// The stable name in snake case; `reserved` for an undefined number.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $text,)+
                    Self::Reserved(_) => "reserved",
                }
            }
        }
    };
}

/// A word of flags: the bits as received, and an enumeration of the defined ones.
macro_rules! flag_word {
    (
        $(#[$about:meta])*
        pub struct $set:ident($word:ty);
        $(#[$about_flag_type:meta])*
        pub enum $flag:ident { $($(#[$about_flag:meta])* $bit_name:ident = $bit:literal => $text:literal,)+ }
    ) => {
        $(#[$about_flag_type])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $flag {
            $($(#[$about_flag])* $bit_name = $bit,)+
        }

        impl $flag {
            /// Every defined flag in ascending order of its bit.
            pub const DEFINED: &'static [Self] = &[$(Self::$bit_name,)+];

            /// The stable name in snake case.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$bit_name => $text,)+
                }
            }
        }

        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $set($word);

        impl $set {
            /// The word as received; undefined bits are kept and mean nothing.
            pub const fn from_bits(bits: $word) -> Self {
                Self(bits)
            }

            /// The word as received.
            pub const fn bits(self) -> $word {
                self.0
            }

            /// Whether a flag is raised.
            pub const fn has(self, flag: $flag) -> bool {
                self.0 >> flag as u8 & 1 == 1
            }

            /// This word with one more flag raised.
            #[must_use]
            pub const fn with(self, flag: $flag) -> Self {
                Self(self.0 | 1 << flag as u8)
            }

            /// The raised flags that are defined, in ascending order.
            pub fn raised(self) -> impl Iterator<Item = $flag> {
                $flag::DEFINED.iter().copied().filter(move |flag| self.has(*flag))
            }
        }
    };
}

pub(crate) use flag_word;
pub(crate) use octet_codes;
