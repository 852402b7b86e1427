"""The manifest `deployments/<chain-id>.json`: what is written is read again, and nothing else is believed."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from pysonar.chain.contract.deployment import Deployment, DeploymentError, manifest_path, read_deployment

KNOWN = Deployment(
    chain_id=1337,
    address="0x0116686E2291dbd5e317F47faDBFb43B599786Ef",
    block=7,
    transaction="0x" + "ab" * 32,
    compiler="0.4.3",
    evm_version="cancun",
    integrity="cd" * 32,
    runtime_sha256="ef" * 32,
    layout={"storage_layout": {}},
)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = KNOWN.write(tmp_path / "deployments")

    assert path == manifest_path(tmp_path / "deployments", 1337)
    assert read_deployment(path) == KNOWN


def test_it_is_readable_by_everybody_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = KNOWN.write(tmp_path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_one_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="ape run deploy"):
        read_deployment(tmp_path / "1.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff", '"here"'])
def test_what_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "1.json"
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(DeploymentError, match="is not a deployment manifest"):
        read_deployment(path)


@pytest.mark.parametrize(
    ("field", "value"),
    [("chain_id", "1337"), ("address", None), ("block", 1.5), ("layout", []), ("compiler", 4)],
)
def test_a_field_of_the_wrong_type_is_named(tmp_path: Path, field: str, value: object) -> None:
    path = KNOWN.write(tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))

    with pytest.raises(DeploymentError, match=f"`{field}` is"):
        read_deployment(path)


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    path = KNOWN.write(tmp_path)
    data = json.loads(path.read_text())
    del data["block"]
    path.write_text(json.dumps(data))

    with pytest.raises(DeploymentError, match="`block` is None"):
        read_deployment(path)
