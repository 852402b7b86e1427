"""What an operator is handed for the statistics service fits the service of today."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from typer.main import get_command

from sonar_web.api.limits import AtOnce
from sonar_web.api.metrics import Metrics
from sonar_web.cli import app
from sonar_web.index.indexer import Progress

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "deploy" / "statistics"
PAGE = (ROOT / "docs/run-statistics.md").read_text(encoding="utf-8")


def commands() -> list[list[str]]:
    """Every call of `sonar-web` on the page and in the unit, as words."""
    unit = (FILES / "sonar-web.service").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = re.findall(r"^sonar-web .*$", PAGE, re.MULTILINE)
    lines += [line.partition("bin/")[2] for line in unit.splitlines() if line.startswith("ExecStart=")]
    return [shlex.split(line) for line in lines]


def test_every_command_that_is_shown_has_only_options_that_there_are() -> None:
    group = get_command(app)
    shown = commands()
    assert len(shown) >= 4
    for _, name, *words in shown:
        command = group.commands[name]  # type: ignore[attr-defined] # a group has them
        options = [word for word in words if word.startswith("--")]
        known = {option for one in command.params for option in one.opts}
        assert set(options) <= known, (name, options)
        context = command.make_context(name, list(words), resilient_parsing=True)
        assert not context.args, (name, context.args)


def test_every_alert_is_about_a_number_that_is_served() -> None:
    metrics = Metrics(Progress(), AtOnce(1, 1))
    metrics.note(200, 0.1)
    served = set(re.findall(r"^(sonar_web_\w+)", metrics.text(), re.MULTILINE))
    for source in (PAGE, (FILES / "alerts.yml").read_text(encoding="utf-8")):
        named = set(re.findall(r"sonar_web_\w+", source))
        assert named
        for name in named:
            assert any(one.startswith(name) for one in served), name


def test_the_bounds_on_the_page_are_those_of_the_code() -> None:
    from sonar_web.api.app import REQUESTS_A_MINUTE, Serving
    from sonar_web.api.connections import Door

    door, serving = Door(), Serving()
    said = (
        f"`--requests-a-minute` ({REQUESTS_A_MINUTE}), {door.places.each} connections,"
        f" {serving.streams.each} streams of news, {serving.exports.each} exports,"
        f" {serving.uploads.each} uploads; in all {door.places.most} connections,"
        f" {serving.streams.most} streams, {serving.exports.most} exports"
    )
    assert said in " ".join(PAGE.split())
    assert (door.patience.head, door.patience.stalled) == (10, 60)


def test_the_proxy_forwards_no_word_of_strangers_for_who_asks() -> None:
    proxy = (FILES / "nginx.conf").read_text(encoding="utf-8")
    assert proxy.count("X-Forwarded-For $remote_addr;") == proxy.count("proxy_pass") == 2
    assert "proxy_buffering off;" in proxy
