"""SPEC.md is made of sentences that are tested: each is the name of a test."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def sentences() -> list[str]:
    return re.findall(r"^\* (.+)\.$", (ROOT / "SPEC.md").read_text(encoding="utf-8"), re.MULTILINE)


def name_of_test(sentence: str) -> str:
    words = re.sub(r"[^a-z0-9]+", " ", sentence.lower()).split()
    return "_".join(["test", *words])


def written() -> set[str]:
    pages = [*ROOT.glob("tests/contracts/**/test_sonar_*.py"), *ROOT.glob("tests/stateful/test_sonar_*.py")]
    found = [
        name for page in pages for name in re.findall(r"^def (test_\w+)\(", page.read_text(), re.MULTILINE)
    ]
    return set(found)


def test_every_sentence_of_the_spec_is_the_name_of_a_test() -> None:
    assert len(sentences()) > 100
    assert [sentence for sentence in sentences() if name_of_test(sentence) not in written()] == []


def test_no_sentence_of_the_spec_is_written_twice() -> None:
    assert sorted(set(sentences())) == sorted(sentences())
