"""``neonxai demo``: the wine study, from k-means to figures, in a few seconds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from rich.text import Text
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.datasets import load_wine
from sklearn.metrics import confusion_matrix
from sklearn.preprocessing import MinMaxScaler

import neonxai
from neonxai import storage
from neonxai.cli.errors import ExitCode, ShellError
from neonxai.cli.layout import fitting, plain_table
from neonxai.cli.names import shorten
from neonxai.cli.output import check_folder
from neonxai.cli.tables import write_table

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from rich.table import Table

    from neonxai.cli.screen import Screen
    from neonxai.explanation import Explanation

__all__ = ["Study", "run", "study"]

_SEED: Final = 2
_BETA: Final = 1.0
_STRONGEST: Final = 3
_GAP: Final = 1  # so that all columns and legible names fit 80 characters
_LEAST_NAME: Final = 6
_MAX_NAME: Final = 20


@dataclass(frozen=True, eq=False)
class Study:
    """The wines, clustered and explained.

    Attributes
    ----------
    explanation : Explanation
        Of all 178 wines, on features between 0 and 1; clusters are numbered as the classes that they match.
    values : array of shape (178, 13)
        The wines in their own units.
    classes : int array of shape (178,)
        The true cultivar of each wine.
    numbers : tuple of int
        k-means' own number of each cluster, by the number that it has here.
    """

    explanation: Explanation
    values: NDArray[np.float64]
    classes: NDArray[np.intp]
    numbers: tuple[int, ...]

    @property
    def misfits(self) -> NDArray[np.intp]:
        """Rows of the wines whose cluster is not the one that matches their class."""
        return np.flatnonzero(self.explanation.label_positions != self.classes)


def study() -> Study:
    """Cluster scikit-learn's wine data as the method's reference does, and explain it with β = 1.

    Features scaled to [0, 1], ``KMeans(3, n_init=1, random_state=2)``; clusters are matched one to one to the
    classes so that as many wines as possible agree [Kauffmann2024]_.

    Returns
    -------
    Study

    Examples
    --------
    >>> study().misfits.tolist()
    [60, 61, 68, 70, 73, 83, 92, 95, 118]
    """
    wine = load_wine()
    classes = np.asarray(wine.target, dtype=np.intp)
    scaled = MinMaxScaler().fit_transform(wine.data)
    model = KMeans(3, n_init=1, random_state=_SEED).fit(scaled)
    # Entry k: the k-means cluster that most wines of class k are in, one to one.
    numbers = linear_sum_assignment(confusion_matrix(classes, model.labels_), maximize=True)[1]
    explainer = neonxai.ClusterExplainer(neonxai.Centroids(model.cluster_centers_[numbers]), beta=_BETA).fit(
        scaled
    )
    explanation = replace(explainer.explain(scaled), feature_names=tuple(wine.feature_names))
    return Study(
        explanation,
        np.asarray(wine.data, dtype=np.float64),
        classes,
        tuple(int(number) for number in numbers),
    )


def run(folder: Path, screen: Screen, *, overwrite: bool) -> None:
    """Do the study, show the wines clustered apart from their class, write figures and relevances.

    Parameters
    ----------
    folder : Path
        Where the files go; made if it is not there.
    screen : Screen
        Where to show things.
    overwrite : bool
        Whether files of an earlier demo may be replaced.

    Raises
    ------
    ShellError
        If the folder can't be written to, or has files that would be overwritten (exit code 3).
    """
    _check(folder, overwrite=overwrite)
    screen.say("Wine: 178 wines of three cultivars, 13 measurements each (from scikit-learn).")
    screen.say(f"Scaled each measurement to [0, 1]; k-means, K = 3, one start, seed {_SEED}.")
    done = study()
    misfits = done.misfits
    screen.say(
        f"Explained every wine by NEON, β = {_BETA:g}: relevances sum to the logit within "
        f"{done.explanation.conservation_error().max():.0e}."
    )
    screen.say(f"{len(misfits)} wines are in a cluster that is not their class's; why?")
    screen.show(_table(done, screen.width))
    try:
        _write(done, folder, overwrite=overwrite)
    except OSError as error:
        raise ShellError(
            f"--out {folder}",
            f"writing failed ({error.strerror or error})",
            "Free some space?",
            ExitCode.FAILURE,
        ) from error
    screen.say(f"Wrote to {folder}:")
    for name, content in _CONTENTS.items():
        screen.say(f"  {name:<16} {content}")


_CONTENTS: Final = {
    "map.png": "all wines in a plane, by cluster and true class",
    "heatmap.png": "mean relevance of each measurement for each cluster",
    "sample-ROW.png": "each wine of the table: measurements and relevances",
    "relevance.csv": "cluster, rival, logit, probability, relevances of every wine",
    "explanation.npz": "the same for Python: neonxai.Explanation.load",
}


def _check(folder: Path, *, overwrite: bool) -> None:
    what = f"--out {folder}"
    if folder.exists() and not folder.is_dir():
        raise ShellError(what, "it is a file, not a folder", "Choose another name.")
    names = [name for name in _CONTENTS if name != "sample-ROW.png"]
    there = [name for name in names if (folder / name).exists()]
    there += sorted(path.name for path in folder.glob("sample-*.png"))
    if there and not overwrite:
        shown = ", ".join(there[:4]) + (f" and {len(there) - 4} more" if len(there) > 4 else "")
        raise ShellError(
            what,
            f"the folder already has {shown}",
            "Add --overwrite, or choose another folder.",
            code=ExitCode.OUTPUT_EXISTS,
        )
    if folder.is_dir():
        check_folder(folder, what)
    else:
        check_folder(folder.absolute().parent, what)


def _table(done: Study, room: int) -> Table:
    table = plain_table(
        "Wines whose cluster is not their class",
        "Clusters are numbered as the classes that they match; k-means' own numbers of clusters 0, 1, 2 "
        f"are {', '.join(map(str, done.numbers))}. for, against: the strongest measurements and their "
        "relevances. Σ rel.: the sum of all 13 relevances.",
        gap=_GAP,
    )
    e = done.explanation
    reasons = {int(row): _strongest(e.relevance[row]) for row in done.misfits}
    figures = (_figure(e.relevance[row, i]) for row, both in reasons.items() for side in both for i in side)
    least = _LEAST_NAME + 1 + max(map(len, figures))
    widths = {"row": 3, "cluster": 7, "prob.": 5, "class": 5, "Σ rel.": 6, "logit": 6}
    widths |= {"for": least, "against": least}
    shown = fitting(widths, room, ("prob.", "Σ rel.", "logit", "class"), gap=_GAP)
    spare = room - 2 - sum(widths[header] for header in shown) - _GAP * (len(shown) - 1)
    name = min(_MAX_NAME, _LEAST_NAME + max(0, spare) // 2)
    for header in shown:
        if header in {"for", "against"}:
            table.add_column(header)
        else:
            table.add_column(header, justify="right", no_wrap=True)
    for row, (pro, contra) in reasons.items():
        cells = {
            "row": str(row),
            "cluster": str(e.labels[row]),
            "prob.": f"{e.probabilities[row]:.2f}",
            "class": str(done.classes[row]),
            "Σ rel.": f"{e.relevance[row].sum():.4f}",
            "logit": f"{e.logits[row]:.4f}",
            "for": _reasons(e, row, pro, name),
            "against": _reasons(e, row, contra, name),
        }
        table.add_row(*(Text(cells[header]) for header in shown), end_section=True)
    return table


def _strongest(relevance: NDArray[np.float64]) -> tuple[list[int], list[int]]:
    """Positions of the features that speak most for the cluster, and most against it."""
    order = np.argsort(-relevance, kind="stable").tolist()
    pro = [i for i in order[:_STRONGEST] if relevance[i] > 0]
    return pro, [i for i in order[::-1][:_STRONGEST] if relevance[i] < 0]


def _reasons(e: Explanation, row: int, features: list[int], width: int) -> str:
    return "\n".join(
        f"{shorten(e.feature_names[i], width):<{width}} {_figure(e.relevance[row, i])}" for i in features
    )


def _figure(relevance: float) -> str:
    return f"{relevance:+#.2g}"


def _write(done: Study, folder: Path, *, overwrite: bool) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    from neonxai import plots

    e = done.explanation
    in_units = replace(e, data=done.values)
    folder.mkdir(exist_ok=True)

    def save(name: str) -> None:
        with storage.replacing(folder / name, overwrite=overwrite) as temporary:
            plt.gcf().savefig(temporary, dpi=120)
        plt.close()

    plots.map(e, classes=done.classes)
    save("map.png")
    plots.heatmap(e)
    save("heatmap.png")
    for row in done.misfits:
        plots.sample(in_units, int(row))
        save(f"sample-{row}.png")
    write_table(e.to_frame("polars"), folder / "relevance.csv", overwrite=overwrite)
    e.save(folder / "explanation.npz", overwrite=overwrite)
