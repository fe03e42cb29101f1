"""`ClusterExplainer` and `explain`: compose the stages, and hold no mathematics."""

import os
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from neonxai import frames, sources, storage
from neonxai.engines import Progress, for_each_tile, tile_rows
from neonxai.explanation import Explanation
from neonxai.names import positions_of
from neonxai.networks import Network, network_from_state
from neonxai.networks.base import family_name
from neonxai.networks.closure import close_sums
from neonxai.networks.pooling import min_pool_or_pair, pair_pool, probabilities, soft_pool

_METHODS = ("neon",)
_STORED = ("family", "beta", "pooling", "method", "feature_names", "cluster_names")
_POOLINGS = ("min", "soft")


class ClusterExplainer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Explain a clustering: which features put each row into its cluster, exactly.

    The clustering is rewritten as a neural network with the same output (layer 1: evidence for the row's
    cluster against each rival, layer 2: the minimum over the rivals), and the output is sent back to the
    features by layer-wise relevance propagation [Kauffmann2024]_:

    R_i = Σ_k (Z_ik / h_k) p_k f_c,  p_k = softmax over the rivals of (−β h_k),

    so that the relevances of a row sum to f_c, the model's own evidence.

    Parameters
    ----------
    model : estimator
        A clustering: a fitted one is explained as it is; an unfitted one is cloned, and fitted in `fit`.
        ``neonxai.sources.supported()`` lists the classes that are recognised.
    beta : float, "auto"
        How far beyond the nearest rival the explanation looks, in 1 / unit of the logit: 0 all rivals alike,
        ``inf`` the nearest only. "auto" is 1 / mean logit of the rows given to `fit`.
    pooling : {"auto", "min", "soft"}
        "min": the logit is the evidence against the nearest rival. "soft": −(1/β) log Σ_k exp(−β h_k), the
        log-odds of soft membership divided by β. "auto": what suits the model; "min" for k-means.
    method : {"neon"}
        The rule of propagation.

    Attributes
    ----------
    model_ : object
        The model that is explained: ``model``, or its fitted clone.
    network_ : neonxai.networks.Network
        The model as a network.
    beta_ : float
        β as a number.
    pooling_ : {"min", "soft"}
        The pooling that is used.
    cluster_names_, feature_names_ : tuple
        Names of clusters and features ("x0", "x1", ... where the data came without).
    n_features_in_ : int
        Number of features.
    feature_names_in_ : array of str
        Names of the features, where the data or the model has some.

    Notes
    -----
    As for every meta-estimator of scikit-learn, ``clone(explainer)`` clones the model too, and a clone is not
    fitted; wrap the model into ``sklearn.frozen.FrozenEstimator`` to prevent it.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> X = [[0.0, 0.0], [0.0, 1.0], [4.0, 0.0], [4.0, 1.0]]
    >>> explainer = ClusterExplainer(KMeans(2, random_state=0)).fit(X)
    >>> explainer.transform(X)  # centers (0, ½) and (4, ½): the first feature decides all
    array([[16.,  0.],
           [16.,  0.],
           [16.,  0.],
           [16.,  0.]])
    >>> float(explainer.beta_)
    0.0625
    """

    def __init__(
        self, model: Any, *, beta: float | str = "auto", pooling: str = "auto", method: str = "neon"
    ) -> None:
        self.model = model
        self.beta = beta
        self.pooling = pooling
        self.method = method

    def fit(self, X: Any, y: Any = None) -> Self:
        """Rewrite the model as a network, fitting a clone of it first if it is not fitted, and settle β.

        Parameters
        ----------
        X : array-like or frame of shape (n_samples, n_features)
            Data in the unit that the model knows.
        y : array-like of shape (n_samples,), optional
            Classes, for an unfitted model that needs them (``NearestCentroid``).

        Returns
        -------
        ClusterExplainer
            Itself.

        Raises
        ------
        TypeError
            If the model's class is not known, or a column is not numeric.
        ValueError
            If a parameter or the data is unfit; the message names the value, the cause and the remedy.
        """
        self._check_parameters()
        fitted = sources.is_fitted(self.model)
        if fitted:
            model = self.model
            source = sources.neuralize(model)
            table = self._read_fitting(X, source)
        else:
            table = frames.read(X)
            model = clone(self.model)
            # The frame itself where scikit-learn takes it, so that the model learns the columns' names.
            model.fit(X if table.kind in ("pandas", "polars") else table.values, y)
            source = sources.neuralize(model)
        self._settle(source, model, table.names)
        pooling = self.network_.default_pooling if self.pooling == "auto" else self.pooling
        if isinstance(self.beta, str):
            beta = _beta_heuristic(self.network_, table.values)
        else:
            beta = float(self.beta)
        if pooling == "soft" and beta < np.finfo(np.float64).tiny:
            raise ValueError(
                f"beta={beta:g} has no soft pooling: −(1/β) log Σ exp(−β h) is infinite there. "
                'Choose a positive beta, or pooling="min".'
            )
        self.beta_, self.pooling_ = beta, pooling
        return self

    def _check_parameters(self) -> None:
        if self.method not in _METHODS:
            raise ValueError(f"method={self.method!r} is not known; choose one of {', '.join(_METHODS)}.")
        if self.pooling not in ("auto", *_POOLINGS):
            raise ValueError(f"pooling={self.pooling!r} is not known; choose 'auto', 'min' or 'soft'.")
        beta = self.beta
        if isinstance(beta, str):
            if beta != "auto":
                raise ValueError(f"beta={beta!r} is not known; choose a number ≥ 0, inf or 'auto'.")
        elif not isinstance(beta, Real) or isinstance(beta, bool):
            raise TypeError(f"beta={beta!r} is not a number. Choose a number ≥ 0, inf or 'auto'.")
        elif not beta >= 0 or (beta != np.inf and beta > np.finfo(np.float64).max):
            raise ValueError(
                f"beta={beta!r:.30} is not possible: β weighs rivals by exp(−β h), and the farther must not "
                "weigh more. Choose a number ≥ 0, inf or 'auto'."
            )

    @staticmethod
    def _read_fitting(X: Any, source: sources.Source) -> frames.Table:
        table = frames.read(X, source.feature_names)
        n_features = source.network.n_features
        if table.values.shape[1] != n_features:
            raise ValueError(
                f"X has {table.values.shape[1]} features, but the model was fitted on {n_features}. "
                "Pass the columns that were clustered."
            )
        return table

    def _settle(self, source: sources.Source, model: Any, names: tuple[str, ...] | None) -> None:
        self.model_ = model
        self.network_ = source.network
        self.cluster_names_ = source.cluster_names
        self.n_features_in_ = source.network.n_features
        names = source.feature_names or names
        if names is not None:
            self.feature_names_in_ = np.array(names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self.feature_names_ = names or tuple(f"x{i}" for i in range(self.n_features_in_))

    def explain(
        self,
        X: Any,
        target: Any = None,
        against: Any = None,
        *,
        progress: Progress | None = None,
    ) -> Explanation:
        """Explain rows.

        Parameters
        ----------
        X : array-like or frame of shape (n_samples, n_features)
            Rows in the unit that the model knows. float32 gives float32, computed in float64 inside.
        target : cluster name or array of shape (n_samples,), optional
            The cluster to explain, for all rows or row by row; by default the assigned one. For a cluster
            that a row is not in, the evidence is negative: min-pooling compares it with the assigned cluster
            alone, d_assigned − d_target; soft pooling gives its log-odds.
        against : cluster name or array of shape (n_samples,), optional
            Compare with this one rival: "why ``target`` rather than ``against``".
        progress : callable(done, n_samples), optional
            Called as rows are done.

        Returns
        -------
        Explanation

        Raises
        ------
        ValueError
            If the data is unfit, a cluster is not known, or a row would be compared with its own cluster.
        """
        check_is_fitted(self)
        known = getattr(self, "feature_names_in_", None)
        table = frames.read(X, known)
        values = table.values
        n_samples = len(values)
        if values.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {values.shape[1]} features, but ClusterExplainer is expecting {self.n_features_in_} "
                "features as input. Pass the columns that were clustered."
            )
        targets = self._clusters(target, n_samples, "target")
        rivals = self._clusters(against, n_samples, "against")
        dtype, names = values.dtype, np.array(self.cluster_names_)
        result = Explanation(
            relevance=np.empty(values.shape, dtype),
            logits=np.empty(n_samples, dtype),
            labels=np.empty(n_samples, names.dtype),
            targets=np.empty(n_samples, names.dtype),
            competitors=np.empty(n_samples, names.dtype),
            probabilities=np.empty(n_samples, dtype),
            absorbed=np.empty(n_samples, dtype),
            base_value=0.0,
            feature_names=self.feature_names_ if known is not None else table.names or self.feature_names_,
            cluster_names=self.cluster_names_,
            data=values,
            beta=self.beta_,
            pooling=self.pooling_,
            frame=table.kind,
            index=table.index,
        )

        def work(tile: slice) -> None:
            self._explain_tile(
                result,
                tile,
                None if targets is None else targets[tile],
                None if rivals is None else rivals[tile],
            )

        with _overflow_is_checked():
            for_each_tile(work, n_samples, _tile_rows(self.network_), progress)
        return result

    def _explain_tile(
        self,
        result: Explanation,
        tile: slice,
        targets: NDArray[np.intp] | None,
        rivals: NDArray[np.intp] | None,
    ) -> None:
        """Fill in the rows of a tile."""
        X = result.data[tile]
        labels, evidence = self.network_.evidence(X, beta=self.beta_)
        clusters = labels
        if targets is not None:
            clusters, evidence = self.network_.evidence(X, targets, beta=self.beta_)
        if rivals is not None:
            _check_rivals(clusters, rivals, tile.start, self.cluster_names_)
            pooled = pair_pool(evidence, rivals)
        elif self.pooling_ == "soft":
            pooled = soft_pool(evidence, self.beta_)
        else:
            pooled = min_pool_or_pair(evidence, clusters, labels, self.beta_)
        relevance, absorbed = self.network_.redistribute(X, clusters, pooled.coefficients)
        absorbed += pooled.absorbed
        total = close_sums(relevance, pooled.logits - absorbed)
        _check_overflow(np.maximum(total, np.abs(pooled.logits)), result.logits.dtype, tile.start)
        result.relevance[tile] = relevance
        result.logits[tile] = pooled.logits
        names = np.array(self.cluster_names_)
        result.labels[tile] = names[labels]
        result.targets[tile] = names[clusters]
        result.competitors[tile] = names[pooled.competitors]
        result.probabilities[tile] = probabilities(pooled.logits, self.beta_)
        result.absorbed[tile] = absorbed

    def _clusters(self, asked: Any, n_samples: int, argument: str) -> NDArray[np.intp] | None:
        """Turn names of clusters into their positions, one per row."""
        if asked is None:
            return None
        names = np.asarray(asked)
        if names.ndim == 0:
            names = np.broadcast_to(names, n_samples)
        if names.shape != (n_samples,):
            raise ValueError(
                f"{argument} has shape {names.shape}, but there are {n_samples} rows. Give one cluster, "
                "or one for each row."
            )
        try:
            return positions_of(names, self.cluster_names_)
        except ValueError as error:
            raise ValueError(f"{argument}={error}") from error

    def transform(self, X: Any) -> Any:
        """Return the relevance of the assigned clusters alone; ``set_output`` chooses the kind of frame.

        Parameters
        ----------
        X : array-like or frame of shape (n_samples, n_features)
            Rows in the unit that the model knows.

        Returns
        -------
        array or frame of shape (n_samples, n_features)
            R_i, in the unit of the logit.
        """
        return self.explain(X).relevance

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Store the fitted explainer in one file, without pickle: the network, β, pooling and all names.

        The foreign model itself is not stored; a loaded explainer's ``model_`` is the network.

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
        """
        check_is_fitted(self)
        named = hasattr(self, "feature_names_in_")
        fields = {
            "family": family_name(self.network_),
            "beta": self.beta_,
            "pooling": self.pooling_,
            "method": self.method,
            "feature_names": self.feature_names_ if named else None,
            "cluster_names": self.cluster_names_,
        }
        storage.write(path, "ClusterExplainer", fields, self.network_.to_state(), overwrite=overwrite)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read an explainer that `save` stored; it explains to the same bits. No code is run.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not such a file.
        """
        fields, arrays = storage.read(path, "ClusterExplainer", fields=_STORED, arrays=None)
        try:
            network = network_from_state(fields["family"], arrays)
            explainer = cls(network, beta=fields["beta"], pooling=fields["pooling"], method=fields["method"])
            explainer._check_parameters()
            names = None if fields["feature_names"] is None else tuple(map(str, fields["feature_names"]))
            source = sources.Source(network, tuple(fields["cluster_names"]), names)
        except (TypeError, ValueError, KeyError, IndexError) as error:
            raise ValueError(f"{os.fspath(path)} holds no whole explainer: {error}.") from error
        explainer._settle(source, network, None)
        explainer.beta_, explainer.pooling_ = fields["beta"], fields["pooling"]
        return explainer


def explain(
    model: Any,
    X: Any,
    *,
    beta: float | str = "auto",
    pooling: str = "auto",
    method: str = "neon",
    target: Any = None,
    against: Any = None,
) -> Explanation:
    """Explain why each row of X is in its cluster: ``ClusterExplainer(model, ...).fit(X).explain(X, ...)``.

    Parameters
    ----------
    model : estimator
        A clustering, fitted or not; see `ClusterExplainer`.
    X : array-like or frame of shape (n_samples, n_features)
        Data in the unit that the model knows.
    beta, pooling, method
        As for `ClusterExplainer`.
    target, against
        As for `ClusterExplainer.explain`.

    Returns
    -------
    Explanation

    Raises
    ------
    TypeError, ValueError
        As for `ClusterExplainer.fit` and `ClusterExplainer.explain`.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.datasets import load_iris
    >>> iris = load_iris(as_frame=True).data
    >>> e = explain(KMeans(2, random_state=0), iris)
    >>> e.summary(by=None, statistic="share").round(2)
                 feature  share
    0  sepal length (cm)   0.11
    1   sepal width (cm)   0.02
    2  petal length (cm)   0.74
    3   petal width (cm)   0.13
    """
    explainer = ClusterExplainer(model, beta=beta, pooling=pooling, method=method).fit(X)
    return explainer.explain(X, target=target, against=against)


def _overflow_is_checked() -> np.errstate:
    """Silence NumPy's warning: `_check_overflow` says which row it was."""
    return np.errstate(over="ignore", invalid="ignore")


def _tile_rows(network: Network) -> int:
    n_clusters, n_features = network.n_clusters, network.n_features
    return tile_rows(4 * n_clusters + 6 * n_features, n_clusters * n_features)


def _beta_heuristic(network: Network, X: NDArray[np.floating]) -> float:
    """1 / mean logit over all rows; inf where every row lies on a boundary."""
    logits = np.empty(len(X))

    def work(tile: slice) -> None:
        _, evidence = network.evidence(X[tile])
        logits[tile] = evidence.min(axis=1)

    with _overflow_is_checked():
        for_each_tile(work, len(X), _tile_rows(network))
    _check_overflow(logits, logits.dtype, 0)
    with np.errstate(over="ignore", divide="ignore"):
        return float(1.0 / logits.mean())


def _check_rivals(
    clusters: NDArray[np.intp], rivals: NDArray[np.intp], first_row: int, names: tuple[Any, ...]
) -> None:
    same = np.flatnonzero(clusters == rivals)
    if len(same):
        name = names[rivals[same[0]]]
        raise ValueError(
            f"Row {first_row + int(same[0])} would be explained for cluster {name!r} against itself. Give a "
            "target= that differs from against=, or leave out the rows that are in that cluster."
        )


def _check_overflow(values: NDArray[np.float64], dtype: np.dtype[np.floating], first_row: int) -> None:
    fits = values <= np.finfo(dtype).max  # False for NaN too
    if not fits.all():
        safe = "about 1e150" if dtype == np.float64 else "about 1e18, or pass float64"
        raise ValueError(
            f"The evidence of row {first_row + int(np.argmin(fits))} is too large for {dtype}: squared "
            f"distances overflow. Rescale the data and the model (differences are safe up to {safe})."
        )
