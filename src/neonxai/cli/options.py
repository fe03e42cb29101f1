"""The options that commands share: where the rows come from, and how they are clustered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neonxai.cli.scaling import Missing, Scale

Data = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        help="A table: .csv .tsv .parquet .arrow .feather .ipc .jsonl .ndjson",
        show_default=False,
    ),
]
Clusters = Annotated[
    str | None,
    typer.Option(
        "--clusters",
        metavar="K",
        help="Cluster into K by k-means (best of 10 starts).",
        show_default=False,
    ),
]
Centers = Annotated[
    Path | None,
    typer.Option(
        "--centers",
        metavar="FILE",
        help="Instead: centers that you have, a row each, in the units of DATA "
        "(they are scaled as the data are). Columns are matched by name; "
        "further columns of FILE are ignored, and listed.",
        show_default=False,
    ),
]
Labels = Annotated[
    str | None,
    typer.Option(
        "--labels",
        metavar="COLUMN",
        help="Instead: a column of DATA with the cluster of each row, numbers or text, from any "
        "algorithm or any hand. It is taken out of the other columns; these explain it.",
        show_default=False,
    ),
]
ModelFile = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="FILE",
        help="Instead: a clustering or a Pipeline that you have fitted, saved with skops.io.dump. Its "
        "columns are matched by name.",
        show_default=False,
    ),
]
Trust = Annotated[
    str | None,
    typer.Option(
        "--trust",
        metavar="TYPE,TYPE",
        help="Of --model: types in FILE that may be loaded beside those that skops trusts. Loading one "
        "can run any code, so name only what you know.",
        show_default=False,
    ),
]
Noise = Annotated[
    str | None,
    typer.Option(
        "--noise",
        metavar="LABEL",
        help="Of --labels: what the rows of no cluster are called; '' if all are clusters. "
        "By default -1, where labels are whole numbers.",
        show_default=False,
    ),
]
Gamma = Annotated[
    str | None,
    typer.Option(
        "--gamma",
        metavar="auto|NUMBER|inf",
        help="Of --labels: how near rows must be to count, 1 / squared width; inf the nearest row of "
        "each cluster only, auto (the default) where the labels are likeliest.",
        show_default=False,
    ),
]
Columns = Annotated[
    str | None, typer.Option("--columns", metavar="A,B,C", help="Use these columns.", show_default=False)
]
Drop = Annotated[
    str | None,
    typer.Option("--drop", metavar="A,B", help="Use all columns but these.", show_default=False),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--id",
        metavar="COLUMN",
        help="Names of the rows, of any type: left out of the clustering, and written first to --out.",
        show_default=False,
    ),
]
GivenScale = Annotated[
    Scale | None,
    typer.Option("--scale", help="What to do to each column beforehand.", show_default="standard"),
]
GivenMissing = Annotated[
    Missing | None,
    typer.Option(
        "--missing",
        help="What a missing value is: a number the column's median and a category one of its own, or an "
        "error.",
        show_default="impute",
    ),
]
Beta = Annotated[
    str,
    typer.Option(
        "--beta",
        metavar="auto|NUMBER|inf",
        help="How far beyond the nearest rival the explanation looks: 0 all rivals alike, "
        "inf the nearest only, auto 1 / mean logit.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Of k-means.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace FILE if it exists.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show nothing but errors.")]
