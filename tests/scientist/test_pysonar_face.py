"""What `import pysonar` offers, and what it does not load."""

from __future__ import annotations

import subprocess
import sys

import pysonar


def test_the_public_names_are_what_they_say() -> None:
    assert pysonar.__all__ == ["Campaign", "Estimator", "Plan", "Scientist"]
    for name in pysonar.__all__:
        assert getattr(pysonar, name).__name__ == name
        assert name in dir(pysonar)
        assert getattr(pysonar, name).__doc__
    assert not hasattr(pysonar, "campaign_of_nobody")


def test_importing_it_loads_nothing_heavy() -> None:
    code = "import sys, pysonar; sys.exit(any(name in sys.modules for name in ('web3', 'numpy', 'pyarrow')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
