"""How a ledger says what was measured: number as sent, unit by its UCUM code. For a test to compare with the store."""


def quantity(parameter, number, unit, part=""):
    return {"parameter": parameter, "part": part, "value": str(number), "unit": unit}


def saturation(percent, pulse):
    return [
        quantity("oxygen_saturation", percent, "%"),
        quantity("oximeter_pulse_rate", pulse, "/min"),
    ]


def pressures(systolic, diastolic, mean):
    return [
        quantity("blood_pressure", systolic, "mm[Hg]", "systolic"),
        quantity("blood_pressure", diastolic, "mm[Hg]", "diastolic"),
        quantity("blood_pressure", mean, "mm[Hg]", "mean"),
    ]
