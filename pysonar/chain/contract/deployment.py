"""Where Sonar lives on a chain: the manifest `deployments/<chain-id>.json`, written once by the deploy script
and read by every agent.

It is not a trust anchor: whoever reads it still checks that the chain's id and the code at the address agree.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from openmined_syft.errors import OpenMinedError
from pysonar.chain.contract.versions import FIRST
from pysonar.files.documents import parse_json
from pysonar.files.secret_file import replace_file
from pysonar.files.text import UnreadableFileError, read_text

MAX_BYTES = 1024 * 1024


class DeploymentError(OpenMinedError):
    """A deployment manifest is missing or does not say what it must."""


@dataclass(frozen=True)
class Deployment:
    """One Sonar on one chain.

    Attributes:
        chain_id: of the chain it is on.
        address: checksummed address of the contract.
        block: number of the block that holds the creation; followers start there.
        transaction: hash of the creation, 0x-prefixed.
        compiler: version of vyper.
        evm_version: the rule set it was compiled for.
        integrity: vyper's digest over all sources and settings.
        runtime_sha256: of the compiled run-time code.
        layout: vyper's storage layout.
        version: of the contract; manifests from before the second do not say it.
    """

    chain_id: int
    address: str
    block: int
    transaction: str
    compiler: str
    evm_version: str
    integrity: str
    runtime_sha256: str
    layout: dict[str, Any]
    version: int = FIRST

    def write(self, folder: Path) -> Path:
        """Write `<folder>/<chain-id>.json` in one step, so that no reader ever sees half of it."""
        folder.mkdir(parents=True, exist_ok=True)
        path = manifest_path(folder, self.chain_id)
        text = json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"
        replace_file(path, text.encode(), mode=0o644)
        return path


def manifest_path(folder: Path, chain_id: int) -> Path:
    """The manifest of one chain inside a folder of manifests."""
    return folder / f"{chain_id}.json"


def read_deployment(path: Path) -> Deployment:
    """Read one manifest.

    Raises:
        DeploymentError: there is no such file, or it lacks a field, or a field has the wrong type.
    """
    try:
        data = parse_json(read_text(path, most_bytes=MAX_BYTES), str(path))
    except FileNotFoundError:
        raise DeploymentError(f"no deployment at {path}: run `ape run deploy` for that chain first") from None
    except UnreadableFileError as error:
        raise DeploymentError(f"{path} is not a deployment manifest: {error.why}") from None
    fields: dict[str, type] = {
        "chain_id": int,
        "address": str,
        "block": int,
        "transaction": str,
        "compiler": str,
        "evm_version": str,
        "integrity": str,
        "runtime_sha256": str,
        "layout": dict,
        "version": int,
    }
    data.setdefault("version", FIRST)
    for name, kind in fields.items():
        if not isinstance(data.get(name), kind):
            raise DeploymentError(
                f"{path}: `{name}` is {data.get(name)!r}, a value of type {kind.__name__} was expected"
            )
    return Deployment(**{name: data[name] for name in fields})
