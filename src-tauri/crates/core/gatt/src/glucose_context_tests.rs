//! Hand-made captures of the Glucose Measurement Context, each octet checked against the field table.
//! Properties over all values live in `tests/`.
use super::*;
use bedside_vitals::Decimal;

fn decimal(mantissa: i64, exponent: i8) -> Number {
    Number::Value(Decimal::new(mantissa, exponent))
}

fn kind(octets: &[u8]) -> &'static str {
    GlucoseContext::decode(octets).unwrap_err().kind()
}

#[test]
fn every_field_is_read_in_the_order_of_the_table() {
    let full = [0xFF, 0x2A, 0x01, 0x00, 2, 0x2D, 0xD0, 5, 0x42, 0xFF, 0xFF, 80, 1, 0x78, 0xA0, 0x41, 0xF0];
    let context = GlucoseContext::decode(&full).unwrap();
    assert_eq!((context.sequence_number, context.extended_flags), (298, Some(0)));
    assert_eq!(context.carbohydrate, Some(Carbohydrate { kind: CarbohydrateKind::Lunch, mass_kg: decimal(45, -3) }));
    assert_eq!(context.meal, Some(Meal::Bedtime));
    assert_eq!(context.circumstances, Some(Circumstances { tester: Tester::Professional, health: Health::Stress }));
    assert_eq!(context.exercise, Some(Exercise { duration_s: Exercise::OVERRUN, intensity_percent: 80 }));
    let taken = Medication { kind: MedicationKind::RapidActing, amount: decimal(120, -6), unit: MedicationUnit::Litre };
    assert_eq!(context.medication, Some(taken));
    assert_eq!(context.hba1c_percent, Some(decimal(65, -1)));
    assert_eq!(context.encode().unwrap(), full);
}

#[test]
fn a_context_may_carry_nothing_but_its_number() {
    let bare = GlucoseContext::decode(&[0x00, 7, 0]).unwrap();
    assert_eq!(bare, GlucoseContext { sequence_number: 7, ..GlucoseContext::default() });
}

#[test]
fn the_litre_flag_without_medication_means_nothing() {
    assert_eq!(GlucoseContext::decode(&[0x20, 7, 0]), GlucoseContext::decode(&[0x00, 7, 0]));
}

#[test]
fn undefined_codes_keep_their_numbers() {
    let context = GlucoseContext::decode(&[0x06, 7, 0, 6, 0xEF]).unwrap();
    assert_eq!(context.meal, Some(Meal::Reserved(6)));
    assert_eq!(
        context.circumstances,
        Some(Circumstances { tester: Tester::NotAvailable, health: Health::Reserved(14) })
    );
}

#[test]
fn missing_and_surplus_octets_are_rejected() {
    assert_eq!(kind(&[]), "truncated");
    assert_eq!(kind(&[0x80, 7, 0]), "truncated");
    assert_eq!(kind(&[0x01, 7, 0, 1, 0]), "truncated");
    assert_eq!(kind(&[0x08, 7, 0, 1, 0]), "truncated");
    assert_eq!(kind(&[0x10, 7, 0, 1, 0]), "truncated");
    assert_eq!(kind(&[0x00, 7, 0, 1]), "trailing_bytes");
    assert_eq!(kind(&[0x80, 7, 0, 0, 1]), "trailing_bytes");
}

#[test]
fn undefined_extended_flags_are_kept_and_excuse_no_surplus() {
    let context = GlucoseContext::decode(&[0x80, 7, 0, 0xFF]).unwrap();
    assert_eq!(context.extended_flags, Some(0xFF));
    assert_eq!(kind(&[0x80, 7, 0, 0xFF, 0xAA]), "trailing_bytes");
}
