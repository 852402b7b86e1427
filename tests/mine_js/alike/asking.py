"""One process of Mine.js that answers many questions of the tests."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from tests.json_types import Json, JsonObject
from tests.mine.mine_commands import NODE

Ask: TypeAlias = Callable[[JsonObject], Json]


@contextmanager
def asking(program: str) -> Iterator[Ask]:
    """`with asking("learn.mjs") as ask: ask(question)`; both are JSON documents on a line."""
    line = [
        str(NODE),
        "--disable-warning=ExperimentalWarning",
        str(Path(__file__).parent / "programs" / program),
    ]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked, answers = process.stdin, process.stdout

        def ask(question: JsonObject) -> Json:
            asked.write(json.dumps(question) + "\n")
            asked.flush()
            answer = answers.readline()
            assert answer, "Mine.js ended"
            found: Json = json.loads(answer)
            return found

        yield ask
        asked.close()
