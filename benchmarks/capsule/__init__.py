"""How much work one Capsule does, and whether it grows: `make bench-capsule` writes benchmarks/CAPSULE.md.

A real chain (anvil), real keys, real seals, a real store and Capsule's own agent, in a process of its own for
each measurement.
"""
