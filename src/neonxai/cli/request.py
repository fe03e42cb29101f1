"""What ``neonxai explain`` was asked to do, validated before any file is read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from neonxai.cli.errors import ShellError
from neonxai.cli.formats import check_file, format_of
from neonxai.cli.output import check_output
from neonxai.cli.saved import check_saved
from neonxai.cli.scaling import Missing, Scale

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Request", "parse_beta", "parse_clusters", "parse_gamma"]


@dataclass(frozen=True)
class Request:
    """The arguments of ``neonxai explain``, as they were given."""

    data: Path
    clusters: str | None
    centers: Path | None
    labels: str | None
    model: Path | None
    trust: str | None
    noise: str | None
    gamma: str | None
    columns: str | None
    drop: str | None
    key: str | None
    given_scale: Scale | None
    given_missing: Missing | None
    beta: str
    seed: int
    out: Path | None
    overwrite: bool
    summary: bool
    quiet: bool
    json: bool

    @property
    def scale(self) -> Scale:
        """What to do to each column, of which a model of the user's takes care itself."""
        return self.given_scale or Scale.STANDARD

    @property
    def refuse_missing(self) -> bool:
        """Whether a missing value is an error."""
        return self.given_missing is Missing.REFUSE

    def check(self) -> None:
        """Check everything that can be checked without reading the data.

        Raises
        ------
        ShellError
            If options contradict each other or have no meaning, if a file is missing or not what its ending
            says, or if the output exists or cannot be written.
        """
        self._check_clustering()
        if self.columns is not None and self.drop is not None:
            raise ShellError("usage", "both --columns and --drop are given", "Give one of them.")
        if self.clusters is not None:
            parse_clusters(self.clusters)
        parse_beta(self.beta)
        parse_gamma(self.gamma)
        check_file(self.data)
        if self.centers is not None:
            check_file(self.centers, "--centers")
        if self.model is not None:
            check_saved(self.model, "--model")
        if self.out is not None:
            format_of(self.out, "--out")
            inputs = [path for path in (self.data, self.centers, self.model) if path is not None]
            check_output(self.out, overwrite=self.overwrite, inputs=inputs)

    def _check_clustering(self) -> None:
        clusterings = {
            "--clusters": self.clusters,
            "--centers": self.centers,
            "--labels": self.labels,
            "--model": self.model,
        }
        given = [option for option, value in clusterings.items() if value is not None]
        if not given:
            raise ShellError(
                "usage",
                "none of --clusters, --centers, --labels and --model is given",
                "Say --clusters K for k-means with K clusters, --centers FILE for centers that you have, "
                "--labels COLUMN for a column with the cluster of each row, or --model FILE for a model that "
                "you have fitted.",
            )
        if len(given) > 1:
            both = "both " if len(given) == 2 else ""
            named = f"{both}{', '.join(given[:-1])} and {given[-1]} are given"
            raise ShellError("usage", named, "Give one of them.")
        labels = self.labels is not None
        for option, value, has_labels in (
            ("--noise", self.noise, labels),
            ("--gamma", self.gamma, labels or self.model is not None),
        ):
            if value is not None and not has_labels:
                raise ShellError(
                    "usage", f"{option} is about labels, but --labels is not given", "Leave it out."
                )
        if self.trust is not None and self.model is None:
            raise ShellError("usage", "--trust is about --model, but that is not given", "Leave it out.")
        for option, value in (("--scale", self.given_scale), ("--missing", self.given_missing)):
            if value is not None and self.model is not None:
                raise ShellError(
                    "usage",
                    f"both --model and {option} are given, but the model's own steps prepare the columns",
                    f"Leave {option} out; a Pipeline can hold such steps.",
                )


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
    beta = _number("--beta", text, remedy)
    if beta < 0:
        raise ShellError(
            f"--beta {text}", "it is negative, so that the farthest rival would count most", remedy
        )
    return beta


def parse_gamma(text: str | None) -> float | Literal["auto"]:
    """Read the value of ``--gamma``.

    Parameters
    ----------
    text : str or None
        ``auto``, ``inf`` or a number; None for ``auto``.

    Returns
    -------
    float or "auto"
        Positive.

    Raises
    ------
    ShellError
        If it is none of these, or not positive.

    Examples
    --------
    >>> parse_gamma("0.5"), parse_gamma("inf"), parse_gamma(None)
    (0.5, inf, 'auto')
    """
    if text is None or text.strip().lower() == "auto":
        return "auto"
    remedy = "Give auto, inf, or a number above 0."
    gamma = _number("--gamma", text, remedy)
    if gamma <= 0:
        raise ShellError(
            f"--gamma {text}",
            "it is not above 0, so that near rows would count no more than far ones",
            remedy,
        )
    return gamma


def _number(option: str, text: str, remedy: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ShellError(f"{option} {text}", "it is not a number", remedy) from None
    if math.isnan(number):
        raise ShellError(f"{option} {text}", "it is not a number (NaN)", remedy)
    return number
