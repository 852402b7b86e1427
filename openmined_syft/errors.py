"""The base of every typed error of the project, and the errors of encrypted learning.

Each error names the thing, the value, and what would have been right; the text of a library underneath is
never passed on.
"""


class OpenMinedError(Exception):
    """Base of all errors raised on purpose by this project's packages."""


class SyftError(OpenMinedError):
    """Base of the errors of encrypted learning."""


class KeySizeError(SyftError):
    """A key is shorter or longer than what is accepted."""


class KeyMismatchError(SyftError):
    """Something was made for another key."""


class KeyFormError(SyftError):
    """Numbers that are not a Paillier key: even, prime, a power, with a small factor, or factors that do not
    fit.
    """


class ShapeError(SyftError):
    """An array, a list or a table does not have the shape that is needed."""


class ScaleError(SyftError):
    """A fixed-point scale is out of range or differs from the model's."""


class LayoutError(SyftError):
    """A packing layout is impossible for the key or differs from the model's."""


class BoundError(SyftError):
    """A value is, or could become, larger than the place kept for it."""


class UnseenBoundError(BoundError):
    """A result is too large for the place kept for it, and whoever computed it under encryption could not see
    that.
    """


class NotFiniteError(SyftError):
    """A number is NaN or infinite."""


class CiphertextError(SyftError):
    """An integer is not a valid ciphertext under the key."""


class FieldError(SyftError):
    """A field of a wire format is missing, unknown, of a wrong type or out of range."""


class FormError(SyftError):
    """A part of a key or a model is not what it has to be.

    Attributes:
        field, value, expected: which part, what it is, what would have been right.
    """

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(f"{field} is {value}; needs {expected}")
        self.field, self.value, self.expected = field, value, expected


class SizeError(SyftError):
    """A model is larger than an encryption scheme carries.

    Attributes:
        scheme: its name.
        shape: (d, k) of the weights, the bias counted.
        largest: the largest shape with that many outputs that works; 0 rows if none does.
    """

    def __init__(self, scheme: str, shape: tuple[int, int], largest: tuple[int, int]) -> None:
        inputs = largest[0] - 1
        works = f"{inputs} x {largest[1]} is the largest that works" if inputs > 0 else "choose fewer outputs"
        super().__init__(
            f"a model of {shape[0] - 1} inputs x {shape[1]} outputs is too large for {scheme}: {works}"
        )
        self.scheme, self.shape, self.largest = scheme, shape, largest


class ParameterError(SyftError):
    """A parameter of a model family, a rule or a metric is unknown or out of range."""


class LabelError(SyftError):
    """A label or a target is not one of the values that the model family learns from."""


class KernelError(SyftError):
    """An arithmetic kernel is unknown, or cannot work on this machine."""


class NoSuchKernelHereError(KernelError):
    """This machine lacks a package or an instruction that the kernel needs: nothing is wrong."""


class PrivacyError(SyftError):
    """Something about the protection of records is out of range or impossible: a price, a delta, a clip."""
