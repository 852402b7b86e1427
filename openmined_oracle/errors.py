"""What can go wrong inside Capsule, as types.

Two of these end up on chain: a `DeclinedError` as the public reason of a declined campaign, a
`MalformedSubmissionError` as the verdict MALFORMED. Their words differ on purpose: a decline is read by
everybody and is taken from a closed list, a malformed submission's reason is read by the scientist alone.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from openmined_syft.errors import OpenMinedError


class OracleError(OpenMinedError):
    """Capsule cannot go on with the thing at hand."""


class HomeError(OracleError):
    """Capsule's home directory is missing, incomplete, or in use by another process."""


class KeyStoreError(OracleError):
    """A key at rest is damaged, or sealed to a certificate whose secret this home does not have."""


class BackupError(OracleError):
    """A backup cannot be written, or is not one that can be restored here."""


class HandedOverError(OracleError):
    """Another machine works with this account."""

    def __init__(self, home: Path, backup: str, mark: Path) -> None:
        super().__init__(
            f"{home} was handed over with the backup {backup!r}: another machine works with its account,"
            f" and two would take each other's nonces. If that one is off for good, remove {mark}"
        )


class JournalError(OracleError):
    """The journal contradicts itself or what was asked of it."""


class WorkersError(OracleError):
    """The workers that capsule.toml names cannot be used."""


class TransactionFailedError(OracleError):
    """A transaction of Capsule's was mined and reverted, or another one took its nonce."""


class ClaimRefusedError(OracleError):
    """What Capsule is owed cannot be claimed: the campaign's token refuses, or burns gas."""


class InProgressError(OracleError):
    """It is under way, and nothing is wrong: look again soon."""


class NotReadyError(OracleError):
    """Something that another party provides is not there yet; asking again later may help."""


LONGEST_REASON = 128
"""Bytes of a reason that the contract takes."""


class Decline(Enum):
    """The public reasons for declining a campaign.

    A closed list: none of them can carry a value of the scientist's data, a score, or a library's text. Those
    that follow from the operator's rules are followed by the numbers that did not fit each other.
    """

    SPEC_MISSING = "the spec could not be fetched"
    SPEC_MALFORMED = "the spec does not parse"
    CERTIFICATE_NOT_OURS = "the spec names a certificate that is not this Capsule's"
    CERTIFICATE_SUSPECTED = "the spec names a certificate that this Capsule does not trust any more"
    SCIENTIST_MISSING = "the scientist's certificate could not be fetched"
    SCIENTIST_UNUSABLE = "the scientist's certificate cannot be sealed to"
    AUDITOR_MISSING = "the auditor's certificate could not be fetched"
    AUDITOR_UNUSABLE = "the auditor's certificate cannot be sealed to, or expires before the review ends"
    FAMILY_UNSUPPORTED = "this Capsule has no arithmetic for the model's family"
    ASSET_UNWANTED = "this Capsule does not work for the campaign's asset"
    BOUNTY_SMALL = "the bounty is smaller than this Capsule works for"
    FEE_SMALL = "the fee is smaller than this Capsule works for"
    SCIENTIST_UNWANTED = "this Capsule does not work for the campaign's scientist"
    FAMILY_UNWANTED = "this Capsule does not work for models of the campaign's family"
    TOO_LONG = "the campaign runs longer than this Capsule works for"
    GAIN_SMALL = "the smallest paid gain is too small for the number of validation records: it pays for luck"
    TOO_LARGE = "the model is larger than this Capsule accepts"
    VALIDATION_TOO_LARGE = "the validation set is larger than this Capsule accepts"
    VALIDATION_MISSING = "the validation set could not be fetched"
    VALIDATION_SEALED_WRONG = "the validation set does not open with the named certificate"
    VALIDATION_FOREIGN = "the validation set is bound to another owner, contract or chain"
    VALIDATION_DIGEST = "the validation set does not have the digest of the spec"
    VALIDATION_UNFIT = "the validation set does not fit the spec's schemas and number of rows"
    VALIDATION_ONE_LABEL = "all validation records that pay have the same label: they measure nothing"
    WEIGHTS_MISSING = "the initial weights could not be fetched"
    WEIGHTS_SEALED_WRONG = "the initial weights do not open with the named certificate"
    WEIGHTS_FOREIGN = "the initial weights are bound to another owner, contract or chain"
    WEIGHTS_DIGEST = "the initial weights do not have the digest of the spec"
    WEIGHTS_UNFIT = "the initial weights have another shape or exceed the declared bound"
    UNTRAINABLE = "from these weights, slopes on the validation set are too large for a ciphertext"
    SOURCE_UNUSABLE = "the source campaign is not a fitting, delivered one of the same owner and Capsule"
    START_WRONG = "the claimed start is off by more than the tolerance"
    START_OVER_MAXIMUM = "the start is over the most that the terms allow"
    START_TOO_HIGH = "the start leaves less than the smallest paid gain to the target"


class DeclinedError(OracleError):
    """The campaign must be declined; `text` is all that anybody learns of it.

    Args:
        numbers: what was asked for and what is allowed, both public; left out where they do not
            fit a transaction.
    """

    def __init__(self, reason: Decline, numbers: str = "") -> None:
        whole = f"{reason.value}: {numbers}"
        fits = bool(numbers) and len(whole.encode()) <= LONGEST_REASON
        self.reason, self.text = reason, whole if fits else reason.value
        super().__init__(self.text)


class UselessSubmissionError(OracleError):
    """A submission came to nothing, and its maker could not know: the verdict NO_GAIN, no stake is burned."""


class MalformedSubmissionError(OracleError):
    """A submission is unusable: the verdict MALFORMED. The text is for the scientist's record only."""
