"""The public artifacts that the chain names, fetched by hash and held against it and each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from openmined_syft.errors import OpenMinedError
from pysonar.chain.contract.events import CampaignOpened, Improved, LoggedEvent
from pysonar.chain.contract.types import CampaignRecord
from pysonar.protocol.artifacts import MAX_BYTES, ModelArtifact, PublicKeyArtifact, Spec
from pysonar.protocol.cid import Cid
from pysonar.scientist.auditing.check import Check, holds, same
from pysonar.store import NotFoundError, Reader


def audit_artifacts(
    record: CampaignRecord, history: Sequence[LoggedEvent], registered: frozenset[bytes], read: Reader
) -> Iterator[Check]:
    """Fetch what the chain names, by hash, and see that it fits together.

    Args:
        registered: the certificates that the campaign's Capsule has registered at any time.
    """
    opened = [logged.event for logged in history if isinstance(logged.event, CampaignOpened)]
    gains = [logged.event for logged in history if isinstance(logged.event, Improved)]
    cid = Cid.from_bytes32(record.terms.spec)
    try:
        spec = Spec.parse(read.get(cid, max_bytes=MAX_BYTES["spec"]), cid=cid)
    except OpenMinedError as error:
        yield Check("the spec", str(error), "is in the store and parses")
        return
    yield holds(
        "the certificate in the spec",
        spec.capsule_certificate.digest in registered,
        spec.capsule_certificate,
        "one that the campaign's Capsule has registered",
    )
    for event in opened:
        off, most = abs(event.start - spec.start_ppm), spec.start_tolerance_ppm
        yield holds("the start, off what the spec claims, in ppm", off <= most, off, f"at most {most}")
        yield from _models(spec, event, gains, read)


def _models(spec: Spec, opened: CampaignOpened, gains: Sequence[Improved], read: Reader) -> Iterator[Check]:
    cid = Cid.from_bytes32(opened.public_key)
    try:
        data = read.get(cid, max_bytes=MAX_BYTES["public_key"])
        fingerprint = PublicKeyArtifact.parse(data, cid=cid).key.fingerprint
    except NotFoundError:
        fingerprint = None  # nobody trains any more: it need not be kept
    except OpenMinedError as error:
        yield Check("the public key", str(error), "parses")
        return
    for version, digest in enumerate([opened.model, *(gain.model for gain in gains)]):
        what, name = f"version {version} of the model", Cid.from_bytes32(digest)
        try:
            data = read.get(name, max_bytes=MAX_BYTES["model"])
            model = ModelArtifact.parse(data, scheme=spec.scheme, cid=name).model
        except NotFoundError:
            continue  # versions before the last are kept only while the campaign runs
        except OpenMinedError as error:
            yield Check(what, str(error), "parses")
            continue
        yield same(f"the number in {what}", model.version, version)
        fingerprint = fingerprint or model.key_fingerprint
        yield same(f"the key of {what}", model.key_fingerprint.hex(), fingerprint.hex())
