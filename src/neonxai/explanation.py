"""The result of explaining: an `Explanation`."""

import os
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from neonxai import frames, storage
from neonxai.contrast import SMALL_TABLE, contrast_table
from neonxai.names import free_name, positions_of
from neonxai.overview import html_overview, text_overview

if TYPE_CHECKING:
    from neonxai.plots import Plotter

_STATISTICS = ("mean", "mean_abs", "share")
_BLOCK_VALUES = 1 << 19  # relevances summed up together: 4 MiB in float64


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """Why each row is in its cluster: how much each feature contributes to the evidence for it.

    For every row, Σ_i relevance_i + absorbed + base_value = logit.

    Attributes
    ----------
    relevance : float array of shape (n_samples, n_features)
        R_i: the part of the logit that feature i accounts for, in the logit's unit. Positive speaks for the
        cluster, negative against it.
    logits : float array of shape (n_samples,)
        f_c(x), the evidence for the explained cluster against its nearest rival. For k-means the difference
        of the two smallest squared distances, in squared units of the data. Not negative for the cluster
        that the row is assigned to.
    labels : array of shape (n_samples,)
        The cluster each row is assigned to, by its name, as the model's ``predict`` gives it.
    targets : array of shape (n_samples,)
        The cluster that is explained, by its name: ``labels``, unless another was asked for.
    competitors : array of shape (n_samples,)
        The name of the nearest rival, or of the one that was asked for.
    probabilities : float array of shape (n_samples,)
        1 / (1 + exp(−β f)); with soft pooling the membership P_c. Elsewhere it orders rows by their distance
        from the boundary, and is no measure of confidence.
    absorbed : float array of shape (n_samples,)
        Evidence that belongs to no feature; 0 for k-means with min-pooling.
    base_value : float
        The logit from which the relevance counts; 0 for ``method="neon"``.
    feature_names : tuple of str
        Names of the features.
    cluster_names : tuple
        Names of the clusters, all numbers or all strings; 0, 1, ... for k-means.
    data : float array of shape (n_samples, n_features)
        The rows that were explained; the caller's own array where it could be used as it was.
    beta : float
        β, in 1 / unit of the logit.
    pooling : {"min", "soft"}
        How the evidence against the rivals was pooled.
    agreement : float or None
        The share of rows that the network assigns as the clustering does, where the network stands in for
        it; None where the network is the clustering, as for k-means.
    frame : {"pandas", "polars", "pyarrow"} or None
        The kind of frame that came in.
    index : object or None
        The index of a pandas frame that came in.
    contrasts : float array of shape (n_clusters, n_clusters, n_features) or None
        What `contrast` shows: the relevance of each cluster's prototype for it against each other one.
    separations : float array of shape (n_clusters, n_clusters) or None
        The evidence of each cluster's prototype for it against each other one.

    Examples
    --------
    >>> import neonxai
    >>> e = neonxai.explain(neonxai.Centroids([[0.0, 0.0], [2.0, 0.0]]), [[0.5, 7.0]], beta=1.0)
    >>> e.relevance  # (0.5 − 2)² − 0.5² = 2 from the first feature, nothing from the second
    array([[2., 0.]])
    >>> e.logits
    array([2.])
    """

    relevance: NDArray[np.floating]
    logits: NDArray[np.floating]
    labels: NDArray[np.generic]
    targets: NDArray[np.generic]
    competitors: NDArray[np.generic]
    probabilities: NDArray[np.floating]
    absorbed: NDArray[np.floating]
    base_value: float
    feature_names: tuple[str, ...]
    cluster_names: tuple[Any, ...]
    data: NDArray[np.floating]
    beta: float
    pooling: str
    agreement: float | None = None
    frame: str | None = None
    index: Any = None
    contrasts: NDArray[np.float64] | None = None
    separations: NDArray[np.float64] | None = None

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return len(self.logits)

    @property
    def n_features(self) -> int:
        """Number of features."""
        return len(self.feature_names)

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return len(self.cluster_names)

    @property
    def label_positions(self) -> NDArray[np.intp]:
        """``labels`` as positions in ``cluster_names``, shape (n_samples,)."""
        return positions_of(self.labels, self.cluster_names)

    @property
    def target_positions(self) -> NDArray[np.intp]:
        """``targets`` as positions in ``cluster_names``, shape (n_samples,)."""
        return positions_of(self.targets, self.cluster_names)

    @property
    def competitor_positions(self) -> NDArray[np.intp]:
        """``competitors`` as positions in ``cluster_names``, shape (n_samples,)."""
        return positions_of(self.competitors, self.cluster_names)

    @property
    def plot(self) -> "Plotter":
        """The plots of `neonxai.plots`, drawn from this explanation: ``e.plot.sample(0)``."""
        # The one arrow upwards in the house, for the sake of the user; only when it is asked for.
        from neonxai.plots import Plotter

        return Plotter(self)

    def __len__(self) -> int:
        return self.n_samples

    def __getitem__(self, rows: int | slice | ArrayLike) -> Self:
        """Return the explanation of some rows: an index, a slice, a mask or an array of indices."""
        if isinstance(rows, tuple):
            raise IndexError("An explanation is indexed by rows alone; index its relevance for features.")
        if isinstance(rows, int | np.integer) and not -self.n_samples <= rows < self.n_samples:
            raise IndexError(f"Row {rows} is out of range: there are {self.n_samples} rows.")
        key = rows if isinstance(rows, slice) else np.atleast_1d(np.asarray(rows))
        if isinstance(key, np.ndarray):
            if not key.size:
                key = key.astype(np.intp)  # an empty list is no list of floats
            if key.ndim != 1 or key.dtype.kind not in "biu":
                raise IndexError(
                    f"Rows are chosen by an index, a slice, a mask, or one list of indices; not by an array "
                    f"of shape {key.shape} and dtype {key.dtype}."
                )
        per_row = {name: getattr(self, name)[key] for name in _PER_ROW}
        return replace(self, **per_row, index=None if self.index is None else self.index[key])

    def conservation_error(self) -> NDArray[np.float64]:
        """|Σ_i relevance_i + absorbed + base_value − logit| of every row, in the unit of the logit.

        Returns
        -------
        array of shape (n_samples,)
            Rounding alone: a few ulp of Σ|relevance|.
        """
        total: NDArray[np.float64] = self.relevance.sum(axis=1, dtype=np.float64)
        total += self.absorbed
        total += self.base_value
        total -= self.logits
        return np.abs(total, out=total)

    def summary_values(self, by: str | None = "cluster", statistic: str = "mean") -> NDArray[np.float64]:
        """The numbers of `summary`, always as an array.

        Returns
        -------
        array of shape (n_clusters, n_features), or (n_features,) for ``by=None``
            NaN for a cluster without rows.
        """
        if by not in ("cluster", None):
            raise ValueError(f"by={by!r} is not known; choose 'cluster' or None (all rows together).")
        if statistic not in _STATISTICS:
            raise ValueError(f"statistic={statistic!r} is not known; choose one of {', '.join(_STATISTICS)}.")
        groups = self.label_positions if by == "cluster" else np.zeros(self.n_samples, dtype=np.intp)
        n_groups = self.n_clusters if by == "cluster" else 1
        sums = np.zeros((n_groups, self.n_features))
        step = max(1, _BLOCK_VALUES // self.n_features)
        for start in range(0, self.n_samples, step):
            block = self.relevance[start : start + step]
            group = groups[start : start + step]
            ones = csr_array((np.ones(len(group)), (group, np.arange(len(group)))), (n_groups, len(group)))
            sums += ones @ (block if statistic == "mean" else np.abs(block)).astype(np.float64, copy=False)
        with np.errstate(invalid="ignore", divide="ignore"):
            if statistic == "share":
                sums /= sums.sum(axis=1, keepdims=True)
            else:
                sums /= np.bincount(groups, minlength=n_groups)[:, None]
        return sums if by == "cluster" else sums[0]

    def summary(self, by: str | None = "cluster", statistic: str = "mean") -> Any:
        """What the features do on average, per cluster or over all rows.

        Parameters
        ----------
        by : {"cluster", None}
            Average the rows of each cluster (the one that they are assigned to), or all rows.
        statistic : {"mean", "mean_abs", "share"}
            "mean": signed, evidence for and against cancels; sums over the features to the mean logit (less
            what is absorbed). "mean_abs": how much a feature matters in either direction. "share": the same,
            as a part of the whole; sums to 1.

        Returns
        -------
        frame or array
            For a frame, the same kind of frame: a row per cluster that has rows, with its name in the column
            ``cluster`` (the index, in pandas); for ``by=None`` a row per feature. For an array, an array:
            (n_clusters, n_features) with NaN for a cluster without rows, or (n_features,).

        Raises
        ------
        ValueError
            If ``by`` or ``statistic`` is not known.

        Examples
        --------
        >>> import neonxai
        >>> centers = neonxai.Centroids([[0.0, 0.0], [2.0, 0.0]])
        >>> neonxai.explain(centers, [[0.5, 7.0], [0.0, 1.0], [2.0, 3.0]], beta=1.0).summary()
        array([[3., 0.],
               [4., 0.]])
        """
        values = self.summary_values(by, statistic)
        if self.frame is None:
            return values
        if by is None:
            return frames.build(self.frame, {"feature": list(self.feature_names), statistic: values})
        present = np.unique(self.label_positions)
        clusters = [self.cluster_names[k] for k in present]
        columns = dict(zip(self.feature_names, values[present].T, strict=True))
        if self.frame == "pandas":
            table = frames.build("pandas", columns, clusters)
            return table.rename_axis(index="cluster")
        return frames.build(self.frame, {free_name("cluster", self.feature_names): clusters, **columns})

    def contrast(self) -> Any:
        """What tells the clusters apart: for each against each other one, the features at its prototype.

        A cluster's prototype is its center, mean or medoid. For k-means the entry of cluster c, rival k and
        feature i is (μ_ci − μ_ki)², exactly and symmetrically, and the evidence is ‖μ_c − μ_k‖². Elsewhere c
        against k need not be k against c.

        Returns
        -------
        frame or array
            For a frame, the same kind of frame: a row for each cluster and rival, with the evidence and the
            relevance of each feature; ``absorbed`` where they don't sum up to it. For an array,
            ``contrasts``, of shape (n_clusters, n_clusters, n_features), 0 on the diagonal. NaN in the rows
            of a cluster without a prototype, such as noise.

        Raises
        ------
        ValueError
            If the model has no prototypes, or too many clusters for the table to be always at hand; then
            `ClusterExplainer.contrast` makes it for those that are asked for.

        Examples
        --------
        >>> import neonxai
        >>> e = neonxai.explain(neonxai.Centroids([[0.0, 0.0], [2.0, 1.0]]), [[0.5, 7.0]], beta=1.0)
        >>> e.contrast()[0, 1]
        array([4., 1.])
        """
        if self.contrasts is None or self.separations is None:
            if self.n_clusters**2 * self.n_features <= SMALL_TABLE:
                raise ValueError(
                    "There is no table of contrasts: the model has no centers, means or medoids to compare, "
                    "as an outlier score has none."
                )
            raise ValueError(
                f"{self.n_clusters} clusters × {self.n_features} features are too many for a table of all "
                "pairs. For some of them ClusterExplainer(model).fit(X).contrast(clusters) makes it."
            )
        return contrast_table(
            self.contrasts, self.separations, self.cluster_names, self.feature_names, self.frame
        )

    def borderline(self, n: int = 10) -> Self:
        """Return the rows in doubt: those nearest to a boundary, with the smallest |logit| first.

        Between which clusters a row lies is in ``targets`` and ``competitors``. (A large negative logit of a
        row's own cluster is no doubt, but another opinion: that of the network which stands in for the
        clustering.)

        Parameters
        ----------
        n : int
            How many, at most.

        Examples
        --------
        >>> import neonxai
        >>> centers = neonxai.Centroids([[0.0], [2.0]])
        >>> neonxai.explain(centers, [[0.1], [1.1], [0.8]], beta=1.0).borderline(2).data
        array([[1.1],
               [0.8]])
        """
        if not isinstance(n, int | np.integer) or n < 0:
            raise ValueError(f"n={n!r} rows can't be chosen. Give a whole number ≥ 0.")
        return self[np.argsort(np.abs(self.logits), kind="stable")[:n]]

    def to_frame(self, kind: str | None = None) -> Any:
        """Everything in one table: cluster, competitor, logit, probability and the relevance of each row.

        Parameters
        ----------
        kind : {"pandas", "polars", "pyarrow"}, optional
            The kind of frame; by default the kind that came in or, for an array, the first of the three that
            is installed.

        Returns
        -------
        frame
            Columns ``cluster``, ``competitor``, ``logit``, ``probability``; ``absorbed`` where anything was
            absorbed; then each feature's relevance under its name. ``cluster`` is the explained cluster. A
            feature that has one of these names keeps it; the other column gets an underscore at its end.

        Raises
        ------
        ImportError
            If the frame's library is not installed.
        """
        facts: dict[str, ArrayLike] = {
            "cluster": self.targets.tolist(),
            "competitor": self.competitors.tolist(),
            "logit": self.logits,
            "probability": self.probabilities,
        }
        if np.any(self.absorbed):
            facts["absorbed"] = self.absorbed
        columns = {free_name(name, self.feature_names): column for name, column in facts.items()}
        columns.update(zip(self.feature_names, self.relevance.T, strict=True))
        return frames.build(kind or self.frame or frames.default_kind(), columns, self.index)

    def to_shap(self) -> Any:
        """Return a ``shap.Explanation``, which SHAP's plots draw.

        Its values are the relevances. They are no Shapley values, though the plots call them so, and speak
        for each row's own cluster: to plot many rows choose one, ``e[e.labels == 2].to_shap()``. The base
        value is ``base_value`` plus what a row has absorbed, so that everything adds up to the logit.

        Returns
        -------
        shap.Explanation
            Of shape (n_samples, n_features).

        Raises
        ------
        ImportError
            If shap is not installed.
        """
        try:
            import shap
        except ImportError as error:
            raise ImportError("to_shap needs SHAP, which is not installed: pip install shap") from error
        return shap.Explanation(
            values=self.relevance,
            base_values=self.base_value + self.absorbed,
            data=self.data,
            feature_names=list(self.feature_names),
        )

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Store the explanation in one file, without pickle: an .npz archive of arrays.

        Parameters
        ----------
        path : path
            Where to; written under exactly this name.
        overwrite : bool
            Whether an existing file may be replaced.

        Raises
        ------
        FileExistsError
            If the file exists and ``overwrite`` is false.
        TypeError
            If the rows of a pandas frame have names that are neither numbers, dates nor strings.
        """
        arrays = {name: np.asarray(getattr(self, name)) for name in _PER_ROW}
        if self.index is not None:
            arrays["index"] = _storable(self.index)
        if self.contrasts is not None and self.separations is not None:
            arrays |= {"contrasts": self.contrasts, "separations": self.separations}
        plain = [f.name for f in fields(self) if f.name not in (*_PER_ROW, *_OTHER_ARRAYS)]
        storage.write(
            path, "Explanation", {name: getattr(self, name) for name in plain}, arrays, overwrite=overwrite
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read an explanation that `save` stored, to the same bits. No code is run.

        The names of a pandas frame's rows come back as an array, without a name of their own.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not such a file.
        """
        plain = {f.name for f in fields(cls)} - {*_PER_ROW, *_OTHER_ARRAYS}
        facts, arrays = storage.read(path, "Explanation", fields=plain, arrays=(*_PER_ROW, *_OTHER_ARRAYS))
        for name in ("feature_names", "cluster_names"):
            facts[name] = tuple(facts[name])
        try:
            everything: dict[str, Any] = {**facts, **arrays}
            loaded = cls(**everything)
            _check_loaded(loaded)
        except (TypeError, ValueError, IndexError) as error:
            raise ValueError(f"{os.fspath(path)} holds no whole explanation: {error}.") from error
        return loaded

    def __repr__(self) -> str:
        return text_overview(self)

    def _repr_html_(self) -> str:
        return html_overview(self)


_PER_ROW = (
    "relevance",
    "logits",
    "labels",
    "targets",
    "competitors",
    "probabilities",
    "absorbed",
    "data",
)
_OTHER_ARRAYS = ("index", "contrasts", "separations")


def _check_loaded(e: Explanation) -> None:
    """Raise a ValueError unless all parts fit together."""
    n, d = e.n_samples, e.n_features
    shapes = {name: (n, d) if name in ("relevance", "data") else (n,) for name in _PER_ROW}
    for name, shape in shapes.items():
        array = getattr(e, name)
        kinds = "biufU" if name in ("labels", "targets", "competitors") else "f"
        if array.shape != shape or array.dtype.kind not in kinds:
            raise ValueError(f"{name} has shape {array.shape} and dtype {array.dtype}, not {shape}")
    if e.index is not None and len(e.index) != n:
        raise ValueError(f"there are {len(e.index)} row names for {n} rows")
    if not (all(isinstance(name, str) for name in e.feature_names) and e.pooling in ("min", "soft")):
        raise ValueError("its names or its pooling are of another kind")
    if not (isinstance(e.beta, float) and e.beta >= 0 and isinstance(e.base_value, float)):
        raise ValueError(f"beta is {e.beta!r}")
    k = e.n_clusters
    tables = ((e.contrasts, [k, k, d]), (e.separations, [k, k]))
    for table, lengths in tables:
        if table is not None and (list(table.shape) != lengths or table.dtype.kind != "f"):
            raise ValueError(f"its contrasts have shape {table.shape} and dtype {table.dtype}")
    for clusters in (e.labels, e.targets, e.competitors):
        positions_of(clusters, e.cluster_names)


def _storable(index: Any) -> NDArray[np.generic]:
    """Turn row names into an array that needs no pickle."""
    array = np.asarray(index)
    if array.dtype.kind in "OT" and all(isinstance(name, str) for name in array):
        array = array.astype(np.str_)
    if array.dtype.kind not in "biufUM":
        raise TypeError(
            f"The rows' names are {type(index).__qualname__} of dtype {array.dtype}, which can't be stored "
            "without pickle. Save dataclasses.replace(e, index=None), or explain X.reset_index(drop=True)."
        )
    return array
