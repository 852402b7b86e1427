"""`python -m openmined_syft` is the command `openmined-syft`."""

from openmined_syft.cli import app

app(prog_name="openmined-syft")
