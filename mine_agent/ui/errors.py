"""What the Mine UI refuses."""

from __future__ import annotations

from typing import ClassVar

from mine_agent.errors import MineError


class RequestError(MineError):
    """A request that is not answered. `status` is HTTP's."""

    status: ClassVar[int] = 400


class BadRequestError(RequestError):
    """A part of a request that means nothing."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(f"{name} is {str(value)[:80]!r}; expected {expected}")


class NoSessionError(RequestError):
    """Whoever asks has not shown the link, or the server was started anew since."""

    status = 401

    def __init__(self) -> None:
        super().__init__("this browser is not let in; open the link that `mine-agent ui` printed")


class UsedLinkError(RequestError):
    """The link's token was used before, or is not one of this server."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            "this link is not valid any more: it was used, or belongs to an earlier start; open the last"
            " one that `mine-agent ui` printed"
        )


class ForeignRequestError(RequestError):
    """A page of another site, or a name that is not this machine's."""

    status = 403


class TooLargeError(RequestError):
    """A body that is larger than any that the pages send."""

    status = 413

    def __init__(self, most: int) -> None:
        super().__init__(f"the request is larger than {most} bytes")


class ChangedMeanwhileError(RequestError):
    """What was to be changed is no longer what the page showed."""

    status = 409

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} changed since this page showed it; reload the page and make the change again"
        )


class SlowNodeError(RequestError):
    """The chain is asked, and has not answered yet."""

    status = 503

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"the node has not answered for {seconds:.0f} s, and is still being asked; a second one can be"
            " named under rpc in settings.toml"
        )


class UnknownPathError(RequestError):
    """Nothing is there."""

    status = 404

    def __init__(self, path: str) -> None:
        super().__init__(f"there is nothing at {path[:80]!r}")


class TooManyLooksError(RequestError):
    """Several data are being looked through already."""

    status = 429

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} data sets are being looked through already; wait for one of them")


class PortTakenError(MineError):
    """Something else listens there."""

    def __init__(self, port: int, why: str) -> None:
        super().__init__(f"cannot listen on port {port}: {why}; leave out --port to get a free one")


class NoWebPackagesError(MineError):
    """The optional packages are not installed."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the Mine UI needs the package {name!r}; install it with: pip install 'openmined[web]'"
        )
