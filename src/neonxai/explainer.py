"""`ClusterExplainer`: composes the stages, and holds no mathematics."""

import inspect
import os
import warnings
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from neonxai import frames, sources, storage
from neonxai.contrast import SMALL_TABLE
from neonxai.engines import Progress
from neonxai.explanation import Explanation
from neonxai.names import check_order, index_of, positions_of
from neonxai.networks import Network, network_from_state
from neonxai.networks.base import family_name
from neonxai.parameters import check_parameters
from neonxai.propagation import (
    LOW_AGREEMENT,
    LowAgreementWarning,
    Question,
    check_overflow,
    contrast,
    for_each_tile_of,
    overflow_is_checked,
    propagate,
    survey,
)
from neonxai.sources import Labels

_STORED = ("family", "beta", "pooling", "method", "agreement", "feature_names", "cluster_names")


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
        ``inf`` the nearest only. "auto" is 1 / mean logit of the rows given to `fit`; 1 for mixtures, whose
        logit is the log-odds then.
    pooling : {"auto", "min", "soft"}
        "min": the logit is the evidence against the nearest rival. "soft": −(1/β) log Σ_k exp(−β h_k), the
        log-odds of soft membership divided by β. "auto": "soft" for mixtures and other models of
        probabilities, "min" for the others.
    gamma : float, "auto"
        γ of support points, for clusterings that are known by their labels alone: the width of a point's
        neighborhood is 1/√γ, in the unit of the data; ``inf`` looks at the nearest point of each cluster.
        "auto" is the leave-one-out likelihood's choice. Other models have no use for it.
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
    agreement_ : float or None
        The share of the rows given to `fit` that the network assigns as the clustering did, where it stands
        in for it; None where the network is the clustering.
    labels_ : array of shape (n_samples,) or None
        What the clustering said about the rows given to `fit`, where nothing else is known of it.
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
    fitted; wrap the model into ``sklearn.frozen.FrozenEstimator`` to prevent it. Where a model can't be
    copied, as those of FAISS and Spark, its network can: ``neonxai.sources.neuralize(model).network``.

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
        self,
        model: Any,
        *,
        beta: float | str = "auto",
        pooling: str = "auto",
        gamma: float | str = "auto",
        method: str = "neon",
    ) -> None:
        self.model = model
        self.beta = beta
        self.pooling = pooling
        self.gamma = gamma
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

        Warns
        -----
        neonxai.LowAgreementWarning
            If a network that stands in for the clustering agrees with it on less than 90 % of the rows.

        Raises
        ------
        TypeError
            If the model's class is not known, or a column is not numeric.
        ValueError
            If a parameter or the data is unfit; the message names the value, the cause and the remedy.
        """
        check_parameters(self)
        if sources.is_fitted(self.model):
            model = self.model
            source = sources.neuralize(model)
            table = frames.read(X, source.feature_names)
        else:
            sources.check_unfitted(self.model, y)
            table = frames.read(X)
            model = clone(self.model)
            # The frame itself where scikit-learn takes it, so that the model learns the columns' names.
            takes_frames = type(model).__module__.startswith("sklearn.") and table.kind in (
                "pandas",
                "polars",
            )
            model.fit(X if takes_frames else table.values, y)
            source = sources.neuralize(model)
        network = self._settle(source, model, table)
        self._frame = table.kind
        self.pooling_ = network.default_pooling if self.pooling == "auto" else self.pooling
        with overflow_is_checked():
            self.beta_, self.agreement_ = self._survey(table.values)
            self._contrast_all()
        if self.pooling_ == "soft" and self.beta_ < np.finfo(np.float64).tiny:
            raise ValueError(
                f"beta={self.beta_:g} has no soft pooling: −(1/β) log Σ exp(−β h) is infinite there. "
                'Choose a positive beta, or pooling="min".'
            )
        return self

    def _settle(self, source: "sources.Source | Labels", model: Any, table: frames.Table) -> Network:
        """Take over a model, as far as the rows that it is fitted to are needed for it."""
        self.labels_ = None
        if isinstance(source, Labels):
            self.labels_ = source.labels
            source = source.on(table.values, self.gamma, table.index)
        elif self.gamma != "auto":
            raise ValueError(
                f"gamma={self.gamma!r} has no meaning for {type(model).__qualname__}: it is explained as it "
                'is, without support points. Leave gamma="auto".'
            )
        n_features = source.network.n_features
        if table.values.shape[1] != n_features:
            raise ValueError(
                f"X has {table.values.shape[1]} features, but the model was fitted on {n_features}. "
                "Pass the columns that were clustered."
            )
        self._adopt(source, model, table.names)
        return source.network

    def _survey(self, X: NDArray[np.floating]) -> tuple[float, float | None]:
        """β and the agreement, from all rows."""
        given = self.network_.default_beta if isinstance(self.beta, str) else float(self.beta)
        stands_in = self.network_.known_labels(X[:1]) is not None
        if given is not None and not stands_in:
            return given, None
        labels = None if self.labels_ is None else self._clusters(self.labels_, len(X), "labels")
        logits, agreement = survey(self.network_, X, labels)
        check_overflow(logits, logits.dtype, 0)
        if agreement is not None and agreement < LOW_AGREEMENT:
            warnings.warn(
                f"The network that stands in for the clustering agrees with it on only {agreement:.1%} of "
                "the rows: the labels say something else than who is near whom in X. Explanations of "
                "the other rows are weak. Is X what was clustered, scaled as it was then? If so, try another "
                "gamma, for example gamma=float('inf').",
                LowAgreementWarning,
                stacklevel=_level_of_the_caller(),
            )
        if given is not None:
            return given, agreement
        with np.errstate(over="ignore", divide="ignore"):
            return float(1.0 / logits.mean()), agreement

    def _contrast_all(self) -> None:
        """Make the table of contrasts, if it is not too large to be always at hand."""
        n_clusters = self.network_.n_clusters
        self.prototypes_ = self.network_.prototypes
        self._contrasts: tuple[NDArray[np.float64] | None, NDArray[np.float64] | None] = None, None
        if self.prototypes_ is not None and n_clusters**2 * self.n_features_in_ <= SMALL_TABLE:
            self._contrasts = contrast(self.network_, np.arange(n_clusters))

    def _adopt(self, source: sources.Source, model: Any, names: tuple[str, ...] | None) -> None:
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
        labels: Any = None,
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
        labels : array of shape (n_samples,), optional
            What the clustering says about these rows, where only labels are known of it. By default a row
            that was clustered, recognised by its values, keeps its label, and a new one gets the network's.
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
        for asked, argument in ((target, "target"), (against, "against"), (labels, "labels")):
            check_order(index_of(asked), table.index, argument)
        targets = self._clusters(target, n_samples, "target")
        rivals = self._clusters(against, n_samples, "against")
        told = self._clusters(labels, n_samples, "labels")
        if told is not None and self.agreement_ is None:
            raise ValueError(
                f"labels= were given, but {type(self.model_).__qualname__} assigns rows itself. Leave them "
                "out, or choose the clusters to explain by target=."
            )
        question = Question(targets, rivals, told)
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
            agreement=self.agreement_,
            frame=table.kind,
            index=table.index,
            contrasts=self._contrasts[0],
            separations=self._contrasts[1],
        )

        def work(tile: slice) -> None:
            self._explain_tile(result, tile, question.of(tile))

        with overflow_is_checked():
            for_each_tile_of(self.network_, work, n_samples, progress)
        return result

    def _explain_tile(self, result: Explanation, tile: slice, question: Question) -> None:
        """Fill in the rows of a tile."""
        answer = propagate(self.network_, result.data[tile], question, beta=self.beta_, pooling=self.pooling_)
        if question.rivals is not None:
            _check_rivals(answer.targets, question.rivals, tile.start, self.cluster_names_)
        check_overflow(answer.magnitudes, result.logits.dtype, tile.start)
        names = np.array(self.cluster_names_)
        result.relevance[tile] = answer.relevance
        result.logits[tile] = answer.logits
        result.labels[tile] = names[answer.labels]
        result.targets[tile] = names[answer.targets]
        result.competitors[tile] = names[answer.competitors]
        result.probabilities[tile] = answer.probabilities
        result.absorbed[tile] = answer.absorbed

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

    def explain_prototypes(self) -> Explanation:
        """Explain each cluster's prototype for its cluster: its center, mean or medoid.

        Returns
        -------
        Explanation
            One row for each cluster that has one, in the order of ``cluster_names_``; noise has none.

        Raises
        ------
        ValueError
            If the model has no prototypes, such as an outlier detector.
        """
        check_is_fitted(self)
        if self.prototypes_ is None:
            raise ValueError(
                f"A {type(self.model_).__qualname__} has no centers, means or medoids to explain."
            )
        rows = np.flatnonzero(~np.isnan(self.prototypes_).any(axis=1))
        e = self.explain(self.prototypes_[rows], target=np.array(self.cluster_names_)[rows])
        return replace(e, frame=self._frame)  # tables of the kind that the explainer was fitted to

    def contrast(self, clusters: Any = None) -> Any:
        """What tells clusters apart: `Explanation.contrast` for some of them, however many there are.

        Parameters
        ----------
        clusters : sequence of cluster names, optional
            At least two; by default all.

        Returns
        -------
        array of shape (n_asked, n_asked, n_features)
            The relevance of each one's prototype for it against each of the others; 0 on the diagonal.

        Raises
        ------
        ValueError
            If a cluster is not known, or the model has no prototypes.
        """
        check_is_fitted(self)
        names = np.atleast_1d(np.asarray(self.cluster_names_ if clusters is None else clusters))
        return contrast(self.network_, positions_of(names, self.cluster_names_))[0]

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
            "agreement": self.agreement_,
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
            check_parameters(explainer)
            names = None if fields["feature_names"] is None else tuple(map(str, fields["feature_names"]))
            source = sources.Source(network, tuple(fields["cluster_names"]), names)
        except (TypeError, ValueError, KeyError, IndexError) as error:
            raise ValueError(f"{os.fspath(path)} holds no whole explainer: {error}.") from error
        explainer._adopt(source, network, None)
        explainer.beta_, explainer.pooling_ = fields["beta"], fields["pooling"]
        explainer.agreement_, explainer.labels_ = fields["agreement"], None
        explainer._frame = None
        explainer._contrast_all()
        return explainer


def _level_of_the_caller() -> int:
    """How many frames up the first one is that is not of this package: what a warning is about."""
    frame, level = inspect.currentframe(), 0
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "neonxai":
        frame, level = frame.f_back, level + 1
    return level


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
