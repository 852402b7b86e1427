"""Which campaigns are played: with the defaults, and with what a plan may say instead."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.studies.without_data.campaigns import Kind
from benchmarks.studies.without_data.tables import (
    breast_cancer,
    diabetes,
    digits,
    irises,
    one_digit,
    rare_illness,
)
from pysonar.protocol.artifacts import WIDE_STEPS

_DIGITS = Kind(table=digits(), rows=360, mine_rows=359)
_CANCER = Kind(table=breast_cancer(), rows=200, mine_rows=120)
_ONE_DIGIT = Kind(table=one_digit(), rows=400, mine_rows=400, metric="auc", steps=30)
_ILLNESS = Kind(table=rare_illness(), rows=200, mine_rows=65, metric="auc")
_DIABETES = Kind(table=diabetes(), rows=200, mine_rows=80, metric="r2")
_LOSS = replace(_DIGITS, metric="log_loss")

BY_DEFAULT = {
    "digits, 360 records": _DIGITS,
    "digits, 140": replace(_DIGITS, rows=140),
    "digits, 100": replace(_DIGITS, rows=100),
    "breast cancer, 200": _CANCER,
    "breast cancer, 100": replace(_CANCER, rows=100),
    "a rare illness, AUC, 200": _ILLNESS,
    "one digit of ten, AUC, 400 (drafted: 30 steps)": _ONE_DIGIT,
    "diabetes, R2, 200, mines of 80": _DIABETES,
    "digits, log-loss, 360": replace(_LOSS, search=WIDE_STEPS),
}

OVERRIDDEN = {
    "digits, 3 steps a visit": replace(_DIGITS, steps=3),
    "digits, 140, no split": replace(_DIGITS, rows=140, split=False),
    "digits, a target of 95 %": replace(_DIGITS, target=950_000),
    "digits, log-loss, `steps` up to 2, paid by a target of 60 %": replace(
        _LOSS, target=600_000, by_gap=False
    ),
    "one digit of ten, AUC, 8 steps": replace(_ONE_DIGIT, steps=8),
    "one digit of ten, balanced accuracy, 100 steps": replace(
        _ONE_DIGIT, metric="balanced_accuracy", steps=100
    ),
    "a rare illness, balanced accuracy, 100 steps": replace(_ILLNESS, metric="balanced_accuracy", steps=100),
    "a rare illness, macro-F1, 100 steps": replace(_ILLNESS, metric="macro_f1", steps=100),
    "a rare illness, accuracy": replace(_ILLNESS, metric="accuracy"),
    "diabetes, absolute error, 200, mines of 80": replace(_DIABETES, metric="absolute_error"),
    "digits, 40": replace(_DIGITS, rows=40),
    "irises, 50, mines of 33": Kind(table=irises(), rows=50, mine_rows=33),
}
