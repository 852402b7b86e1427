"""Tables as newcomers have them, with the campaigns that they are suggested for: of both mines' tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pysonar.protocol.schema import (
    Schema,
    category_field,
    class_label,
    input_schema,
    integer_field,
    number_field,
    output_schema,
)
from tests.json_types import JsonObject

GERMAN = "Alter;Einkommen (TEUR);Schulden (TEUR);Berufsjahre;Wohnen;Verzug;Ergebnis"
MONTHS = "age_months,income,debt,months employed,home,late payments,defaulted"
OF_EACH = ("radius", "area", "concave points", "smoothness")
GERMAN_NAMES = ("Radius", "Fläche", "Konkave Punkte", "Glätte")
LABORATORIES = (
    (GERMAN_NAMES, "{} (Mittel)", "{} (Streuung)", "{} (größter)", "Befund", ("gutartig", "bösartig")),
    (tuple(of.replace(" ", "_") for of in OF_EACH), "{}_mean", "{}_se", "{}_worst", "diagnosis", ("B", "M")),
    (
        tuple(of.replace(" ", "").upper() for of in OF_EACH),
        "AVG_{}", "SD_{}", "MAX_{}", "Result", ("Benign", "Malign"),
    ),
)  # fmt: skip
"""Three laboratories that name the same statistics of the same quantities in their own way: names, patterns
of mean, spread and highest, the label and its words. The ranges do not tell which is which.
"""


@dataclass(frozen=True)
class Wanted:
    """What a campaign asks for, as its documents and as a schema."""

    inputs: JsonObject
    output: JsonObject

    @property
    def schema(self) -> Schema:
        """Of both documents."""
        return Schema(self.inputs, self.output)


def wanted(fields: Mapping[str, JsonObject], label: str, *classes: str) -> Wanted:
    """A campaign that asks for these fields and classes."""
    return Wanted(input_schema(fields), output_schema(label, class_label(list(classes))))


LOANS = wanted(
    {
        "age": integer_field((0, 128)),
        "income": number_field((0, 106_000)),
        "debt": number_field((0, 59_500)),
        "years_employed": number_field((0, 27.6)),
        "home": category_field(["mortgage", "own", "rent"]),
        "late_payments": number_field((0, 5)),
    },
    "outcome", "default", "repaid",
)  # fmt: skip
CELLS = wanted(
    {
        name: number_field((0, 100))
        for of in OF_EACH
        for name in (f"mean {of}", f"{of} error", f"worst {of}")
    },
    "diagnosis", "benign", "malignant",
)  # fmt: skip
DIAGNOSIS = wanted({"mean radius": number_field((0, 100))}, "diagnosis", "benign", "malignant")
AREAS = wanted(
    {"mean radius": number_field((0, 100)), "area": number_field((0, 100))},
    "diagnosis",
    "benign",
    "malignant",
)
PERIMETERS = wanted({"perimeter": number_field((0, 8.6))}, "diagnosis", "benign", "malignant")


def bank(*, german: bool, rows: int = 200) -> str:
    """Loans: in German with thousands of euros and decimal commas, or with months and yes and no."""
    random = np.random.default_rng(3)
    lines = [GERMAN if german else MONTHS]
    for n in range(rows):
        age, income, years = 20 + n % 50, random.uniform(9_000, 150_000), random.uniform(0.1, 28)
        debt, late = income * random.uniform(0, 0.8), n % 7
        if german:
            home, end = ("Miete", "Eigentum", "Hypothek")[n % 3], ("Ausfall", "bezahlt")[n % 2]
            cells = f"{age};{income / 1e3:.3f};{debt / 1e3:.3f};{years:.1f};{home};{late};{end}"
            lines.append(cells.replace(".", ","))
        else:
            home, end = ("rent", "own", "mortgage")[n % 3], ("yes", "no")[n % 2]
            lines.append(f"{age * 12},{income:.2f},{debt:.2f},{round(years * 12)},{home},{late},{end}")
    return "\n".join(lines) + "\n"


def laboratory(
    names: tuple[str, ...], mean: str, error: str, worst: str, label: str, words: tuple[str, str]
) -> str:
    """One of `LABORATORIES`."""
    columns = [pattern.format(name) for pattern in (worst, mean, error) for name in names]
    rows = [",".join([*(f"{(n * 7 + k) % 90}.5" for k in range(12)), words[n % 2]]) for n in range(60)]
    return "\n".join([",".join([*columns, label]), *rows])


def yes_or_no(header: str) -> str:
    """Ages, and yes and no under some name."""
    return f"age,{header}\n" + "30,ja\n40,nein\n" * 20


def castles() -> str:
    """A range of another unit that no name says, and a word that is no class."""
    lines = "".join(f"{9_000 * n},{('rent', 'own', 'castle')[n % 3]}\n" for n in range(1, 100))
    return f"incomes,home\n{lines}"


def denied() -> str:
    """A word that denies another."""
    return "outcome,age\n" + "not repaid,3\nrepaid,4\n" * 20


def birthdays() -> str:
    """Months that are not whole years."""
    return "age_months\n" + "\n".join(map(str, [240, 246, 258, 731, 732, 745, 500, 888] * 5)) + "\n"


def rivals() -> str:
    """Two columns that are as much alike, and a statistic that no name says."""
    return "\n".join(
        ["radius,area_a,area_b,colour", *(f"{n}.5,{n}.2,{n}.3,{'rg'[n % 2]}x" for n in range(60))]
    )


def unknown_words() -> str:
    """A label in words of its own."""
    return "\n".join(["diagnosis", *("G1" if n % 2 else "G2" for n in range(60))])


def millimetres() -> str:
    """A unit that a name says, and outliers beyond the clip."""
    return "\n".join(["perimeter (mm)", *(f"{8 + n * 1.7:.1f}" for n in range(60))])


PUMPS = wanted(
    {
        "bearing_temperature_c": number_field((20, 120)),
        "pressure_bar": number_field((0, 16)),
        "vibration_mm_s": number_field((0, 11)),
    },
    "failed", "no", "yes",
)  # fmt: skip


def pumps() -> str:
    """A works overseas: degrees Fahrenheit, pounds per square inch, inches per second."""
    rows = [f"{88 + place},{20 + place * 1.6},{0.01 + place / 300},{place % 2}" for place in range(120)]
    return "\n".join(["bearing_temp_f,pressure_psi,vibration_in_s,failed", *rows])


TABLES: Mapping[str, tuple[str, Wanted]] = {
    "a German bank": (bank(german=True), LOANS),
    "a bank with months": (bank(german=False), LOANS),
    "birthdays": (birthdays(), LOANS),
    "yes and no under the label's name": (yes_or_no("outcome"), LOANS),
    "yes and no under a class": (yes_or_no("Ausfall"), LOANS),
    "yes and no under a denied class": (yes_or_no("not repaid"), LOANS),
    "castles": (castles(), LOANS),
    "a word that is denied": (denied(), LOANS),
    **{f"laboratory {number}": (laboratory(*of), CELLS) for number, of in enumerate(LABORATORIES, 1)},
    "rivals": (rivals(), AREAS),
    "unknown words": (unknown_words(), DIAGNOSIS),
    "millimetres": (millimetres(), PERIMETERS),
    "pumps": (pumps(), PUMPS),
}
"""Each table with what is wanted of it."""
