"""The Data Scientist's side: what a campaign asks, opening it without losing or doubling the bounty,
following it, and opening what Capsule delivers.

`pysonar.scientist.campaign` is the front door to this package; the `sonar` command line is in
`pysonar.scientist.cli`.
"""
