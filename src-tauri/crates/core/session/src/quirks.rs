//! What single makes and models do otherwise than their profile says: rows of data, found by maker and model.
//! Not here: code for a model. A procedure asks the row; it never asks who the maker is.
use bedside_gatt::blood_pressure::Dialect;
use bedside_gatt::uuids;
use core::time::Duration;
use uuid::Uuid;

/// How a device is to be treated. [`Quirk::STANDARD`] for every device that is in no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirk {
    /// The stable name, as rejected values are decoded again under it.
    pub name: &'static str,
    /// Words of which one is in the maker's name, in small letters; empty = any maker.
    pub(crate) makers: &'static [&'static str],
    /// How the advertised name begins, in small letters: it counts until the maker is known.
    pub(crate) names: &'static [&'static str],
    /// How the model number begins, in small letters; empty = every model of these makers.
    pub(crate) models: &'static [&'static str],
    /// Subscribe first and ask afterwards who the device is: it switches off when that takes long.
    pub measure_first: bool,
    /// Pair before the first connection, or the device asks twice.
    pub bond_first: bool,
    /// How long the device needs between its service table and the first subscription.
    pub pause_before_subscribe: Duration,
    /// How a blood pressure is laid out.
    pub dialect: Dialect,
    /// Record numbers are places counted from the newest: they name no record, and everything is always fetched.
    pub sequence_reversed: bool,
    /// Never ask for records "from number": all are always fetched.
    pub never_from_number: bool,
    /// So often the clock is written before it takes.
    pub clock_writes: u8,
    /// The clock is set before the values come, because the device hangs up right after them.
    pub clock_before_values: bool,
    /// The clock is left alone until it is off by more than this.
    pub clock_tolerance: Duration,
    /// Services that repeat what a standard service of the same device says: not subscribed beside it.
    pub repeated_services: &'static [Uuid],
}

impl Quirk {
    /// As the profiles say.
    pub const STANDARD: Self = Self {
        name: "standard",
        makers: &[],
        names: &[],
        models: &[],
        measure_first: false,
        bond_first: false,
        pause_before_subscribe: Duration::ZERO,
        dialect: Dialect::Standard,
        sequence_reversed: false,
        never_from_number: false,
        clock_writes: 1,
        clock_before_values: false,
        clock_tolerance: Duration::from_secs(10),
        repeated_services: &[],
    };

    /// The row of a device, by what is known of it so far; the advertised name counts until the model is read.
    pub fn of(name: Option<&str>, manufacturer: Option<&str>, model: Option<&str>) -> &'static Self {
        ROWS.iter().find(|row| row.is_of(name, manufacturer, model)).unwrap_or(&Self::STANDARD)
    }

    /// The row of a stable name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ROWS.iter().chain([&Self::STANDARD]).find(|row| row.name == name)
    }

    /// Every row, for tables and tests.
    pub fn all() -> &'static [Self] {
        &ROWS
    }

    fn is_of(&self, name: Option<&str>, manufacturer: Option<&str>, model: Option<&str>) -> bool {
        let begins_as = |text: Option<&str>, starts: &[&str]| {
            text.is_some_and(|text| starts.iter().any(|start| begins(text, start)))
        };
        let is_model = begins_as(model, self.models) || begins_as(name, self.models);
        match manufacturer {
            // The same letters may begin another make's model.
            Some(maker) => {
                let is_maker = self.makers.iter().any(|word| contains(maker, word));
                is_maker && (self.models.is_empty() || is_model)
            }
            None => is_model || begins_as(name, self.names),
        }
    }
}

/// The first that fits counts. Sources: vendor documents and field experience as the open clients of these devices show.
const ROWS: [Quirk; 9] = [
    Quirk {
        name: "and_measures_first",
        makers: &["a&d", "and medical"],
        names: &["a&d_"],
        models: &["ua-651ble", "ut-201ble", "uc-352ble", "ua-1200", "ub-1100"],
        measure_first: true,
        clock_before_values: true,
        ..Quirk::STANDARD
    },
    Quirk {
        name: "beurer_be",
        makers: &["beurer"],
        models: &["bm85", "bm 85"],
        pause_before_subscribe: Duration::from_secs(2),
        dialect: Dialect::BeurerBigEndian,
        ..Quirk::STANDARD
    },
    Quirk {
        name: "beurer_pause",
        makers: &["beurer"],
        models: &["bm", "bc"],
        pause_before_subscribe: Duration::from_secs(2),
        ..Quirk::STANDARD
    },
    Quirk {
        name: "omron_clock",
        makers: &["omron"],
        names: &["blesmart_"],
        clock_tolerance: Duration::from_secs(600),
        ..Quirk::STANDARD
    },
    Quirk {
        name: "contour_bond",
        makers: &["ascensia", "bayer"],
        names: &["contour"],
        bond_first: true,
        ..Quirk::STANDARD
    },
    Quirk {
        name: "caresens_clock",
        makers: &["i-sens", "isens"],
        names: &["caresens"],
        clock_writes: 2,
        ..Quirk::STANDARD
    },
    Quirk {
        name: "taidoc_reversed",
        makers: &["taidoc", "fora"],
        names: &["taidoc", "fora", "td-", "dm30"],
        sequence_reversed: true,
        never_from_number: true,
        ..Quirk::STANDARD
    },
    Quirk {
        name: "nonin_twice",
        makers: &["nonin"],
        names: &["nonin"],
        repeated_services: &[NONIN_SERVICE],
        ..Quirk::STANDARD
    },
    // The meter must be in its pairing menu, and its PIN is on its screen: both are told when pairing fails. Its clock
    // may lie inside the glucose service, where clocks are looked for in any case.
    Quirk { name: "accu_chek", makers: &["roche"], names: &["accu-chek", "meter+"], ..Quirk::STANDARD },
];

/// Nonin's own oximetry service, beside the standard one of the 3230 and 3150.
const NONIN_SERVICE: Uuid = Uuid::from_u128(0x46A9_70E0_0D5F_11E2_8B5E_0002_A5D5_C51B);

/// Whether a service may be left out because the device says the same in a standard one.
pub(crate) fn is_repeated(quirk: &Quirk, service: Uuid, has_standard: bool) -> bool {
    has_standard && service != uuids::PULSE_OXIMETER_SERVICE && quirk.repeated_services.contains(&service)
}

fn contains(text: &str, word: &str) -> bool {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

fn begins(text: &str, start: &str) -> bool {
    text.as_bytes().get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_known_by_its_advertised_name_before_its_model_is_read() {
        assert!(Quirk::of(Some("A&D_UA-651BLE_D40D1E"), None, None).measure_first);
        assert!(Quirk::of(Some("Contour7800H1234567"), None, None).bond_first);
        assert!(Quirk::of(Some("TAIDOC TD4257"), None, None).sequence_reversed);
    }

    #[test]
    fn the_byte_order_is_chosen_by_the_model_alone() {
        let beurer = |model| Quirk::of(None, Some("Beurer GmbH"), Some(model)).dialect;
        assert_eq!(beurer("BM85"), Dialect::BeurerBigEndian);
        assert_eq!(beurer("BM54"), Dialect::Standard);
        assert_eq!(Quirk::of(None, Some("Another"), Some("BM85")).dialect, Dialect::Standard);
    }

    #[test]
    fn a_device_in_no_row_is_treated_as_its_profile_says() {
        assert_eq!(Quirk::of(Some("Strap"), Some("Maker"), Some("H1")), &Quirk::STANDARD);
        assert_eq!(Quirk::of(None, None, None), &Quirk::STANDARD);
    }

    #[test]
    fn every_row_has_a_name_of_its_own_that_leads_back() {
        for row in Quirk::all() {
            assert_eq!(Quirk::named(row.name), Some(row));
        }
        assert_eq!(Quirk::named("another"), None);
    }

    #[test]
    fn a_service_is_left_out_only_beside_the_standard_one_that_says_the_same() {
        let nonin = Quirk::of(None, Some("Nonin Medical"), Some("3230"));
        assert!(is_repeated(nonin, NONIN_SERVICE, true));
        assert!(!is_repeated(nonin, NONIN_SERVICE, false));
        assert!(!is_repeated(&Quirk::STANDARD, NONIN_SERVICE, true));
    }
}
