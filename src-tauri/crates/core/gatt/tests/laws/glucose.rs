//! The laws of the codecs for glucose meters and of the record access control point.
//! Single captures are tested beside each profile.

use crate::common::{codec_laws, device_time, short_float};
use bedside_gatt::glucose::{
    ConcentrationUnit, GlucoseConcentration, GlucoseFeatures, GlucoseMeasurement, GlucoseStatus, SampleLocation,
    SampleType,
};
use bedside_gatt::glucose_context::{
    Carbohydrate, CarbohydrateKind, Circumstances, Exercise, GlucoseContext, Health, Meal, Medication, MedicationKind,
    MedicationUnit, Tester,
};
use bedside_gatt::record_access::{Bound, RecordCount, RecordReply, RecordRequest, ResponseCode, Selection};
use proptest::option;
use proptest::prelude::*;

fn concentration() -> impl Strategy<Value = GlucoseConcentration> {
    let unit = prop_oneof![Just(ConcentrationUnit::KilogramPerLitre), Just(ConcentrationUnit::MolePerLitre)];
    (short_float(), unit, 0..16u8, 0..16u8).prop_map(|(amount, unit, sample_type, sample_location)| {
        GlucoseConcentration {
            amount,
            unit,
            sample_type: SampleType::from_octet(sample_type),
            sample_location: SampleLocation::from_octet(sample_location),
        }
    })
}

fn measurement() -> impl Strategy<Value = GlucoseMeasurement> {
    let status = option::of(any::<u16>().prop_map(GlucoseStatus::from_bits));
    let time_offset = option::of(any::<i16>());
    (any::<u16>(), device_time(), time_offset, option::of(concentration()), status, any::<bool>()).prop_map(
        |(sequence_number, base_time, time_offset_min, concentration, status, context_follows)| GlucoseMeasurement {
            sequence_number,
            base_time,
            time_offset_min,
            concentration,
            status,
            context_follows,
        },
    )
}

fn carbohydrate() -> impl Strategy<Value = Carbohydrate> {
    (any::<u8>().prop_map(CarbohydrateKind::from_octet), short_float())
        .prop_map(|(kind, mass_kg)| Carbohydrate { kind, mass_kg })
}

fn circumstances() -> impl Strategy<Value = Circumstances> {
    (0..16u8, 0..16u8).prop_map(|(tester, health)| Circumstances {
        tester: Tester::from_octet(tester),
        health: Health::from_octet(health),
    })
}

fn exercise() -> impl Strategy<Value = Exercise> {
    any::<(u16, u8)>().prop_map(|(duration_s, intensity_percent)| Exercise { duration_s, intensity_percent })
}

fn medication() -> impl Strategy<Value = Medication> {
    let unit = prop_oneof![Just(MedicationUnit::Kilogram), Just(MedicationUnit::Litre)];
    (any::<u8>().prop_map(MedicationKind::from_octet), short_float(), unit)
        .prop_map(|(kind, amount, unit)| Medication { kind, amount, unit })
}

fn context() -> impl Strategy<Value = GlucoseContext> {
    let meal = option::of(any::<u8>().prop_map(Meal::from_octet));
    let around = (option::of(carbohydrate()), meal, option::of(circumstances()));
    let done = (option::of(exercise()), option::of(medication()), option::of(short_float()));
    (any::<u16>(), option::of(any::<u8>()), around, done).prop_map(
        |(sequence_number, extended_flags, (carbohydrate, meal, circumstances), (exercise, medication, hba1c))| {
            GlucoseContext {
                sequence_number,
                extended_flags,
                carbohydrate,
                meal,
                circumstances,
                exercise,
                medication,
                hba1c_percent: hba1c,
            }
        },
    )
}

/// Two bounds of one kind.
fn bounds() -> impl Strategy<Value = (Bound, Bound)> {
    prop_oneof![
        any::<(u16, u16)>().prop_map(|(least, most)| (least.into(), most.into())),
        any::<(u32, u32)>().prop_map(|(least, most)| (least.into(), most.into())),
        (device_time(), device_time()).prop_map(|(least, most)| (least.into(), most.into())),
    ]
}

fn selection() -> impl Strategy<Value = Selection> {
    prop_oneof![
        Just(Selection::All),
        Just(Selection::First),
        Just(Selection::Last),
        bounds().prop_map(|(_, most)| Selection::AtMost(most)),
        bounds().prop_map(|(least, _)| Selection::AtLeast(least)),
        bounds().prop_map(|(least, most)| Selection::Within { least, most }),
    ]
}

fn record_request() -> impl Strategy<Value = RecordRequest> {
    prop_oneof![
        Just(RecordRequest::Abort),
        selection().prop_map(RecordRequest::Report),
        selection().prop_map(RecordRequest::ReportNumber),
        selection().prop_map(RecordRequest::CombinedReport),
    ]
}

fn record_reply() -> impl Strategy<Value = RecordReply> {
    prop_oneof![
        any::<u16>().prop_map(|count| RecordReply::NumberOfRecords(RecordCount::Narrow(count))),
        any::<u32>().prop_map(|count| RecordReply::NumberOfRecords(RecordCount::Wide(count))),
        any::<u32>().prop_map(|count| RecordReply::CombinedReportResponse { count }),
        any::<(u8, u8)>()
            .prop_map(|(request, code)| RecordReply::Response { request, code: ResponseCode::from_octet(code) }),
    ]
}

/// Half of the wide numbers of a request are narrow numbers.
fn has_narrow_numbers(request: &RecordRequest, prefix: &[u8]) -> bool {
    let (RecordRequest::Report(selection)
    | RecordRequest::ReportNumber(selection)
    | RecordRequest::CombinedReport(selection)) = request
    else {
        return false;
    };
    match selection {
        Selection::AtMost(Bound::WideNumber(_)) | Selection::AtLeast(Bound::WideNumber(_)) => prefix.len() == 5,
        Selection::Within { most: Bound::WideNumber(_), .. } => prefix.len() == 7,
        _ => false,
    }
}

/// Half of a wide count is a narrow count.
fn is_narrow_count(reply: &RecordReply, prefix: &[u8]) -> bool {
    matches!(reply, RecordReply::NumberOfRecords(RecordCount::Wide(_))) && prefix.len() == 4
}

codec_laws!(glucose_measurement: measurement(),
    GlucoseMeasurement::decode, |measured: &GlucoseMeasurement| measured.encode().unwrap());
codec_laws!(glucose_context: context(),
    GlucoseContext::decode, |context: &GlucoseContext| context.encode().unwrap());
codec_laws!(glucose_features: any::<u16>().prop_map(GlucoseFeatures::from_bits),
    GlucoseFeatures::decode, |features: &GlucoseFeatures| features.encode());

codec_laws!(record_access_request: record_request(),
    RecordRequest::decode, |request: &RecordRequest| request.encode().unwrap(), complete: has_narrow_numbers);
codec_laws!(record_access_reply: record_reply(),
    RecordReply::decode, |reply: &RecordReply| reply.encode(), complete: is_narrow_count);
