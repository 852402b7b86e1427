"""What somebody does who creates a campaign in the browser, and the homes of those who play along."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from tests.builders.terms import ETHER
from tests.web.browser.conftest import Site

PASSPHRASE = "correct horse battery staple"
ENVIRONMENT = os.environ | {"OPENMINED_PASSPHRASE": "only for tests"}


def program(name: str) -> str:
    """A command of this environment."""
    return str(Path(sys.executable).parent / name)


def make_home(site: Site, role: str, home: Path, *more: str) -> str:
    """A home on the site's chain and store for a role's command, its account funded; its address."""
    story = site.scene.story
    place = ["--contract", story.sonar.address, "--rpc", site.node.url, "--confirmations", "0"]
    where = ["--store", f"embedded:{site.store_path}", "--poll-seconds", "0.3", "--home", str(home)]
    command = [program(role), "init", *place, *where, *more, "--format", "json"]
    told = subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True, text=True)
    address: str = json.loads(told.stdout)["address"]
    site.node.rpc("anvil_setBalance", address, hex(10 * ETHER))
    return address


def write_records(path: Path, *, rows: int, seed: int) -> Path:
    """Irises by petals that tell them apart well."""
    draw = np.random.default_rng(seed)
    lines = ["petal_length,petal_width,greenhouse,species"]
    for number in range(rows):
        kind = number % 3
        size = (1.4, 4.3, 5.6)[kind] + draw.normal() * 0.4
        name = ("setosa", "versicolor", "virginica")[kind]
        lines.append(f"{size:.2f},{size / 3:.2f},{'true' if number % 2 else 'false'},{name}")
    path.write_text("\n".join(lines) + "\n")
    return path


def fill(page: Page, records: Path, capsule: str, **more: str) -> None:
    """Everything but the key, as somebody does who follows the page."""
    page.get_by_label("Title").fill(more.get("title", "Irises, from a browser"))
    page.get_by_label("Description").fill("Petals in centimetres.")
    page.get_by_label("Validation records (CSV)").set_input_files(records)
    page.get_by_text("300 records, 4 columns").wait_for()
    page.get_by_label("Bounty (ETH)").fill(more.get("bounty", "1.5"))
    page.get_by_label("Target (%)").fill(more.get("target", "90"))
    page.get_by_role("combobox", name="Capsule").select_option(capsule)
    page.get_by_text("More settings").click()
    page.get_by_label("Size of the key").select_option("2048")


def make_key(page: Page, folder: Path) -> Path:
    """The scientist's key; the file as it was downloaded."""
    page.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
    page.get_by_label("Passphrase again").fill(PASSPHRASE)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Make the key and save it").click()
    path = folder / "key.asc"
    waiting.value.save_as(path)
    return path
