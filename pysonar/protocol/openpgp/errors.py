"""What can be wrong with a sealed message, a certificate or a secret key file.

No text here comes from the library underneath, and none contains a secret, a passphrase or a piece of
plaintext.
"""

from datetime import UTC, datetime

from openmined_syft.errors import OpenMinedError


class SealError(OpenMinedError):
    """Base of everything that can go wrong with OpenPGP."""


class NotOpenPGPError(SealError):
    """The bytes are not an encrypted binary OpenPGP message (or not a signature, where one was expected)."""


class NotForThisKeyError(SealError):
    """The message is sealed to somebody else."""


class TamperedError(SealError):
    """The message is for this key, but its bytes were changed or cut off on the way."""


class ExpandingMessageError(SealError):
    """The message would open to more bytes than it has itself: it is compressed, which no message here ever
    is.
    """


class WrongSignerError(SealError):
    """The message is unsigned, or signed by somebody other than the expected signer."""


class CertificateError(SealError):
    """The bytes are not one valid public certificate that can be sealed to."""


class SecretFileError(SealError):
    """A secret key file is missing, already there, or not of the expected form."""


class WrongKeyPassphraseError(SealError):
    """The passphrase does not open the secret key file."""


class ClockBehindError(SealError):
    """By this machine's clock, a key or a seal was made in the future. Nothing is wrong with either: it will
    do as soon as the clock is past that time: agents wait. `since` and `now`: seconds since 1970.

    The text stays the same while the clock goes on, so whoever says a thing once says this once.
    """

    def __init__(self, what: str, since: float, now: float) -> None:
        self.seconds = since - now
        at = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        super().__init__(
            f"this machine's clock is behind {what}, of {at}. Nothing is damaged: compare that time with"
            " `date -u`, set the clock, or wait (or the clock of whoever made it was ahead)"
        )
