"""What the tests of the shell share: real data in files, and a shell to run on them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_wine
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, RobustScaler, StandardScaler
from typer.testing import CliRunner

import neonxai
from neonxai.cli.app import app

SCALERS = {
    "standard": StandardScaler,
    "minmax": MinMaxScaler,
    "robust": RobustScaler,
    "none": FunctionTransformer,
}


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """Run a command of the shell, 80 columns wide, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NEONXAI_DEBUG", raising=False)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="session")
def wine() -> pl.DataFrame:
    """178 wines, 13 columns."""
    data = load_wine()
    return pl.DataFrame(dict(zip(data.feature_names, data.data.T, strict=True)))


@pytest.fixture
def wine_csv(wine: pl.DataFrame, tmp_path: Path) -> Path:
    path = tmp_path / "wine.csv"
    wine.write_csv(path)
    return path


@pytest.fixture(scope="session")
def from_python() -> Callable[..., neonxai.Explanation]:
    """Do in Python what ``neonxai explain`` documents that it does."""

    def explain(
        frame: pl.DataFrame, clusters: int, scale: str = "standard", beta: float | str = "auto", seed: int = 0
    ) -> neonxai.Explanation:
        X = SCALERS[scale]().fit_transform(frame.to_numpy(order="c").astype(float))
        model = KMeans(clusters, n_init=10, random_state=seed).fit(X)
        return neonxai.explain(model, X, beta=beta)

    return explain
