"""Where a mine's data can come from: one small class per kind of source, found by entry point.

An adapter turns a location and the owner's options into a `pysonar.tables.Source`. Another package adds a
kind of its own with an entry point in the group `openmined.adapters`; see `interface`.
"""

from mine_agent.data.adapters.interface import Adapter
from mine_agent.data.adapters.registry import adapter_for, adapter_named, kinds

__all__ = ["Adapter", "adapter_for", "adapter_named", "kinds"]
