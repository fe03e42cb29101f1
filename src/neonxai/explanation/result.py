"""The result of explaining: an `Explanation`."""

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, issparse

from neonxai import frames
from neonxai.explanation import cells, file
from neonxai.explanation.contrast import SMALL_TABLE, contrast_table
from neonxai.explanation.overview import html_overview, text_overview
from neonxai.explanation.rows import row_key
from neonxai.explanation.shap_values import to_shap
from neonxai.explanation.sums import conservation_error, summed_up
from neonxai.explanation.tabular import long_table, summary_table, wide_table
from neonxai.names import positions_of
from neonxai.tensors import host_copy, namespace_of, take_rows

if TYPE_CHECKING:
    from neonxai.plots import Plotter

_STATISTICS = ("mean", "mean_abs", "share")
_FORMS = ("auto", "wide", "long")


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """Why each row is in its cluster: how much each feature contributes to the evidence for it.

    What is said of rows in floats are arrays of the library that the rows came in (PyTorch, CuPy, JAX, any
    with the array API), on their device. Names of clusters and all summaries are NumPy's.

    For every row, Σ_i relevance_i + absorbed + base_value = logit; with sparse relevance, Σ_i relevance_i +
    absent + absorbed + base_value = logit.

    Attributes
    ----------
    relevance : float array or csr_array of shape (n_samples, n_features)
        R_i: the part of the logit that feature i accounts for, in the logit's unit. Positive speaks for the
        cluster, negative against it. Sparse for sparse rows: what is present in a row has an entry.
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
    base_value : float, or float array of shape (n_samples,)
        The logit from which the relevance counts: 0 for ``method="neon"``; a row's own against a background,
        where it is the mean logit ("shapley"), or that of the mean ("integrated"), of the row's cluster.
    feature_names : tuple of str
        Names of the features.
    cluster_names : tuple
        Names of the clusters, all numbers or all strings; 0, 1, ... for k-means.
    data : array, csr_array, frame, series or list of n_samples rows
        The rows that were explained: the caller's own array or frame, where it could be used as it was. Of
        numbers, or of whatever a pipeline takes: categories, text, missing values.
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
    absent : float array of shape (n_samples,) or None
        With sparse relevance: what all features that are absent from a row account for together. That a
        document lacks a term matters, too.
    row_kind : {"row", "document"}
        What a row is called, and a feature: "feature" or "term".
    standard_error : float array or csr_array of shape (n_samples, n_features), or None
        Of Shapley values, that of each one: 0 where it is exact. Sparse, with the same entries, where
        relevance is; what is absent has none. None for other methods, and behind steps
        that are not affine.

    Examples
    --------
    >>> import neonxai
    >>> e = neonxai.explain(neonxai.Centroids([[0.0, 0.0], [2.0, 0.0]]), [[0.5, 7.0]], beta=1.0)
    >>> e.relevance  # (0.5 − 2)² − 0.5² = 2 from the first feature, nothing from the second
    array([[2., 0.]])
    >>> e.logits
    array([2.])
    """

    relevance: NDArray[np.floating] | csr_array
    logits: NDArray[np.floating]
    labels: NDArray[np.generic]
    targets: NDArray[np.generic]
    competitors: NDArray[np.generic]
    probabilities: NDArray[np.floating]
    absorbed: NDArray[np.floating]
    base_value: float | NDArray[np.floating]
    feature_names: tuple[str, ...]
    cluster_names: tuple[Any, ...]
    data: Any
    beta: float
    pooling: str
    agreement: float | None = None
    frame: str | None = None
    index: Any = None
    contrasts: NDArray[np.float64] | None = None
    separations: NDArray[np.float64] | None = None
    absent: NDArray[np.floating] | None = None
    row_kind: str = "row"
    standard_error: NDArray[np.floating] | csr_array | None = None

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return len(self.labels)

    @property
    def n_features(self) -> int:
        """Number of features."""
        return len(self.feature_names)

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return len(self.cluster_names)

    @property
    def feature_kind(self) -> str:
        """What a feature is called: "term" of documents, "feature" of anything else."""
        return "term" if self.row_kind == "document" else "feature"

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
        # An arrow upwards in the house, for the sake of the user; only when it is asked for.
        from neonxai.plots import Plotter

        return Plotter(self)

    def __len__(self) -> int:
        return self.n_samples

    def __getitem__(self, rows: int | slice | ArrayLike) -> Self:
        """Return the explanation of some rows: an index, a slice, a mask or an array of indices."""
        key = row_key(rows, self.n_samples)
        per_row = {name: take_rows(getattr(self, name), key) for name in (*file.PER_ROW, "relevance")}
        for name in ("index", "absent", "standard_error"):
            value = getattr(self, name)
            per_row[name] = None if value is None else take_rows(value, key)
        if not isinstance(self.base_value, float | int):
            per_row["base_value"] = take_rows(self.base_value, key)
        return replace(self, **per_row, data=cells.take(self.data, key))

    def to_numpy(self) -> Self:
        """The same with NumPy's arrays in place of other libraries'; itself, if it has none of those.

        Arrays on the CPU are looked at where they are, others are copied. All methods but slicing ask for it.

        Examples
        --------
        >>> import neonxai
        >>> e = neonxai.explain(neonxai.Centroids([[0.0, 0.0], [2.0, 0.0]]), [[0.5, 7.0]], beta=1.0)
        >>> e.to_numpy() is e
        True
        """
        names = ("relevance", *file.PER_ROW, "base_value", "absent", "standard_error", "data")
        values = {name: getattr(self, name) for name in names}
        copied = {name: host_copy(value) for name, value in values.items() if namespace_of(value) is not None}
        return replace(self, **copied) if copied else self

    def conservation_error(self) -> NDArray[np.float64]:
        """|Σ_i relevance_i + absent + absorbed + base_value − logit| of every row, in the logit's unit.

        Returns
        -------
        array of shape (n_samples,)
            Rounding alone: a few ulp of Σ|relevance|.
        """
        return conservation_error(self.to_numpy())

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
        return summed_up(self.to_numpy(), by_cluster=by == "cluster", statistic=statistic)

    def summary(self, by: str | None = "cluster", statistic: str = "mean") -> Any:
        """What the features do on average, per cluster or over all rows.

        Parameters
        ----------
        by : {"cluster", None}
            Average the rows of each cluster (the one that they are assigned to), or all rows.
        statistic : {"mean", "mean_abs", "share"}
            "mean": signed, evidence for and against cancels; sums over the features to the mean logit (less
            what is absorbed or absent). "mean_abs": how much a feature matters in either direction. "share":
            the same, as a part of the whole; sums to 1. With sparse relevance a feature counts where it is
            present, and as 0 where it is not.

        Returns
        -------
        frame or array
            For a frame, the same kind of frame: a row per cluster that has rows, with its name in the column
            ``cluster`` (the index, in pandas); for ``by=None`` a row per feature. With sparse relevance a row
            per cluster and feature that is there, the largest first. For an array, an array: (n_clusters,
            n_features) with NaN for a cluster without rows, or (n_features,).

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
            names = np.array(self.feature_names, dtype=object)
            return frames.build(self.frame, {self.feature_kind: names, statistic: values})
        return summary_table(self, values, statistic, self.frame)

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
        return self[np.argsort(np.abs(host_copy(self.logits)), kind="stable")[:n]]

    def to_frame(self, kind: str | None = None, *, form: str = "auto") -> Any:
        """Everything in one table.

        Parameters
        ----------
        kind : {"pandas", "polars", "pyarrow"}, optional
            The kind of frame; by default the kind that came in or, for an array, the first of the three that
            is installed.
        form : {"auto", "wide", "long"}
            "wide": a row for each row. "long": a row for each relevance. "auto": long where the relevance is
            sparse, otherwise wide.

        Returns
        -------
        frame
            Wide: columns ``cluster``, ``competitor``, ``logit``, ``probability``; ``absorbed`` where anything
            was absorbed; then each feature's relevance under its name. ``cluster`` is the explained cluster.
            A feature that has one of these names keeps it; the other column gets an underscore at its end.

            Long: ``row`` (its position, or its name in ``index``), ``cluster``, ``feature``, ``relevance``;
            ``document`` and ``term`` of documents. In the order of the rows, the largest relevance first.
            What is absent from a row is not in the table; it is in ``absent``.

        Raises
        ------
        ImportError
            If the frame's library is not installed.
        ValueError
            If the form is not known, or it is "wide" and the relevance is sparse.

        Examples
        --------
        >>> import neonxai
        >>> e = neonxai.explain(neonxai.Centroids([[0.0, 0.0], [2.0, 1.0]]), [[0.5, 0.0]], beta=1.0)
        >>> e.to_frame("pandas", form="long")
           row  cluster feature  relevance
        0    0        0      x0        2.0
        1    0        0      x1        1.0
        """
        if form not in _FORMS:
            raise ValueError(f"form={form!r} is not known; choose one of {', '.join(_FORMS)}.")
        is_long = issparse(self.relevance) if form == "auto" else form == "long"
        table = long_table if is_long else wide_table
        return table(self.to_numpy(), kind or self.frame or frames.default_kind())

    def to_shap(self) -> Any:
        """Return a ``shap.Explanation``, which SHAP's plots draw.

        Its values are the relevances. They are no Shapley values, though the plots call them so, unless
        ``method="shapley"`` made them; and they speak for each row's own cluster: to plot many rows choose
        one, ``e[e.labels == 2].to_shap()``. The base value is ``base_value`` plus what a row has absorbed, so
        that everything adds up to the logit. With sparse relevance it has ``absent``, too, and what is absent
        is written out with a value of 0: choose rows first, ``e[:100].to_shap()``.

        Returns
        -------
        shap.Explanation
            Of shape (n_samples, n_features).

        Raises
        ------
        ImportError
            If shap is not installed.
        ValueError
            If sparse relevance of so many rows would take more than 1 GiB.
        """
        return to_shap(self.to_numpy())

    def to_html(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        explainer: Any = None,
        values: Any = None,
        names: Any = None,
        title: str | None = None,
        overwrite: bool = False,
    ) -> str | None:
        """Make a report: one HTML page with all that it needs in it, to look at and to send to others.

        Parameters
        ----------
        path : path, optional
            Where to write it, under exactly this name; by default it is returned.
        explainer : ClusterExplainer, optional
            The explainer that made this explanation. With it the report also answers why a row is in its
            cluster rather than in another one that the reader chooses, and says what the model is.
        values : array-like or frame of shape (n_samples, n_features), optional
            The same rows in the units to be shown, where the clustering has seen scaled ones, by default
            `data`; of documents, the texts.
        names : sequence of n_samples names, optional
            What rows are called. By default `index`, or their positions.
        title : str, optional
            The heading.
        overwrite : bool
            Whether an existing file may be replaced.

        Returns
        -------
        str or None
            The page, if there is no path.

        Raises
        ------
        FileExistsError
            If the file exists and ``overwrite`` is false.
        ImportError
            Without Jinja and Plotly: ``pip install "neonxai[report]"``.
        ValueError
            If there are no rows, or names or values are not those of these rows.
        """
        # Like `plot`, an arrow upwards in the house; only when it is asked for.
        from neonxai.report import to_html

        told = {"explainer": explainer, "values": values, "names": names, "title": title}
        return to_html(self, path, overwrite=overwrite, **told)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Store the explanation in one file, without pickle: an .npz archive of arrays.

        A frame in ``data`` is stored column by column: numbers as they are, anything else as text.

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
        file.write(self.to_numpy(), path, overwrite=overwrite)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read an explanation that `save` stored, to the same bits. No code is run.

        The names of a pandas frame's rows come back as an array, without a name of their own. Data in a frame
        comes back as an array if all of it is numbers; else as a frame of the same kind, where its library is
        installed, and as an array of objects where it is not.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not such a file.
        """
        return file.read(cls, path)

    def __repr__(self) -> str:
        return text_overview(self.to_numpy())

    def _repr_html_(self) -> str:
        return html_overview(self.to_numpy())
