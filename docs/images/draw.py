"""Draw the pictures of the README: python docs/images/draw.py."""

from pathlib import Path

import matplotlib as mpl
from sklearn.cluster import KMeans
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler

import neonxai


def main() -> None:
    """Write the pictures beside this file."""
    mpl.use("Agg")
    wine = load_wine(as_frame=True).data
    X = StandardScaler().set_output(transform="pandas").fit_transform(wine)
    e = neonxai.explain(KMeans(3, random_state=0).fit(X), X)
    values, _ = e.plot.sample(60, values=wine)
    values.figure.savefig(Path(__file__).with_name("wine-60.png"), dpi=110)


if __name__ == "__main__":
    main()
