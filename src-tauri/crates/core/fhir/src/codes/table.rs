//! The one table of codes: each with its system, its name and where it was found. Every other file names a row of it.
//! Not here: which row says what of a reading (`codes`), and units, whose codes belong to the vocabulary.
//!
//! A code has two sources that do not copy each other; one that a standard defines itself has that standard. What only
//! one list knows, or what lists disagree about (the term for bedtime, muscle mass, impedance), has no row.

/// Where a code was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The value sets of FHIR R4 (4.0.1) and the code systems of HL7 that they name: a definition, not a copy.
    Fhir,
    /// The vital signs profiles of FHIR R4.
    VitalSigns,
    /// The US Core profiles.
    UsCore,
    /// The HL7 Personal Health Device guide (uv-phd 2.0.0), text and examples.
    DeviceGuide,
    /// The HL7 Point-of-Care Device guide.
    PointOfCareGuide,
    /// The 11073-10101 terms in the constants of an open personal health gateway.
    GatewayTerms,
    /// The 11073-10101 terms in the constants of another, independent library.
    LibraryTerms,
    /// HL7 v2 messages of devices after IHE, as several makers send them.
    DeviceMessages,
    /// Code lists of public national guides: cardiology, intensive care, medical aids.
    NationalGuides,
    /// Mapping tables of open programs from phone health data to LOINC.
    HealthApps,
    /// FHIR guides of the British health services for observations on wards.
    BritishWards,
    /// FHIR guides of the health services of Norway and Sweden for the same.
    NordicWards,
    /// IHE Basic Audit Log Patterns 1.1.
    AuditPatterns,
    /// DICOM PS3.16, the codes for audit messages.
    Dicom,
}

impl Source {
    /// Whether the source defines the code: then it needs no second one.
    #[cfg(test)]
    const fn defines(self) -> bool {
        matches!(self, Self::Fhir | Self::Dicom)
    }
}

/// A term of ISO/IEEE 11073-10101.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    /// The 32-bit code: `partition << 16 | term`.
    pub(crate) code: u32,
    /// Its reference identifier.
    pub(crate) name: &'static str,
    /// The partition and the term in it, as the lists print them: a slip in one of the three numbers is found by a
    /// test.
    #[cfg_attr(not(test), allow(dead_code, reason = "checked by the tests"))]
    parts: (u32, u32),
    #[cfg_attr(not(test), allow(dead_code, reason = "checked by the tests"))]
    sources: &'static [Source],
}

/// A LOINC code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Loinc {
    pub(crate) code: &'static str,
    /// Its long name; empty where it is not certain, because validators refuse a wrong one.
    pub(crate) display: &'static str,
    #[cfg_attr(not(test), allow(dead_code, reason = "checked by the tests"))]
    sources: &'static [Source],
}

/// A code of any other system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) system: &'static str,
    pub(crate) code: &'static str,
    /// Its name; empty where none is given.
    pub(crate) display: &'static str,
    #[cfg_attr(not(test), allow(dead_code, reason = "checked by the tests"))]
    sources: &'static [Source],
}

/// Code systems and the URIs of identifiers, extensions and profiles.
pub(crate) mod uri {
    /// ISO/IEEE 11073-10101; codes are decimal.
    pub(crate) const MDC: &str = "urn:iso:std:iso:11073:10101";
    pub(crate) const LOINC: &str = "http://loinc.org";
    pub(crate) const SNOMED: &str = "http://snomed.info/sct";
    pub(crate) const UCUM: &str = "http://unitsofmeasure.org";
    pub(crate) const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
    pub(super) const DATA_ABSENT_REASON: &str = "http://terminology.hl7.org/CodeSystem/data-absent-reason";
    /// The device guide takes the words for a questionable value from the point-of-care guide.
    pub(super) const MEASUREMENT_STATUS: &str = "http://hl7.org/fhir/uv/pocd/CodeSystem/measurement-status";
    pub(super) const IDENTIFIER_TYPE: &str = "http://terminology.hl7.org/CodeSystem/v2-0203";
    pub(super) const DEVICE_IDENTIFIER_TYPE: &str = "http://terminology.hl7.org/CodeSystem/ContinuaDeviceIdentifiers";
    pub(super) const OBSERVATION_CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";
    pub(super) const DEVICE_CATEGORY: &str = "http://hl7.org/fhir/uv/phd/CodeSystem/PhdObservationCategories";
    pub(super) const PROVENANCE_PARTICIPANT: &str = "http://terminology.hl7.org/CodeSystem/provenance-participant-type";
    pub(super) const DATA_OPERATION: &str = "http://terminology.hl7.org/CodeSystem/v3-DataOperation";
    pub(super) const AUDIT_EVENT_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-event-type";
    pub(super) const INTERACTION: &str = "http://hl7.org/fhir/restful-interaction";
    pub(super) const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
    pub(super) const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
    pub(super) const ENTITY_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
    pub(super) const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
    pub(super) const SOURCE_TYPE: &str = "http://terminology.hl7.org/CodeSystem/security-source-type";
    /// EUI-64 of a device, as the device guide names it.
    pub(crate) const SYSTEM_ID: &str = "urn:oid:1.2.840.10004.1.1.1.0.0.1.0.0.1.2680";
    /// Identifiers that are URIs themselves, such as `urn:uuid:…` (FHIR R4).
    pub(crate) const URI: &str = "urn:ietf:rfc:3986";
    /// The device guide's key against duplicates.
    pub(crate) const DUPLICATE_KEY: &str = "http://hl7.org/fhir/uv/phd/StructureDefinition/PhdBaseObservation";
    pub(crate) const GATEWAY_EXTENSION: &str = "http://hl7.org/fhir/StructureDefinition/observation-gatewayDevice";
    pub(crate) const CLOCK_EXTENSION: &str =
        "http://hl7.org/fhir/uv/phd/StructureDefinition/CoincidentTimeStampReference";
    /// What the profiles of the audit patterns begin with.
    pub(crate) const AUDIT_PROFILE: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";
    /// Our own words for acts and roles.
    pub(crate) const ACTS: &str = "urn:bedside:audit-action";
    pub(crate) const ROLES: &str = "urn:bedside:role";
    /// Places in the audit log: the vault's id, a hyphen, the number of the entry.
    pub(crate) const PLACES: &str = "urn:bedside:audit-entry";
}

macro_rules! terms {
    ($($row:ident = $code:literal ($partition:literal, $term:literal) $name:literal [$($source:ident)+];)+) => {
        $(
            pub(crate) const $row: Term = Term {
                code: $code,
                name: $name,
                parts: ($partition, $term),
                sources: &[$(Source::$source),+],
            };
        )+
        #[cfg(test)]
        const TERMS: &[Term] = &[$($row),+];
    };
}

macro_rules! loinc {
    ($($row:ident = $code:literal $display:literal [$($source:ident)+];)+) => {
        $(pub(crate) const $row: Loinc = Loinc { code: $code, display: $display, sources: &[$(Source::$source),+] };)+
        #[cfg(test)]
        const LOINC_CODES: &[Loinc] = &[$($row),+];
    };
}

macro_rules! words {
    ($($row:ident = $system:ident $code:literal $display:literal [$($source:ident)+];)+) => {
        $(
            pub(crate) const $row: Word =
                Word { system: uri::$system, code: $code, display: $display, sources: &[$(Source::$source),+] };
        )+
        #[cfg(test)]
        const WORDS: &[Word] = &[$($row),+];
    };
}

#[rustfmt::skip]
mod rows {
    use super::*;

    terms! {
        // Supervisory control and data acquisition (partition 2): what is measured.
        ECG_POTENTIAL          = 131_328 (2, 256)    "MDC_ECG_ELEC_POTL" [DeviceGuide PointOfCareGuide];
        BEAT_INTERVAL          = 147_240 (2, 16_168) "MDC_ECG_TIME_PD_RR_GL" [NationalGuides GatewayTerms];
        HEART_RATE             = 147_842 (2, 16_770) "MDC_ECG_HEART_RATE" [DeviceGuide PointOfCareGuide GatewayTerms];
        OXIMETER_PULSE_RATE    = 149_530 (2, 18_458) "MDC_PULS_OXIM_PULS_RATE" [DeviceGuide GatewayTerms LibraryTerms];
        CUFF_PULSE_RATE        = 149_546 (2, 18_474) "MDC_PULS_RATE_NON_INV" [GatewayTerms LibraryTerms];
        BLOOD_PRESSURE         = 150_020 (2, 18_948) "MDC_PRESS_BLD_NONINV" [DeviceGuide GatewayTerms LibraryTerms];
        SYSTOLIC               = 150_021 (2, 18_949) "MDC_PRESS_BLD_NONINV_SYS" [DeviceGuide GatewayTerms LibraryTerms];
        DIASTOLIC              = 150_022 (2, 18_950) "MDC_PRESS_BLD_NONINV_DIA" [DeviceGuide GatewayTerms LibraryTerms];
        MEAN_PRESSURE          = 150_023 (2, 18_951) "MDC_PRESS_BLD_NONINV_MEAN" [DeviceGuide GatewayTerms LibraryTerms];
        PULSE_AMPLITUDE_INDEX  = 150_320 (2, 19_248) "MDC_SAT_O2_QUAL" [DeviceGuide GatewayTerms LibraryTerms];
        TEMPERATURE            = 150_364 (2, 19_292) "MDC_TEMP_BODY" [DeviceGuide GatewayTerms LibraryTerms];
        TEMPERATURE_TYMPANUM   = 150_392 (2, 19_320) "MDC_TEMP_TYMP" [NationalGuides GatewayTerms];
        PLETHYSMOGRAM          = 150_452 (2, 19_380) "MDC_PULS_OXIM_PLETH" [DeviceGuide GatewayTerms LibraryTerms];
        OXYGEN_SATURATION      = 150_456 (2, 19_384) "MDC_PULS_OXIM_SAT_O2" [DeviceGuide GatewayTerms LibraryTerms];
        PERFUSION_INDEX        = 150_488 (2, 19_416) "MDC_BLD_PERF_INDEX" [DeviceMessages PointOfCareGuide];
        MODALITY_SPOT          = 150_588 (2, 19_516) "MDC_MODALITY_SPOT" [DeviceGuide GatewayTerms LibraryTerms];
        RESPIRATION_RATE       = 151_562 (2, 20_490) "MDC_RESP_RATE" [GatewayTerms LibraryTerms];
        GLUCOSE                = 160_020 (2, 28_948) "MDC_CONC_GLU_GEN" [GatewayTerms LibraryTerms];
        GLUCOSE_CAPILLARY_BLOOD  = 160_184 (2, 29_112) "MDC_CONC_GLU_CAPILLARY_WHOLEBLOOD" [DeviceGuide GatewayTerms LibraryTerms];
        GLUCOSE_CAPILLARY_PLASMA = 160_188 (2, 29_116) "MDC_CONC_GLU_CAPILLARY_PLASMA" [GatewayTerms LibraryTerms];
        GLUCOSE_VENOUS_BLOOD     = 160_192 (2, 29_120) "MDC_CONC_GLU_VENOUS_WHOLEBLOOD" [GatewayTerms LibraryTerms];
        GLUCOSE_VENOUS_PLASMA    = 160_196 (2, 29_124) "MDC_CONC_GLU_VENOUS_PLASMA" [GatewayTerms LibraryTerms];
        GLUCOSE_ARTERIAL_BLOOD   = 160_200 (2, 29_128) "MDC_CONC_GLU_ARTERIAL_WHOLEBLOOD" [GatewayTerms LibraryTerms];
        GLUCOSE_ARTERIAL_PLASMA  = 160_204 (2, 29_132) "MDC_CONC_GLU_ARTERIAL_PLASMA" [GatewayTerms LibraryTerms];
        GLUCOSE_CONTROL          = 160_208 (2, 29_136) "MDC_CONC_GLU_CONTROL" [GatewayTerms LibraryTerms];
        GLUCOSE_INTERSTITIAL     = 160_212 (2, 29_140) "MDC_CONC_GLU_ISF" [GatewayTerms LibraryTerms];
        GLUCOSE_BLOOD            = 160_364 (2, 29_292) "MDC_CONC_GLU_UNDETERMINED_WHOLEBLOOD" [GatewayTerms HealthApps];
        GLUCOSE_PLASMA           = 160_368 (2, 29_296) "MDC_CONC_GLU_UNDETERMINED_PLASMA" [DeviceGuide GatewayTerms];
        TEMPERATURE_RECTUM     = 188_420 (2, 57_348) "MDC_TEMP_RECT" [NationalGuides GatewayTerms];
        TEMPERATURE_MOUTH      = 188_424 (2, 57_352) "MDC_TEMP_ORAL" [NationalGuides GatewayTerms];
        TEMPERATURE_EAR        = 188_428 (2, 57_356) "MDC_TEMP_EAR" [NationalGuides GatewayTerms];
        TEMPERATURE_FINGER     = 188_432 (2, 57_360) "MDC_TEMP_FINGER" [NationalGuides GatewayTerms];
        TEMPERATURE_TOE        = 188_448 (2, 57_376) "MDC_TEMP_TOE" [NationalGuides GatewayTerms];
        TEMPERATURE_ARMPIT     = 188_452 (2, 57_380) "MDC_TEMP_AXILLA" [NationalGuides GatewayTerms];
        TEMPERATURE_GUT        = 188_456 (2, 57_384) "MDC_TEMP_GIT" [NationalGuides GatewayTerms];
        BODY_WEIGHT            = 188_736 (2, 57_664) "MDC_MASS_BODY_ACTUAL" [DeviceMessages GatewayTerms LibraryTerms];
        BODY_HEIGHT            = 188_740 (2, 57_668) "MDC_LEN_BODY_ACTUAL" [DeviceMessages GatewayTerms LibraryTerms];
        BODY_FAT               = 188_748 (2, 57_676) "MDC_BODY_FAT" [GatewayTerms LibraryTerms];
        BODY_MASS_INDEX        = 188_752 (2, 57_680) "MDC_RATIO_MASS_BODY_LEN_SQ" [DeviceMessages GatewayTerms LibraryTerms];
        FAT_FREE_MASS          = 188_756 (2, 57_684) "MDC_MASS_BODY_FAT_FREE" [GatewayTerms LibraryTerms];
        SOFT_LEAN_MASS         = 188_760 (2, 57_688) "MDC_MASS_BODY_SOFT_LEAN" [GatewayTerms LibraryTerms];
        BODY_WATER             = 188_764 (2, 57_692) "MDC_BODY_WATER" [GatewayTerms LibraryTerms];
        // Object infrastructure (partition 1): what a device says of itself and of an observation.
        DEVICE                 = 65_573 (1, 37)      "MDC_MOC_VMS_MDS_SIMP" [DeviceGuide GatewayTerms];
        TIME_ABSOLUTE          = 67_975 (1, 2_439)   "MDC_ATTR_TIME_ABS" [DeviceGuide GatewayTerms];
        BATTERY_CHARGE         = 67_996 (1, 2_460)   "MDC_ATTR_VAL_BATT_CHARGE" [DeviceGuide GatewayTerms];
        SUPPLEMENTAL_TYPES     = 68_193 (1, 2_657)   "MDC_ATTR_SUPPLEMENTAL_TYPES" [DeviceGuide GatewayTerms];
        // Communication infrastructure (partition 8): kinds of devices and their production specification.
        PULSE_OXIMETER         = 528_388 (8, 4_100)  "MDC_DEV_SPEC_PROFILE_PULS_OXIM" [DeviceGuide GatewayTerms LibraryTerms];
        BLOOD_PRESSURE_CUFF    = 528_391 (8, 4_103)  "MDC_DEV_SPEC_PROFILE_BP" [DeviceGuide GatewayTerms LibraryTerms];
        THERMOMETER            = 528_392 (8, 4_104)  "MDC_DEV_SPEC_PROFILE_TEMP" [DeviceGuide GatewayTerms LibraryTerms];
        WEIGHT_SCALE           = 528_399 (8, 4_111)  "MDC_DEV_SPEC_PROFILE_SCALE" [DeviceGuide GatewayTerms LibraryTerms];
        GLUCOSE_METER          = 528_401 (8, 4_113)  "MDC_DEV_SPEC_PROFILE_GLUCOSE" [DeviceGuide GatewayTerms LibraryTerms];
        GLUCOSE_SENSOR         = 528_409 (8, 4_121)  "MDC_DEV_SPEC_PROFILE_CGM" [DeviceGuide GatewayTerms NationalGuides];
        GENERIC_DEVICE         = 528_457 (8, 4_169)  "MDC_DEV_SPEC_PROFILE_GENERIC" [DeviceGuide GatewayTerms];
        HARDWARE_REVISION      = 531_974 (8, 7_686)  "MDC_ID_PROD_SPEC_HW" [DeviceGuide GatewayTerms];
        SOFTWARE_REVISION      = 531_975 (8, 7_687)  "MDC_ID_PROD_SPEC_SW" [DeviceGuide GatewayTerms];
        FIRMWARE_REVISION      = 531_976 (8, 7_688)  "MDC_ID_PROD_SPEC_FW" [DeviceGuide GatewayTerms];
        GATEWAY                = 531_981 (8, 7_693)  "MDC_MOC_VMS_MDS_AHD" [DeviceGuide GatewayTerms];
        // Personal health devices (partition 128): what stands beside a glucose.
        SITE_FINGER            = 8_417_848 (128, 29_240) "MDC_CTXT_GLU_SAMPLELOCATION_FINGER" [GatewayTerms LibraryTerms];
        SITE_ALTERNATE         = 8_417_852 (128, 29_244) "MDC_CTXT_GLU_SAMPLELOCATION_AST" [GatewayTerms LibraryTerms];
        SITE_EAR_LOBE          = 8_417_856 (128, 29_248) "MDC_CTXT_GLU_SAMPLELOCATION_EARLOBE" [GatewayTerms LibraryTerms];
        MEAL                   = 8_417_864 (128, 29_256) "MDC_CTXT_GLU_MEAL" [DeviceGuide LibraryTerms];
        MEAL_BEFORE            = 8_417_868 (128, 29_260) "MDC_CTXT_GLU_MEAL_PREPRANDIAL" [DeviceGuide LibraryTerms];
        MEAL_AFTER             = 8_417_872 (128, 29_264) "MDC_CTXT_GLU_MEAL_POSTPRANDIAL" [DeviceGuide LibraryTerms];
        MEAL_FASTING           = 8_417_876 (128, 29_268) "MDC_CTXT_GLU_MEAL_FASTING" [GatewayTerms LibraryTerms];
        MEAL_CASUAL            = 8_417_880 (128, 29_272) "MDC_CTXT_GLU_MEAL_CASUAL" [GatewayTerms LibraryTerms];
    }

    loinc! {
        // The R4 profile of oxygen saturation asks for 2708-6; 59408-5 says that it was measured by pulse oximetry.
        LOINC_OXYGEN_SATURATION   = "2708-6"   "Oxygen saturation in Arterial blood" [VitalSigns UsCore];
        LOINC_PULSE_OXIMETRY      = "59408-5"  "Oxygen saturation in Arterial blood by Pulse oximetry" [UsCore HealthApps];
        LOINC_HEART_RATE          = "8867-4"   "Heart rate" [VitalSigns DeviceGuide];
        LOINC_RESPIRATION_RATE    = "9279-1"   "Respiratory rate" [VitalSigns HealthApps];
        LOINC_BLOOD_PRESSURE      = "85354-9"  "Blood pressure panel with all children optional" [VitalSigns DeviceGuide];
        LOINC_SYSTOLIC            = "8480-6"   "Systolic blood pressure" [VitalSigns DeviceGuide];
        LOINC_DIASTOLIC           = "8462-4"   "Diastolic blood pressure" [VitalSigns DeviceGuide];
        LOINC_MEAN_PRESSURE       = "8478-0"   "Mean blood pressure" [VitalSigns HealthApps];
        LOINC_TEMPERATURE         = "8310-5"   "Body temperature" [VitalSigns DeviceGuide];
        LOINC_TEMPERATURE_ARMPIT  = "8328-7"   "Axillary temperature" [NationalGuides HealthApps];
        LOINC_TEMPERATURE_MOUTH   = "8331-1"   "Oral temperature" [NationalGuides HealthApps];
        LOINC_TEMPERATURE_RECTUM  = "8332-9"   "Rectal temperature" [NationalGuides HealthApps];
        LOINC_TEMPERATURE_EAR     = "8333-7"   "Tympanic membrane temperature" [NationalGuides HealthApps];
        LOINC_BODY_WEIGHT         = "29463-7"  "Body weight" [VitalSigns UsCore];
        LOINC_BODY_HEIGHT         = "8302-2"   "Body height" [VitalSigns UsCore];
        LOINC_BODY_MASS_INDEX     = "39156-5"  "Body mass index (BMI) [Ratio]" [VitalSigns UsCore];
        LOINC_BODY_FAT            = "41982-0"  "" [HealthApps NationalGuides];
        LOINC_PERFUSION_INDEX     = "61006-3"  "" [HealthApps NationalGuides];
        LOINC_BEAT_INTERVAL       = "8637-1"   "" [NationalGuides HealthApps];
        LOINC_EKG_STUDY           = "11524-6"  "EKG study" [NationalGuides HealthApps];
        // Mass and substance concentrations are apart: the unit picks the code.
        LOINC_CAPILLARY_MASS      = "41653-7"  "Glucose [Mass/volume] in Capillary blood by Glucometer" [NationalGuides HealthApps];
        LOINC_CAPILLARY_MOLES     = "14743-9"  "Glucose [Moles/volume] in Capillary blood by Glucometer" [NationalGuides HealthApps];
        LOINC_BLOOD_MASS          = "2339-0"   "Glucose [Mass/volume] in Blood" [NationalGuides HealthApps];
        LOINC_BLOOD_MOLES         = "15074-8"  "Glucose [Moles/volume] in Blood" [NationalGuides HealthApps];
        LOINC_PLASMA_MASS         = "2345-7"   "Glucose [Mass/volume] in Serum or Plasma" [NationalGuides HealthApps];
        LOINC_PLASMA_MOLES        = "14749-6"  "Glucose [Moles/volume] in Serum or Plasma" [NationalGuides HealthApps];
        LOINC_INTERSTITIAL_MASS   = "99504-3"  "Glucose [Mass/volume] in Interstitial fluid" [NationalGuides HealthApps];
        LOINC_INTERSTITIAL_MOLES  = "105272-9" "Glucose [Moles/volume] in Interstitial fluid" [NationalGuides HealthApps];
    }

    words! {
        TEST_DATA              = ACT_REASON "HTEST" "test health data" [Fhir];
        RECORD_NUMBER          = IDENTIFIER_TYPE "MR" "Medical record number" [Fhir];
        SYSTEM_ID              = DEVICE_IDENTIFIER_TYPE "SYSID" "" [Fhir DeviceGuide];
        VITAL_SIGNS            = OBSERVATION_CATEGORY "vital-signs" "" [Fhir];
        SURVEY                 = OBSERVATION_CATEGORY "survey" "" [Fhir];
        PERSONAL_DEVICE        = DEVICE_CATEGORY "phd" "" [DeviceGuide NationalGuides];
        ABSENT_ERROR           = DATA_ABSENT_REASON "error" "" [Fhir];
        ABSENT_NOT_A_NUMBER    = DATA_ABSENT_REASON "not-a-number" "" [Fhir];
        ABSENT_POSITIVE_INFINITY = DATA_ABSENT_REASON "positive-infinity" "" [Fhir];
        ABSENT_NEGATIVE_INFINITY = DATA_ABSENT_REASON "negative-infinity" "" [Fhir];
        QUESTIONABLE           = MEASUREMENT_STATUS "questionable" "Questionable" [PointOfCareGuide DeviceGuide];
        EARLY_INDICATION       = MEASUREMENT_STATUS "early-indication" "Early indication" [PointOfCareGuide DeviceGuide];
        // NEWS2 (Royal College of Physicians, 2017): the sum and its parts. No names: the guides write them in several ways.
        NEWS2_TOTAL            = SNOMED "1104051000000101" "" [BritishWards NordicWards];
        NEWS2_RESPIRATION      = SNOMED "1104301000000104" "" [BritishWards NordicWards];
        NEWS2_SATURATION_1     = SNOMED "1104311000000102" "" [BritishWards NordicWards];
        NEWS2_SATURATION_2     = SNOMED "1104321000000108" "" [BritishWards NordicWards];
        NEWS2_AIR_OR_OXYGEN    = SNOMED "1104331000000105" "" [BritishWards NordicWards];
        NEWS2_SYSTOLIC         = SNOMED "1104341000000101" "" [BritishWards NordicWards];
        NEWS2_PULSE            = SNOMED "1104351000000103" "" [BritishWards NordicWards];
        NEWS2_CONSCIOUSNESS    = SNOMED "1104361000000100" "" [BritishWards NordicWards];
        NEWS2_TEMPERATURE      = SNOMED "1104371000000107" "" [BritishWards NordicWards];
        // Who took part in a record, and what was done (R4, Provenance).
        PERFORMER              = PROVENANCE_PARTICIPANT "performer" "Performer" [Fhir];
        ENTERER                = PROVENANCE_PARTICIPANT "enterer" "Enterer" [Fhir];
        AUTHOR                 = PROVENANCE_PARTICIPANT "author" "Author" [Fhir];
        VERIFIER               = PROVENANCE_PARTICIPANT "verifier" "Verifier" [Fhir];
        ASSEMBLER              = PROVENANCE_PARTICIPANT "assembler" "Assembler" [Fhir];
        CREATED                = DATA_OPERATION "CREATE" "create" [Fhir];
        UPDATED                = DATA_OPERATION "UPDATE" "revise" [Fhir];
        NULLIFIED              = DATA_OPERATION "NULLIFY" "nullify" [Fhir];
        // The audit patterns.
        AUDIT_REST             = AUDIT_EVENT_TYPE "rest" "RESTful Operation" [Fhir AuditPatterns];
        INTERACTION_CREATE     = INTERACTION "create" "create" [Fhir];
        INTERACTION_READ       = INTERACTION "read" "read" [Fhir];
        INTERACTION_SEARCH     = INTERACTION "search-type" "search-type" [Fhir];
        INTERACTION_UPDATE     = INTERACTION "update" "update" [Fhir];
        INTERACTION_DELETE     = INTERACTION "delete" "delete" [Fhir];
        INTERACTION_OPERATION  = INTERACTION "operation" "operation" [Fhir];
        USER_AUTHENTICATION    = DICOM "110114" "User Authentication" [Dicom AuditPatterns];
        LOGIN                  = DICOM "110122" "Login" [Dicom AuditPatterns];
        LOGOUT                 = DICOM "110123" "Logout" [Dicom AuditPatterns];
        SECURITY_ALERT         = DICOM "110113" "Security Alert" [Dicom];
        SOURCE_ROLE            = DICOM "110153" "Source Role ID" [Dicom AuditPatterns];
        DESTINATION_ROLE       = DICOM "110152" "Destination Role ID" [Dicom AuditPatterns];
        INFORMATION_RECIPIENT  = PARTICIPATION "IRCP" "information recipient" [Fhir AuditPatterns];
        APPLICATION_SERVER     = SOURCE_TYPE "4" "Application Server" [Fhir];
        ENTITY_PERSON          = ENTITY_TYPE "1" "Person" [Fhir];
        ENTITY_OBJECT          = ENTITY_TYPE "2" "System Object" [Fhir];
        ROLE_PATIENT           = ENTITY_ROLE "1" "Patient" [Fhir];
        ROLE_RESOURCE          = ENTITY_ROLE "4" "Domain Resource" [Fhir];
        ROLE_USER              = ENTITY_ROLE "11" "Security User Entity" [Fhir];
    }

    #[cfg(test)]
    pub(super) mod all {
        pub(in super::super) const TERMS: &[super::Term] = super::TERMS;
        pub(in super::super) const LOINC: &[super::Loinc] = super::LOINC_CODES;
        pub(in super::super) const WORDS: &[super::Word] = super::WORDS;
    }
}
pub(crate) use rows::*;

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
