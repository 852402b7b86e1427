"""Models and gradients as those see them who run campaigns: of some scheme, which they do not ask for.

What a test encrypts under one scheme takes keys of that scheme alone, so that the checker does not take it
for one of any scheme. Programs get theirs from `scheme_named`; these two do the same for what a test made by
hand.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from openmined_syft.schemes import Gradient, Model
from openmined_syft.schemes.interface import GradientOf, ModelOf

SomeModel: TypeAlias = ModelOf[Any, Any]
"""An encrypted model of one scheme, whichever."""
SomeGradient: TypeAlias = GradientOf[Any, Any]
"""A gradient of one scheme, whichever."""


def as_model(model: SomeModel) -> Model:
    """A model of one scheme, to be handed on without looking inside."""
    return model


def as_gradient(gradient: SomeGradient) -> Gradient:
    """A gradient of one scheme, to be handed on without looking inside."""
    return gradient
