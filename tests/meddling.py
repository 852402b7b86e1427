"""A node between: the real one, with the habits that a test gives it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pysonar.chain.node.connect import NodeProvider
from tests.json_types import Json, JsonObject

Answer = JsonObject
Params = Sequence[Json]
"""What a request asks with: each method has its own."""


class Meddling(NodeProvider):
    """`before(method, params)` may answer in the node's place or raise; `after(method, params, answer)` may
    change what the node has answered. None leaves it as it is.
    """

    def __init__(
        self,
        url: str,
        before: Callable[[str, Params], Answer | None] | None = None,
        after: Callable[[str, Params, Answer], Answer | None] | None = None,
    ) -> None:
        super().__init__(url)
        self.before, self.after = before, after
        self.asked: list[str] = []

    def make_request(self, method: str, params: Params) -> Json:
        self.asked.append(str(method))
        answer = self.before(method, params) if self.before else None
        if answer is not None:
            return answer
        real: Json = super().make_request(method, params)
        changed = self.after(method, params, real) if self.after else None
        return real if changed is None else changed


def without(*methods: str) -> Callable[[str, Params], Answer | None]:
    """A node that has nothing to say to these: null."""
    return lambda method, _: {"result": None} if method in methods else None


def refusing(method: str, message: str, code: int = -32000) -> Callable[[str, Params], Answer | None]:
    """A node that refuses one method."""
    return lambda asked, _: {"error": {"code": code, "message": message}} if asked == method else None
