"""A campaign rehearsed in plain numbers before anything is paid, and what was found."""

from pysonar.scientist.planning.rehearsal.findings import A_LITTLE_MORE, Rehearsal
from pysonar.scientist.planning.rehearsal.paying import paid
from pysonar.scientist.planning.rehearsal.playing import MOST_ROWS, encoded, plain_campaign, rehearse

__all__ = ["A_LITTLE_MORE", "MOST_ROWS", "Rehearsal", "encoded", "paid", "plain_campaign", "rehearse"]
