"""Units that people write into the names of columns, and the factor from one to another."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from mine_agent.data.vocabulary import meanings, tokens

_TIME = {"year": 1.0, "month": 1 / 12, "week": 7 / 365.25, "day": 1 / 365.25, "hour": 1 / 8766}
_UNITS: dict[str, dict[str, float]] = {
    # The first is what a name without a unit most likely means.
    "length": {"m": 1.0, "cm": 0.01, "mm": 0.001, "km": 1000.0, "inch": 0.0254, "ft": 0.3048},
    "mass": {"kg": 1.0, "g": 0.001, "mg": 1e-6, "t": 1000.0, "lb": 0.45359237, "oz": 0.028349523125},
    "time": _TIME,
    "money": {"eur": 1.0, "teur": 1000.0, "mio": 1e6, "ct": 0.01},
    "share": {"share": 1.0, "percent": 0.01},
    "pressure": {"bar": 1.0, "kpa": 0.01, "mbar": 0.001, "pa": 1e-5, "mpa": 10.0, "psi": 0.0689475729},
    "speed": {"m/s": 1.0, "mm/s": 0.001, "cm/s": 0.01, "km/h": 1 / 3.6, "in/s": 0.0254, "ft/s": 0.3048},
}
_IMPERIAL = {"inch", "ft", "lb", "oz", "psi", "in/s", "ft/s"}  # the last of their dimension
_DEGREES = {"c": "C", "celsius": "C", "f": "F", "fahrenheit": "F", "k": "K", "kelvin": "K"}
_BY_OFFSET = {
    "FC": ("0.5555555556", "-17.7777777778"), "CF": ("1.8", "32.0"), "KC": ("1.0", "-273.15"),
    "CK": ("1.0", "273.15"), "FK": ("0.5555555556", "255.3722222222"), "KF": ("1.8", "-459.67"),
}  # fmt: skip
_SPELT = {
    "meter": "m", "metre": "m", "zentimeter": "cm", "centimetre": "cm", "centimeter": "cm",
    "zoll": "inch", "in": "inch", "inches": "inch", "feet": "ft", "foot": "ft", "millimeter": "mm",
    "kilometer": "km", "gramm": "g", "gram": "g", "kilo": "kg", "kilogramm": "kg", "lbs": "lb",
    "pound": "lb", "pounds": "lb", "euro": "eur", "euros": "eur", "usd": "eur", "chf": "eur",
    "gbp": "eur", "dollar": "eur", "dollars": "eur", "€": "eur", "$": "eur", "£": "eur", "keur": "teur",
    "kusd": "teur", "tusd": "teur", "tchf": "teur", "kchf": "teur", "t€": "teur", "k€": "teur",
    "k$": "teur", "tsd": "teur", "thousand": "teur", "thousands": "teur", "tausend": "teur",
    "k": "teur", "meur": "mio", "m€": "mio", "million": "mio", "millions": "mio", "millionen": "mio",
    "cent": "ct", "cents": "ct", "%": "percent", "prozent": "percent", "pct": "percent",
    "ratio": "share", "yr": "year", "yrs": "year", "mo": "month", "h": "hour", "d": "day",
    "hpa": "mbar", "kmh": "km/h",
}  # fmt: skip
_NO_SUFFIX = ("in", "t", "d", "h", "k", "g")  # words or letters of their own, unless in brackets


@dataclass(frozen=True)
class Unit:
    """`size` of the dimension's first unit; `word`: as the owner wrote it."""

    dimension: str
    size: float
    word: str

    @property
    def unusual(self) -> int:
        """How many of the dimension's last units a metric one is seldom turned into."""
        own = _SPELT.get(self.word.casefold(), self.word.casefold())
        return 0 if own in _IMPERIAL else len(_IMPERIAL & set(_UNITS[self.dimension]))

    def factors(self, other: Unit | None) -> list[float]:
        """Into the other unit; or, if that is not named, into each of the dimension, the likeliest first."""
        if other is not None:
            return [_ratio(self.size, other.size)] if other.dimension == self.dimension else []
        return [_ratio(self.size, size) for size in _UNITS[self.dimension].values()]


def unit_in(name: str) -> Unit | None:
    """The unit that a name ends with or has in brackets; a span of time also elsewhere in it."""
    for bracketed in re.findall(r"[(\[](.*?)[)\]]", name):
        for word in _with_pairs(_words(bracketed)):
            found = _unit(word)
            if found is not None:
                return found
    words = tokens(re.sub(r"[(\[].*?[)\]]", "", name))
    if len(words) > 2:
        found = _unit("/".join(words[-2:]))
        if found is not None:
            return found
    if len(words) > 1 and words[-1] not in _NO_SUFFIX:
        found = _unit(words[-1])
        if found is not None:
            return found
    spans = [span for span in _TIME if span in meanings(name)]
    return Unit("time", _TIME[spans[0]], f"{spans[0]}s") if len(spans) == 1 else None


def other_degrees(wanted: str, column: str) -> str | None:
    """Where both names say how they measure a temperature, and not alike, what the owner should write: such a
    scale begins elsewhere, so that a factor alone does not do.
    """
    theirs, own = _degrees(wanted), _degrees(column)
    if theirs is None or own is None or theirs == own:
        return None
    factor, offset = _BY_OFFSET[own + theirs]
    return (
        f"it is in {own}, the campaign's in {theirs}: write factor = {factor} and offset = {offset} into the"
        " mapping"
    )


def _degrees(name: str) -> str | None:
    words = tokens(name)
    warm = any(word.startswith("temp") or "temperatur" in word for word in words[:-1])
    return _DEGREES.get(words[-1]) if warm else None


def _with_pairs(words: list[str]) -> list[str]:
    """Pairs first: millimetres in each second are no millimetres."""
    return ["/".join(words[at : at + 2]) for at in range(len(words) - 1)] + words


def _words(text: str) -> list[str]:
    words = re.split(r"[\s,;/.]+", unicodedata.normalize("NFC", text))
    return [word for word in words if word and (word != "in" or len(words) == 1)]


def _unit(word: str) -> Unit | None:
    spelt = _SPELT.get(word.casefold(), word.casefold())
    if "/" in spelt and spelt not in _UNITS["speed"]:
        return None
    for dimension, sizes in _UNITS.items():
        if spelt in sizes:
            return Unit(dimension, sizes[spelt], word)
    spans = meanings(word) & set(_TIME)
    return Unit("time", _TIME[min(spans)], word) if len(spans) == 1 else None


def _ratio(one: float, other: float) -> float:
    """Their quotient without the noise of the last digits, if it is a short number."""
    exact = one / other
    short = float(f"{exact:.8g}")
    return short if abs(short - exact) <= 1e-12 * exact else exact
