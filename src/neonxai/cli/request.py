"""What ``neonxai explain`` was asked to do, validated before any file is read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from neonxai.cli.errors import ShellError
from neonxai.cli.formats import check_file, format_of
from neonxai.cli.output import check_output

if TYPE_CHECKING:
    from pathlib import Path

    from neonxai.cli.scaling import Scale

__all__ = ["Request", "parse_beta", "parse_clusters"]


@dataclass(frozen=True)
class Request:
    """The arguments of ``neonxai explain``, as they were given."""

    data: Path
    clusters: str | None
    centers: Path | None
    columns: str | None
    drop: str | None
    key: str | None
    scale: Scale
    beta: str
    seed: int
    out: Path | None
    overwrite: bool
    summary: bool
    quiet: bool
    json: bool

    def check(self) -> None:
        """Check everything that can be checked without reading the data.

        Raises
        ------
        ShellError
            If options contradict each other or have no meaning, if a file is missing or not what its ending
            says, or if the output exists or cannot be written.
        """
        if self.clusters is None and self.centers is None:
            raise ShellError(
                "usage",
                "neither --clusters nor --centers is given",
                "Say --clusters K for k-means with K clusters, or --centers FILE for centers that you have.",
            )
        if self.clusters is not None and self.centers is not None:
            raise ShellError("usage", "both --clusters and --centers are given", "Give one of them.")
        if self.columns is not None and self.drop is not None:
            raise ShellError("usage", "both --columns and --drop are given", "Give one of them.")
        if self.clusters is not None:
            parse_clusters(self.clusters)
        parse_beta(self.beta)
        check_file(self.data)
        if self.centers is not None:
            check_file(self.centers, "--centers")
        if self.out is not None:
            format_of(self.out, "--out")
            inputs = [self.data] if self.centers is None else [self.data, self.centers]
            check_output(self.out, overwrite=self.overwrite, inputs=inputs)


def parse_clusters(text: str) -> int:
    """Read the value of ``--clusters``.

    Parameters
    ----------
    text : str
        A whole number.

    Returns
    -------
    int
        At least 2.

    Raises
    ------
    ShellError
        If it is not a whole number, or less than 2.

    Examples
    --------
    >>> parse_clusters("3")
    3
    """
    try:
        count = int(text)
    except ValueError:
        raise ShellError(
            f"--clusters {text}", "it is not a whole number", "Give 2 or more, as in --clusters 3."
        ) from None
    if count < 2:
        raise ShellError(
            f"--clusters {text}",
            "a cluster is explained against its rivals, so it takes at least 2",
            "Give 2 or more.",
        )
    return count


def parse_beta(text: str) -> float | Literal["auto"]:
    """Read the value of ``--beta``.

    Parameters
    ----------
    text : str
        ``auto``, ``inf`` or a number.

    Returns
    -------
    float or "auto"
        Not negative.

    Raises
    ------
    ShellError
        If it is none of these, negative or NaN.

    Examples
    --------
    >>> parse_beta("0.5"), parse_beta("inf"), parse_beta("auto")
    (0.5, inf, 'auto')
    """
    if text.strip().lower() == "auto":
        return "auto"
    remedy = "Give auto, inf, or a number that is 0 or more."
    try:
        beta = float(text)
    except ValueError:
        raise ShellError(f"--beta {text}", "it is not a number", remedy) from None
    if math.isnan(beta):
        raise ShellError(f"--beta {text}", "it is not a number (NaN)", remedy)
    if beta < 0:
        raise ShellError(
            f"--beta {text}", "it is negative, so that the farthest rival would count most", remedy
        )
    return beta
