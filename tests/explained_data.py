"""Explanations of sparse rows, and of raw tables, for tests."""

import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from scipy import sparse
from scipy.sparse import csr_array

import neonxai
from neonxai import Explanation
from neonxai.networks import LinearNetwork
from neonxai.networks.pooling import min_pool
from neonxai.networks.present import close_present
from neonxai.networks.sparse_rows import sparse_evidence, sparse_redistribute

FRAMES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


def explain_sparse(X, centers, dtype=np.float64, **facts):
    """An explanation of rows in CSR, k-means, β = 1."""
    network = LinearNetwork(2 * centers, centers, probabilistic=False)
    clusters, h = sparse_evidence(network, X, beta=1.0)
    pooled = min_pool(h, 1.0)
    relevance, absent, absorbed = sparse_redistribute(network, X, clusters, pooled.coefficients)
    close_present(relevance, X.indptr, absent, pooled.logits)
    names = np.array([f"c{k}" for k in range(len(centers))])
    standard = {
        "relevance": csr_array((relevance.astype(dtype), X.indices, X.indptr), X.shape),
        "logits": pooled.logits.astype(dtype),
        "labels": names[clusters],
        "targets": names[clusters],
        "competitors": names[pooled.competitors],
        "probabilities": (1 / (1 + np.exp(-pooled.logits))).astype(dtype),
        "absorbed": absorbed.astype(dtype),
        "base_value": 0.0,
        "feature_names": tuple(f"t{i}" for i in range(X.shape[1])),
        "cluster_names": tuple(names.tolist()),
        "data": X.astype(dtype),
        "beta": 1.0,
        "pooling": "min",
        "absent": absent.astype(dtype),
        "row_kind": "document",
    }
    return Explanation(**{**standard, **facts})


RNG = np.random.default_rng(3)
X = sparse.random_array((80, 50), density=0.15, rng=RNG, format="csr")
X.data[::9] = 0.0  # stored, and so present
X = csr_array(sparse.vstack([X, csr_array((2, 50))]))  # two empty documents
CENTERS = RNG.random((4, 50)) * (RNG.random((4, 50)) < 0.2)


def part_of(e, row):
    return e.relevance.data[e.relevance.indptr[row] : e.relevance.indptr[row + 1]]


def terms_of(e, row):
    return e.relevance.indices[e.relevance.indptr[row] : e.relevance.indptr[row + 1]]


def rewrite(path, change):
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    arrays = {name.removesuffix(".npy"): np.load(io.BytesIO(content)) for name, content in parts.items()}
    header = json.loads(str(arrays.pop("neonxai")))
    change(header, arrays)
    with path.open("wb") as file:
        np.savez(file, neonxai=np.array(json.dumps(header)), **arrays)


RAW = {
    "age": [31, 25, None, 40],
    "income": [1.5, float("nan"), 2.25, 1e9],
    "city": ["Zürich", None, "Bern\n", ""],
    "note": ["x" * 300, "short", "日本語", "a\x00b\x00"],
    "member": [True, False, True, True],
}
N_RAW = 4


def raw(kind):
    if kind == "pandas":
        frame = pd.DataFrame(RAW, index=list("wxyz"))
        frame["city"] = frame["city"].astype("category")
        return frame
    return FRAMES[kind](RAW)


def explain_raw(data, n=N_RAW, **facts):
    points = np.random.default_rng(1).random((n, len(RAW)))
    e = neonxai.explain(neonxai.Centroids(points[:2], ["a", "b"]), points, beta=1.0)
    return replace(e, data=data, feature_names=tuple(RAW), **facts)
