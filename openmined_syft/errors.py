"""The base of every typed error of the project, and the errors of encrypted learning.

Each error names the thing, the value, and what would have been right; the text of a library underneath is
never passed on.
"""


class OpenMinedError(Exception):
    """Base of all errors raised on purpose by this project's packages."""


class SyftError(OpenMinedError):
    """Base of the errors of encrypted learning."""
