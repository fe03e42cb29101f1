"""The lines that make a report again: in the shell, and in Python."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from neonxai.cli.formats import format_of
from neonxai.cli.request import parse_beta, parse_gamma

if TYPE_CHECKING:
    from pathlib import Path

    from neonxai.cli.request import Request
    from neonxai.cli.result import Result

__all__ = ["in_python", "in_the_shell"]

_READERS = {"csv": "csv", "tsv": "csv", "parquet": "parquet", "arrow": "feather", "jsonl": "json"}
_SCALERS = {"standard": "StandardScaler", "minmax": "MinMaxScaler", "robust": "RobustScaler"}


def in_the_shell(request: Request, page: Path, title: str | None) -> str:
    """The command, with all options that were given.

    Parameters
    ----------
    request : Request
        The arguments.
    page : Path
        Where the page goes.
    title : str or None
        The heading.
    """
    options: dict[str, Any] = {
        "--clusters": request.clusters,
        "--centers": request.centers,
        "--labels": request.labels,
        "--model": request.model,
        "--trust": request.trust,
        "--noise": request.noise,
        "--gamma": request.gamma,
        "--columns": request.columns,
        "--drop": request.drop,
        "--id": request.key,
        "--scale": request.given_scale,
        "--missing": request.given_missing,
        "--beta": None if request.beta == "auto" else request.beta,
        "--seed": request.seed or None,
        "--title": title,
        "--out": page,
    }
    words = ["neonxai", "report", str(request.data)]
    for option, value in options.items():
        words += [] if value is None else [option, str(value)]
    return shlex.join(words)


def in_python(request: Request, result: Result, page: Path) -> str:
    """The same with neonxai and scikit-learn, for tables that pandas reads as the shell does.

    Parameters
    ----------
    request : Request
        The arguments, checked.
    result : Result
        What was found.
    page : Path
        Where the page goes.
    """
    imports = ["import neonxai", "import pandas as pd"]
    lines = [f"frame = {_read(request.data, _text_columns(result))}"]
    lines.append(f"X = frame[{list(result.selection.used)!r}]")
    steps = [] if request.model is not None else _steps(request, result, imports, lines)
    told = {"beta": parse_beta(request.beta), "gamma": parse_gamma(request.gamma)}
    given = "".join(f", {name}={_plain(value)}" for name, value in told.items() if value != "auto")
    if request.clusters is not None:
        imports.append("from sklearn.cluster import KMeans")
        steps.append(
            f"KMeans({len(result.explanation.cluster_names)}, n_init=10, random_state={request.seed})"
        )
        lines.append(f"model = {_pipeline(steps, imports)}")
    elif request.centers is not None:
        lines.append(f"centers = {_read(request.centers, [])}[X.columns]")
        lines += _prepared(steps, imports)
        centers = "preprocessing.transform(centers)" if steps else "centers"
        lines.append(f"model = neonxai.Centroids({centers})")
        given += ", preprocessing=preprocessing" if steps else ""
    elif request.labels is not None:
        lines += _prepared(steps, imports)
        noise = None if result.stand_in is None else result.stand_in.noise
        lines.append(f"model = neonxai.Labels(frame[{request.labels!r}], noise={noise!r})")
        given += ", preprocessing=preprocessing" if steps else ""
    else:
        imports.append("import skops.io")
        trusted = [name.strip() for name in (request.trust or "").split(",") if name.strip()]
        lines.append(f"model = skops.io.load({str(request.model)!r}, trusted={trusted!r})")
    lines.append(f"explainer = neonxai.ClusterExplainer(model{given}).fit(X)")
    lines.append("e = explainer.explain(X, labels=explainer.labels_)")
    names = "" if request.key is None else f", names=frame[{request.key!r}]"
    lines.append(f"e.to_html({str(page)!r}, explainer=explainer{names})")
    return "\n".join([*sorted(imports, key=lambda line: (line.startswith("from"), line)), "", *lines])


def _read(path: Path, text: list[str]) -> str:
    kind = format_of(path)
    options = ', sep="\\t"' if kind == "tsv" else ", lines=True" if kind == "jsonl" else ""
    if text and _READERS[kind] == "csv":
        options += f", dtype={dict.fromkeys(text, 'str')!r}".replace("'str'", "str")
    return f"pd.read_{_READERS[kind]}({str(path)!r}{options})"


def _text_columns(result: Result) -> list[str]:
    """Columns that pandas might take for numbers: labels and categories written with digits."""
    labels = result.selection.labels
    text = list(result.values.categories)
    if labels is not None and isinstance(result.explanation.cluster_names[0], str):
        text.append(labels)
    return text


def _steps(request: Request, result: Result, imports: list[str], lines: list[str]) -> list[str]:
    """What is done to the columns, one step each."""
    scaler = _SCALERS.get(str(request.scale))
    if scaler is not None:
        imports.append(f"from sklearn.preprocessing import {scaler}")
    recipe = result.recipe
    if recipe is None:
        return [] if scaler is None else [f"{scaler}()"]
    imports.append("from sklearn.compose import ColumnTransformer")
    parts = []
    if recipe.numbers:
        numbers = []
        if recipe.imputed:
            imports.append("from sklearn.impute import SimpleImputer")
            numbers.append('SimpleImputer(strategy="median")')
        numbers += [] if scaler is None else [f"{scaler}()"]
        parts.append(f'("numbers", {_pipeline(numbers, imports)}, {list(recipe.numbers)!r})')
    if recipe.categories:
        imports.append("from sklearn.preprocessing import OneHotEncoder")
        lines.append(
            "codes = OneHotEncoder(max_categories=20, "
            'handle_unknown="infrequent_if_exist", sparse_output=False)'
        )
    parts += [f'("category{i}", codes, [{c.name!r}])' for i, c in enumerate(recipe.categories)]
    weights = {f"category{i}": c.weight for i, c in enumerate(recipe.categories)}
    inner = ",\n        ".join(parts)
    return [f"ColumnTransformer(\n    [\n        {inner},\n    ],\n    transformer_weights={weights!r},\n)"]


def _prepared(steps: list[str], imports: list[str]) -> list[str]:
    return [f"preprocessing = {_pipeline(steps, imports)}.fit(X)"] if steps else []


def _pipeline(steps: list[str], imports: list[str]) -> str:
    if not steps:
        return '"passthrough"'
    if len(steps) == 1:
        return steps[0]
    if (line := "from sklearn.pipeline import make_pipeline") not in imports:
        imports.append(line)
    return f"make_pipeline({', '.join(steps)})"


def _plain(value: Any) -> str:
    return 'float("inf")' if value == float("inf") else repr(value)
