"""What a Data Scientist wants: the model, how it is measured, and what is paid for it. Nothing here is on
chain yet.

`Plan` is checked as a whole at construction, amounts may be given as people write them. Its two halves
become the spec (an artifact) and the terms (in the contract) when the campaign is opened.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openmined_syft.models import ModelFamily
from openmined_syft.schemes import scheme_named
from openmined_syft.schemes.advice import advised_scheme
from pysonar.chain.address import require_address
from pysonar.chain.contract.tokens import ETHER, Asset
from pysonar.chain.errors import BadAddressError
from pysonar.protocol.amounts import AmountError, format_ppm, parse_ppm, parse_seconds
from pysonar.protocol.artifacts import DEFAULT_STEPS, WIDE_STEPS, Algorithm, FromCampaign, PrivacyFloor, Zeros
from pysonar.protocol.artifacts.parts.errors import ArtifactError
from pysonar.protocol.artifacts.spec.algorithm import check_size
from pysonar.protocol.artifacts.spec.least_gain import (
    LEAST_SPLIT,
    USUAL_GAIN,
    USUAL_GUIDES,
    usual_fee,
    usual_min_gain,
)
from pysonar.protocol.artifacts.spec.purposes import PURPOSES, UNSTATED
from pysonar.protocol.artifacts.spec.spec import MOST_EVALUATIONS
from pysonar.protocol.cid import Cid
from pysonar.protocol.schema import ProfileError, Schema
from pysonar.scientist.errors import PlanError

SOURCE = "the plan"
DAY = 86_400
HOUR = 3_600
MOST_WEI = (1 << 96) - 1  # what the contract packs
DEFAULT_STAKE = 10**16  # of campaigns in ether, wei
UNSAID = -(1 << 128)
MOST_PENDING = (1 << 24) - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """One campaign as it is wanted.

    Attributes:
        title, description: for miners to read.
        input_schema, output_schema: documents of `pysonar.protocol.schema`, as its `input_schema(...)` and
            `output_schema(...)` make them.
        algorithm: family, rule and parameters; the family's name alone, such as "logistic", leaves the rest
            at its defaults.
        capsule: the address of the Capsule that shall judge.
        bounty: wei, or text such as "10 ETH"; of a token its smallest unit, or text such as "10 USDC".
        asset: what bounty, stake and fee are paid in: ether, or the token that `Scientist.asset` gives.
        target: accuracy that earns the whole bounty; ppm, or text such as "90 %".
        min_gain: smallest increase that is paid, ppm; unsaid, it follows from the number of validation
            records (`for_rows`), so that luck does not pay.
        stake, fee: of each submission, wei. The stake comes back unless the submission was unusable, the fee
            goes to Capsule; unsaid and in ether, it is 0.2 % of the bounty and 0.001 at least.
        guiding_share: share of the validation records, ppm or text such as "50 %", that guides the search for
            the step and is not paid for; the others decide. 0: all do both. Unsaid, as `min_gain` is: half of
            100 records or more, none of fewer (docs/noise-mining.md).
        evaluations: how many submissions are measured; those behind them gain nothing. 0: any number.
        submit_for, review_for: how long miners may submit, and Capsule may review after that; seconds.
        max_pending: submissions that may wait for a verdict.
        pay_by_gap: divide by (target - start) instead of by the target: pays the whole bounty at the target.
        metric: by default the family's.
        start: accuracy of the initial model, ppm; None: measured on the validation records. It must be given
            if the model continues an earlier campaign.
        start_tolerance: how far Capsule's measure may be from it, ppm.
        steps: what a gradient may be multiplied with; unsaid up to 2, for the metric "log_loss" up to 8.
        key_bits: 2048, 3072 (default) or 4096; 8192 for scheme "rlwe", 16384 for a network.
        weight_bound: largest absolute weight.
        difference_norm: a longer gradient is scaled down to it.
        initial: Zeros(), FromCampaign(id), or a matrix of weights, which will be sealed to Capsule.
        purpose: what the model is for, one of `pysonar.protocol.artifacts.spec.purposes.PURPOSES`; data
            owners may have rules about it.
        privacy_floor, auditor_certificate: see `pysonar.protocol.artifacts.Spec`.

    Raises:
        PlanError: naming the field.
    """

    title: str
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any]
    algorithm: Algorithm
    capsule: str
    bounty: int
    target: int
    asset: Asset = ETHER
    description: str = ""
    min_gain: int = UNSAID
    stake: int = UNSAID
    fee: int = UNSAID
    submit_for: int = 7 * DAY
    review_for: int = 2 * DAY
    max_pending: int = 32
    guiding_share: int = UNSAID
    evaluations: int = 0
    pay_by_gap: bool = False
    metric: str = ""
    start: int | None = None
    start_tolerance: int = 10_000
    steps: tuple[float, ...] = ()
    key_bits: int = 0
    weight_bound: float = 8.0
    difference_norm: float = 1000.0
    initial: Zeros | FromCampaign | NDArray[np.float64] = field(default_factory=Zeros)
    privacy_floor: PrivacyFloor | None = None
    auditor_certificate: Cid | None = None
    purpose: str = UNSTATED
    gain_by_rows: bool = field(default=False, init=False)
    guides_by_rows: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        if isinstance(self.algorithm, str):
            object.__setattr__(self, "algorithm", _algorithm_named(self.algorithm))
        if not isinstance(self.asset, Asset):
            raise PlanError(SOURCE, "asset", self.asset, "ETHER, or what `Scientist.asset(address)` gives")
        self._convert("bounty", self.asset.parse)
        fee = usual_fee(self.bounty if isinstance(self.bounty, int) else 0)
        for name, in_ether in (("stake", DEFAULT_STAKE), ("fee", fee)):
            if getattr(self, name) == UNSAID:
                if not self.asset.is_ether:  # what is little of one token is a fortune of another
                    raise PlanError(SOURCE, name, None, f"an amount of {self.asset.symbol}; '0' for none")
                object.__setattr__(self, name, in_ether)
        for name in ("stake", "fee"):
            self._convert(name, self.asset.parse)
        if self.min_gain == UNSAID:
            object.__setattr__(self, "gain_by_rows", True)
            object.__setattr__(self, "min_gain", USUAL_GAIN)
        if self.guiding_share == UNSAID:
            # Whoever says the smallest gain has a guard of their own.
            object.__setattr__(self, "guides_by_rows", self.gain_by_rows)
            object.__setattr__(self, "guiding_share", 0)
        for name in ("target", "min_gain", "start", "start_tolerance", "guiding_share"):
            self._convert(name, parse_ppm)
        for name in ("submit_for", "review_for"):
            self._convert(name, parse_seconds)
        try:
            object.__setattr__(self, "capsule", require_address("capsule", self.capsule))
        except BadAddressError:
            raise PlanError(
                SOURCE, "capsule", self.capsule, "an address: 0x and 40 hexadecimal digits"
            ) from None
        if not self.key_bits:
            object.__setattr__(self, "key_bits", scheme_named(self.algorithm.scheme).key_sizes[0])
        if not self.metric:
            object.__setattr__(self, "metric", "r2" if self.schema.classes is None else "accuracy")
        if not self.steps:
            object.__setattr__(self, "steps", WIDE_STEPS if self.metric == "log_loss" else DEFAULT_STEPS)
        for name, least, most in (
            ("bounty", 1, MOST_WEI), ("stake", 0, MOST_WEI), ("fee", 0, MOST_WEI),
            ("target", 1, 1_000_000), ("min_gain", 1, self.target),
            ("submit_for", 1, 365 * DAY), ("review_for", HOUR, 30 * DAY),
            ("max_pending", 1, MOST_PENDING), ("start_tolerance", 0, 1_000_000),
            ("guiding_share", 0, 900_000), ("evaluations", 0, MOST_EVALUATIONS),
        ):  # fmt: skip
            self._require_range(name, least, most)
        for name in ("weight_bound", "difference_norm"):
            self._require_positive(name)
        if self.purpose not in PURPOSES:
            raise PlanError(SOURCE, "purpose", self.purpose, f"one of {', '.join(PURPOSES)}")
        if not isinstance(self.pay_by_gap, bool):
            raise PlanError(SOURCE, "pay_by_gap", self.pay_by_gap, "true or false")
        if self.start is None and isinstance(self.initial, FromCampaign):
            raise PlanError(SOURCE, "start", None, "the accuracy of the earlier campaign's model, as '85 %'")
        sizes = scheme_named(self.algorithm.scheme).key_sizes
        if self.key_bits not in sizes:
            expected = f"one of {', '.join(map(str, sorted(sizes)))}, for scheme {self.algorithm.scheme}"
            raise PlanError(SOURCE, "key_bits", self.key_bits, expected)
        family = self.family  # schema and algorithm must fit each other
        try:
            check_size(self.algorithm, self.schema, self.key_bits, self.weight_bound)
        except ArtifactError as error:
            raise PlanError(SOURCE, error.field, str(error.value), error.expected) from None
        if isinstance(self.initial, np.ndarray):
            self._check_weights(self.initial)
        elif isinstance(self.initial, Zeros):
            self._check_weights(family.initial_weights())  # a network's are not zeros

    @classmethod
    def load(cls, path: str | Path) -> Plan:
        """The plan of a TOML or JSON file; see `pysonar.scientist.planning.plan_file`. PlanError."""
        from pysonar.scientist.planning.plan_file import read_plan

        return read_plan(Path(path).expanduser())

    @cached_property
    def schema(self) -> Schema:
        """How records become numbers."""
        try:
            return Schema(self.input_schema, self.output_schema)
        except ProfileError as error:
            raise PlanError(SOURCE, error.path or "the schema", error.value, error.expected) from None

    @cached_property
    def family(self) -> ModelFamily:
        """The model family, sized for the schema; a feature map is drawn anew when the campaign has its
        id.
        """
        try:
            return self.algorithm.build(self.schema)
        except ArtifactError as error:
            raise PlanError(SOURCE, error.field, str(error.value), error.expected) from None

    @cached_property
    def advice(self) -> str:
        """Which scheme the model would be better off with; empty if it is the one that was chosen."""
        advised = advised_scheme(self.family, self.key_bits, self.weight_bound)
        if advised == self.algorithm.scheme:
            return ""
        rows, columns = self.family.weights_shape
        why = {
            "rlwe": "a mine's visit takes a fraction of the time, for some ten times the bytes",
            "paillier": "a visit is quick under it, less travels, and it is what reviewers know",
        }[advised]
        return (
            f'a model of {rows - 1} inputs x {columns} is better off with scheme = "{advised}": {why}; '
            f"see: openmined-syft estimate --features {rows - 1} --classes {columns}"
        )

    def for_rows(self, rows: int) -> Plan:
        """The plan with the guards that this many validation records need against luck, unless it says some
        itself: the smallest paid gain, no more than an eighth of the target, and a split.
        """
        if not self.gain_by_rows:
            return self
        share = USUAL_GUIDES if self.guides_by_rows and rows >= LEAST_SPLIT else self.guiding_share
        split = replace(self, guiding_share=share)
        guarded = replace(split, min_gain=usual_min_gain(rows, split.guiding_rows(rows), self.target))
        object.__setattr__(guarded, "gain_by_rows", True)  # still nobody's own word
        return guarded

    def guiding_rows(self, rows: int) -> int:
        """How many of this many validation records guide the search.

        Raises PlanError: none would be left on one side.
        """
        count = rows * self.guiding_share // 1_000_000
        if self.guiding_share and not 0 < count < rows:
            expected = f"a share that leaves records on both sides of {rows}, or 0"
            raise PlanError(SOURCE, "guiding_share", format_ppm(self.guiding_share), expected)
        return count

    def as_mapping(self) -> dict[str, Any]:
        """Plain values, the same for the same plan: what the request's digest is made of."""
        initial: Any = {"kind": "zeros"}
        if isinstance(self.initial, FromCampaign):
            initial = {"kind": "campaign", "campaign": self.initial.campaign.hex()}
        elif isinstance(self.initial, np.ndarray):
            initial = {"kind": "weights", "weights": self.initial.tolist()}
        floor, auditor = self.privacy_floor, self.auditor_certificate
        plain = (
            "title", "description", "input_schema", "output_schema", "capsule", "target", "min_gain",
            "submit_for", "review_for", "max_pending", "pay_by_gap", "metric", "start", "start_tolerance",
            "key_bits", "weight_bound", "difference_norm",
        )  # fmt: skip
        token = {} if self.asset.is_ether else {"asset": self.asset.address}
        purpose = {} if self.purpose == UNSTATED else {"purpose": self.purpose}
        guards = {name: getattr(self, name) for name in ("guiding_share", "evaluations")}
        return (
            {name: getattr(self, name) for name in plain}
            | token
            | purpose
            | {name: value for name, value in guards.items() if value}
            | {
                "algorithm": self.algorithm.as_mapping(),
                "bounty": str(self.bounty),
                "stake": str(self.stake),
                "fee": str(self.fee),
                "steps": list(self.steps),
                "initial": initial,
                "privacy_floor": None if floor is None else [floor.epsilon, floor.delta],
                "auditor": None if auditor is None else str(auditor),
            }
        )

    def _check_weights(self, weights: NDArray[np.float64]) -> None:
        shape = self.family.weights_shape
        if weights.shape != shape:
            raise PlanError(SOURCE, "initial", f"of shape {weights.shape}", f"shape {shape}")
        if not np.isfinite(weights).all() or float(np.abs(weights).max()) > self.weight_bound:
            expected = f"finite weights of at most {self.weight_bound:g} (weight_bound)"
            raise PlanError(SOURCE, "initial", "beyond the bound", expected)

    def _convert(self, name: str, parse: Callable[[str], int]) -> None:
        value = getattr(self, name)
        if isinstance(value, str):
            try:
                object.__setattr__(self, name, parse(value))
            except AmountError as error:
                raise PlanError(SOURCE, name, value, error.expected) from None

    def _require_positive(self, name: str) -> None:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise PlanError(SOURCE, name, value, "a finite number above 0")

    def _require_range(self, name: str, least: int, most: int) -> None:
        value = getattr(self, name)
        if type(value) is not int or not least <= value <= most:
            raise PlanError(SOURCE, name, value, f"{least} to {most}")


def _algorithm_named(family: str) -> Algorithm:
    try:
        return Algorithm(family)
    except ArtifactError as error:
        raise PlanError(SOURCE, "algorithm", family, error.expected) from None
