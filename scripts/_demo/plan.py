"""What the demo's Data Scientist wants, as the plan file that `sonar campaign create` reads."""

import json
from pathlib import Path

from scripts._demo.data import CENTER, LABEL, PIXELS, SCALE

NAME = "digits"
TARGET = "90 %"


def write_plan(path: Path, *, capsule: str) -> None:
    """Write the plan: ten classes, one against the rest; 50 steps at each mine; 10 ETH for 90 %."""
    path.write_text(
        f"""title = "Handwritten digits"
description = "8 x 8 pixels of grey, 0 to 16; which digit is it?"
family = "one_vs_rest"
capsule = "{capsule}"

bounty = "10 ETH"
target = "{TARGET}"
min_gain = "0.5 %"
stake = "0.01 ETH"
fee = "0.001 ETH"
submit_for = "3m"
review_for = "2m"
key_bits = 2048

[rule]
steps = 50

[label]
name = "{LABEL}"
classes = {json.dumps(list(range(10)))}

[[fields]]
names = {json.dumps(PIXELS)}
kind = "number"
clip = [0, 16]
center = {CENTER}
scale = {SCALE}
""",
        encoding="utf-8",
    )
