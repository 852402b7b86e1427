"""Campaigns in every state, lived on a real chain over some days: what the pages are looked at with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Unpack

from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts import Algorithm, PrivacyFloor, Spec, Validation
from pysonar.protocol.cid import Cid
from pysonar.protocol.schema import (
    boolean_field,
    category_field,
    class_label,
    input_schema,
    integer_field,
    number_field,
    output_schema,
)
from pysonar.store.interface import Store
from tests.builders.specs import SpecChanges, spec_of
from tests.builders.terms import ETHER, OtherTerms
from tests.json_types import JsonObject
from tests.web.chain_story import DAY, HOUR, OfferedTerms, Story

STAKE, FEE = ETHER // 100, ETHER // 1000
DEPOSIT = STAKE + FEE
HOSTILE = "<script>alert(1)</script>\u202etxt.exe<img src=x onerror=alert(2)>" + "x" * 10_000

_IRIS = input_schema(
    {
        "sepal_length": number_field((3, 9), center=5.8, scale=0.8),
        "sepal_width": number_field((1, 6), center=3.0, scale=0.4),
        "petal_length": number_field((0, 8), center=3.8, scale=1.8),
        "petal_width": number_field((0, 4), center=1.2, scale=0.8),
    }
)
_FEVER = input_schema(
    {
        "age": integer_field((18, 100), center=55, scale=20),
        "temperature": number_field((34, 43), center=37, scale=1),
        "antibiotics": boolean_field(),
        "ward": category_field(["surgery", "cardiology", "intensive care"]),
    }
)


def asks_for(
    title: str,
    description: str,
    inputs: JsonObject,
    label: str,
    classes: list[str],
    /,
    **more: Unpack[SpecChanges],
) -> Spec:
    """A spec as a scientist writes it; the artifacts that it names are not there."""
    named = Cid.of_block(title.encode())
    usual = SpecChanges(
        title=title,
        description=description,
        input_schema=inputs,
        output_schema=output_schema(label, class_label(classes)),
        algorithm=Algorithm("one_vs_rest" if len(classes) > 2 else "logistic"),
        validation=Validation(named, named.digest, 240),
        capsule_certificate=named,
        scientist_certificate=named,
        key_bits=3072,
    )
    return spec_of(**(usual | more))


@dataclass
class Scene:
    """The campaigns by name, after `play`."""

    story: Story
    store: Store
    miners: list[KeyfileSigner]
    named: dict[str, str] = field(default_factory=dict)

    def play(self, crowd: int = 0) -> Scene:
        """Live them. `crowd`: how many more there are, all of them old."""
        for number in range(crowd):
            spec = asks_for(f"Crowd {number + 1}", "One of many.", _IRIS, "species", ["a", "b", "c"])
            self._create(f"crowd {number}", spec.to_bytes(), bounty=(number + 1) * ETHER // 10)
        self._fever()
        self._declined()
        self._iris()
        self._create("hostile", b'{"title": "%s"}' % HOSTILE.encode().replace(b"\\", b""), bounty=1)
        lost = Cid.of_block(b"a spec that nobody kept")
        self.named["lost"] = "0x" + self.story.create(bounty=3 * ETHER, spec=lost.digest).hex()
        waiting = asks_for(
            "Which calls to the helpline are urgent?",
            "Calls to a helpline, by length, time of day and words used. No recording leaves its owner.",
            _FEVER,
            "urgent",
            ["no", "yes"],
        )
        self._create("requested", waiting.to_bytes(), bounty=5 * ETHER, stake=ETHER // 100)
        return self

    def _create(self, name: str, spec: bytes, **terms: Unpack[OfferedTerms]) -> bytes:
        campaign = self.story.create(spec=self.store.put(spec).digest, **terms)
        self.named[name] = "0x" + campaign.hex()
        return campaign

    def _open(self, campaign: bytes, start: int) -> None:
        self._wait(2 * 60)
        call = self.story.sonar.calls.open_campaign(campaign, b"k" * 32, b"m" * 32, start)
        self.story.transact(self.story.node, self.story.capsule, call)

    def _wait(self, seconds: int) -> None:
        self.story.node.advance(seconds)

    def _round(self, campaign: bytes, who: int, verdict: Verdict, accuracy: int = 0) -> None:
        update = f"{campaign.hex()[:6]} {accuracy} {who}"
        self.story.submit(campaign, self.miners[who], update, DEPOSIT)
        self._wait(9 * 60)
        self.story.report(campaign, (self.miners[who], update, verdict, accuracy))

    def _fever(self) -> None:
        spec = asks_for(
            "Fever within a day of surgery",
            "Will a patient have a fever in the next 24 hours? From values that every ward writes down.",
            _FEVER,
            "fever",
            ["no", "yes"],
            privacy_floor=PrivacyFloor(3.0, 1e-6),
        )
        terms = OtherTerms(bounty=10 * ETHER, stake=STAKE, fee=FEE, max_start=600_000, min_gain=5_000)
        campaign = self._create("settled", spec.to_bytes(), **terms)
        self._open(campaign, 512_000)
        self._round(campaign, 0, Verdict.IMPROVED, 604_166)
        self._wait(3 * HOUR)
        self._round(campaign, 1, Verdict.NO_GAIN)
        self._wait(5 * HOUR)
        self._round(campaign, 1, Verdict.IMPROVED, 712_500)
        self._wait(4 * HOUR)
        self._round(campaign, 2, Verdict.UNAVAILABLE)
        self._round(campaign, 2, Verdict.IMPROVED, 800_000)
        self.story.finish(campaign)
        self._wait(DAY)

    def _declined(self) -> None:
        spec = asks_for("Cat or dog?", "Photos of pets.", _IRIS, "species", ["cat", "dog", "other"])
        campaign = self._create("declined", spec.to_bytes(), bounty=ETHER // 50)
        self._wait(HOUR)
        self.story.decline(
            campaign, "a bounty of 0.02 ETH is less than the 0.1 ETH that this Capsule works for"
        )
        self._wait(DAY)

    def _iris(self) -> None:
        spec = asks_for(
            "Irises of three botanical gardens",
            "Which iris is it? Sepals and petals, long and wide, in centimetres, as gardeners measure them.",
            _IRIS,
            "species",
            ["setosa", "versicolor", "virginica"],
        )
        terms = OtherTerms(bounty=2 * ETHER, stake=STAKE, fee=FEE, max_start=400_000, min_gain=10_000)
        campaign = self._create("open", spec.to_bytes(), submit_for=4 * DAY, **terms)
        self._open(campaign, 333_333)
        self._wait(2 * HOUR)
        self._round(campaign, 0, Verdict.IMPROVED, 454_166)
        self._wait(7 * HOUR)
        self._round(campaign, 1, Verdict.IMPROVED, 612_500)
        self._wait(HOUR)
        self._round(campaign, 0, Verdict.NO_GAIN)
        self._round(campaign, 2, Verdict.MALFORMED)
        self._wait(11 * HOUR)
        self._round(campaign, 1, Verdict.IMPROVED, 687_500)
        self._wait(5 * HOUR)
        for who in (0, 2):
            self.story.submit(campaign, self.miners[who], f"waiting {who}", DEPOSIT)
        self._wait(12 * 60)
