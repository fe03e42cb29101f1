"""Preprocessing: fitted steps forward, and relevance back through them. One file per kind of step."""

from neonxai.networks.affine import AffineMap
from neonxai.transforms import (  # noqa: F401  # registers what they read
    elementwise,
    encoders,
    imputers,
    polynomial,
    projections,
    scalers,
    selectors,
    structure,
    text,
)
from neonxai.transforms.registry import UnknownStepError, register, supported
from neonxai.transforms.steps import Branch, Branches, Chain, RowScale, Shares, Terms

__all__ = [
    "AffineMap",
    "Branch",
    "Branches",
    "Chain",
    "RowScale",
    "Shares",
    "Terms",
    "UnknownStepError",
    "register",
    "supported",
]
