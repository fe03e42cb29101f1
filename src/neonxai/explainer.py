"""`ClusterExplainer`: composes the stages, and holds no mathematics."""

import os
from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neonxai import devices, saving
from neonxai.agreement import warn_if_low
from neonxai.arrays import Doubles, Floats
from neonxai.asking import read_question
from neonxai.engines import Progress
from neonxai.explanation import Explanation
from neonxai.explanation.contrast import SMALL_TABLE
from neonxai.forward import forward
from neonxai.names import positions_by_row, positions_of
from neonxai.parameters import check_parameters, check_pooling
from neonxai.progress import told
from neonxai.stages.background import Background, make_background
from neonxai.stages.games import check_additive, game_of
from neonxai.stages.machine import Machine
from neonxai.stages.propagation import Question, check_overflow, contrast, overflow_is_checked
from neonxai.stages.reading import Reading, read_model
from neonxai.tensors import Tensor
from neonxai.transforms.rows import AtPrototypes, Entrance, NoSteps, Rows


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
    method : {"neon", "shapley", "integrated"}
        "neon": propagation, from the boundary between clusters. "shapley": Shapley values of the logit
        against a background; exact up to 10 features, with a standard error beyond. "integrated": shares of
        the rivals, integrated on the straight way from the background's mean. The last two are for models
        whose evidence is a sum over the features: k-means and its like, Gaussians with a common or a diagonal
        covariance.
    preprocessing : transformer, optional
        A transformer, or a pipeline of some, in front of a model that is no pipeline, as `Labels`: what the
        columns went through before they were clustered. Fitted in `fit` if it is not.
    pull_back : {"input", "codes", "stop"}
        How far back through a pipeline's steps relevance goes. "input": to the columns that the pipeline
        takes. "codes": where columns were encoded, to each code or term. "stop": to the columns, except
        behind steps that are not known, where it stops at their outputs.
    background : int, array-like or frame of shape (n_background, n_features), or clustering, optional
        What a feature's value is compared with, for "shapley" and "integrated": rows in the unit that the
        model knows, such as a reference group; or how many to sample from the rows given to `fit`, by default
        50; or an unfitted clustering, such as ``KMeans(50)``, whose centers summarise them, weighted by their
        sizes. (A clone of it is fitted to what the network takes: the rows behind the steps in front that are
        not affine.)
    n_permutations : int
        Of "shapley", with more than 10 features: how many permutations are walked through, there and back,
        for each block of 8 rows of the background; of sparse rows, for each row of it.
    random_state : int
        Of the sample, and of the permutations. These don't depend on the rows that are explained together.
    tol : float, optional
        Of "shapley": a row needs no more permutations when its largest standard error is below ``tol`` times
        Σ_i |R_i|; of sparse rows this includes what is absent, term by term.

    Attributes
    ----------
    model_ : object
        The model that is explained: ``model``, or its fitted clone.
    network_ : neonxai.networks.Network
        The model as a network, with the affine steps in front of it folded into it.
    entrance_ : object
        What is in front of the network: the other steps, or nothing.
    beta_ : float
        β as a number.
    background_ : array of shape (n_background, n_features) or None
        The background, as the network takes it; dense, also of sparse rows.
    background_weights_ : array of shape (n_background,) or None
        How much each of its rows counts; they sum to 1.
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
        preprocessing: Any = None,
        pull_back: str = "input",
        background: Any = None,
        n_permutations: int = 32,
        random_state: int = 0,
        tol: float | None = None,
    ) -> None:
        self.model = model
        self.beta = beta
        self.pooling = pooling
        self.gamma = gamma
        self.method = method
        self.preprocessing = preprocessing
        self.pull_back = pull_back
        self.background = background
        self.n_permutations = n_permutations
        self.random_state = random_state
        self.tol = tol

    def __sklearn_tags__(self) -> Any:
        """Sparse rows are taken, besides what is usual."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def fit(self, X: Any, y: Any = None) -> Self:
        """Rewrite the model as a network, fitting a clone of it first if it is not fitted, and settle β.

        Parameters
        ----------
        X : array-like, frame or array of another library of shape (n_samples, n_features)
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
            If the model's class is not known, a column is not numeric, or X is on another device than the
            CPU and the model is not explained there.
        ValueError
            If a parameter or the data is unfit; the message names the value, the cause and the remedy.
        """
        check_parameters(self)
        tensor, X = devices.model_rows(self.model, self.preprocessing, X)
        reading = read_model(
            self.model, X, y, preprocessing=self.preprocessing, pull_back=self.pull_back, gamma=self.gamma
        )
        self._adopt(reading)
        devices.check_fitted_rows(self, tensor)
        background = None
        if self.method != "neon":
            check_additive(self.network_)
            background = make_background(self.entrance_, reading.rows, self.background, self.random_state)
        self._stand_before(background)
        self._frame = reading.rows.kind
        self.pooling_ = self.network_.default_pooling if self.pooling == "auto" else self.pooling
        with overflow_is_checked():
            self.beta_, self.agreement_ = self._survey(reading, tensor)
            self._contrast_all()
        check_pooling(self.beta_, self.pooling_)
        return self

    def _survey(self, reading: Reading, tensor: Tensor | None) -> tuple[float, float | None]:
        """β and the agreement, from all rows."""
        network, rows = self.network_, reading.rows
        given = network.default_beta if isinstance(self.beta, str) else float(self.beta)
        if given is not None and not self._stands_in:
            return given, None
        labels = positions_by_row(self.labels_, self.cluster_names_, rows.n_rows, "labels")
        machine = Machine(self.entrance_, network, self.cluster_names_)
        logits, agreement = devices.survey(machine, tensor, rows, labels)
        check_overflow(logits, logits.dtype, 0)
        warn_if_low(agreement)
        if given is not None:
            return given, agreement
        with np.errstate(over="ignore", divide="ignore"):
            return float(1.0 / logits.mean()), agreement

    def _contrast_all(self) -> None:
        """Make the table of contrasts, if it is not too large to be always at hand."""
        network = self.network_
        self._contrasts: tuple[Doubles | None, Doubles | None] = None, None
        self.prototypes_ = None if (own := network.prototypes) is None else self.entrance_.prototypes(own)
        if own is not None and network.n_clusters**2 * network.n_features <= SMALL_TABLE:
            contrasts, separations = contrast(network, np.arange(network.n_clusters))
            pulled = self.entrance_.contrasts(contrasts)
            if pulled is not None:
                self._contrasts = pulled, separations

    def _stand_before(self, background: Background | None) -> None:
        """Take over a background."""
        self.background_: Doubles | None = None if background is None else background.rows
        self.background_weights_: Doubles | None = None if background is None else background.weights

    def _adopt(self, reading: Reading) -> None:
        self.model_ = reading.model
        self.network_, self.entrance_ = reading.network, reading.entrance
        self.labels_ = reading.labels
        self._stands_in = self.network_.known_labels(np.zeros((1, self.network_.n_features))) is not None
        self.cluster_names_ = reading.cluster_names
        self.n_features_in_, self.feature_names_ = reading.n_columns, reading.feature_names
        if reading.names is not None:
            self.feature_names_in_ = np.array(reading.names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def explain(
        self,
        X: Any,
        target: Any = None,
        against: Any = None,
        *,
        labels: Any = None,
        dense: bool = False,
        progress: Progress | bool | None = None,
        out: str | os.PathLike[str] | None = None,
    ) -> Explanation:
        """Explain rows.

        Parameters
        ----------
        X : array-like, frame or array of another library of shape (n_samples, n_features)
            Rows in the unit that the model knows. float32 gives float32, mostly computed in float64;
            behind a pipeline's steps it is float64. Of PyTorch, CuPy, JAX and whatever follows the array API
            the answer is of the same kind, on the same device; tensors are detached.
        target : cluster name or array of shape (n_samples,), optional
            The cluster to explain, for all rows or row by row; by default the assigned one. For a cluster
            that a row is not in, the evidence is negative: min-pooling compares it with the assigned cluster
            alone, d_assigned − d_target; soft pooling gives its log-odds.
        against : cluster name or array of shape (n_samples,), optional
            Compare with this one rival: "why ``target`` rather than ``against``".
        labels : array of shape (n_samples,), optional
            What the clustering says about these rows, where only labels are known of it. By default a row
            that was clustered, recognised by its values, keeps its label, and a new one gets the network's.
        dense : bool
            Of sparse rows and documents: whether every term has its relevance, those that are absent too, in
            an array of shape (n_samples, n_features). By default it is sparse, with one number for what is
            absent.
        progress : bool or callable(done, n_samples), optional
            True: a bar, in a terminal or a notebook, of work that takes longer than a second; it needs the
            extra ``progress``. A callable is called as rows are done.
        out : path, optional
            A new folder for the answer's arrays, as ``.npy`` files that are mapped into memory. It must stay
            while the result is in use; after an error it is gone again.

        Returns
        -------
        Explanation

        Raises
        ------
        FileExistsError
            If ``out`` exists.
        TypeError
            If X is on another device than the CPU, and the model is not explained there.
        ValueError
            If the data is unfit, a cluster is not known, or a row would be compared with its own cluster.
        """
        tensor, rows, question = read_question(self, X, target, against, labels)
        with told(progress) as tell:
            return self._explain(self.entrance_, rows, question, tensor, dense=dense, progress=tell, out=out)

    def _explain(
        self,
        entrance: Entrance,
        rows: Rows,
        question: Question,
        tensor: Tensor | None = None,
        *,
        dense: bool = False,
        **asked: Any,
    ) -> Explanation:
        """Explain rows that have been read; ``asked`` as for `Machine.answer`."""
        n_columns = len(self.feature_names_)
        with overflow_is_checked():
            machine = Machine(entrance, self.network_, self.cluster_names_, dense=dense, game=game_of(self))
            asked |= {"beta": self.beta_, "pooling": self.pooling_, "n_columns": n_columns}
            answers = devices.answer(machine, tensor, rows, question, **asked)
        feature_names = self.feature_names_
        if not hasattr(self, "feature_names_in_") and rows.names is not None and rows.answers_input:
            feature_names = rows.names
        return Explanation(
            **vars(answers),
            feature_names=feature_names,
            cluster_names=self.cluster_names_,
            beta=self.beta_,
            pooling=self.pooling_,
            agreement=self.agreement_,
            frame=rows.kind,
            index=rows.index,
            row_kind=rows.row_kind,
            contrasts=self._contrasts[0],
            separations=self._contrasts[1],
        )

    def logits(self, X: Any, target: Any = None, against: Any = None, *, labels: Any = None) -> Floats:
        """Return the evidence alone, `Explanation.logits`, without explaining it.

        The logit is the same for all values of ``method``, except for rounding. It is what relevance sums to,
        with what is absorbed and the base value.

        Parameters
        ----------
        X, target, against, labels
            As for `explain`, and so are errors.

        Returns
        -------
        array of shape (n_samples,)
            f_c, in squared units of the data for k-means. Of float32 rows it is float32.

        Examples
        --------
        Centers (0, ½) and (4, ½), x = (1, ½): f_0 = 3² − 1² = 8 = −f_1.

        >>> from neonxai import Centroids
        >>> explainer = ClusterExplainer(Centroids([[0, 0.5], [4, 0.5]])).fit([[1, 0.5]])
        >>> explainer.logits([[1, 0.5]]), explainer.logits([[1, 0.5]], target=1)
        (array([8.]), array([-8.]))
        """
        return forward(self, X, target, against, labels).logits

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
        own = self.network_.prototypes
        assert own is not None  # noqa: S101  # as prototypes_ is not
        # The network's own prototypes: behind steps that are not affine, nothing in the user's columns may
        # become them.
        known = np.flatnonzero(~np.isnan(own).any(axis=1))
        rows = replace(NoSteps().read(own[known]), data=self.prototypes_[known], kind=self._frame)
        return self._explain(AtPrototypes(self.entrance_), rows, Question(targets=known))

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
        contrasts = self.entrance_.contrasts(
            contrast(self.network_, positions_of(names, self.cluster_names_))[0]
        )
        if contrasts is None:
            raise ValueError(
                "There are no contrasts here: behind a mixture of columns, such as PCA, a step that is not "
                "affine follows, so that what belongs to which column depends on the row."
            )
        return contrasts

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Names of the columns of `transform`: those that relevance goes back to.

        Parameters
        ----------
        input_features : sequence of str, optional
            Names of the columns of X, where X came without any in `fit`.
        """
        check_is_fitted(self)
        if isinstance(self.entrance_, NoSteps):
            return super().get_feature_names_out(input_features)
        return np.array(self.feature_names_, dtype=object)

    def transform(self, X: Any) -> Any:
        """Return the relevance of the assigned clusters alone; ``set_output`` chooses the kind of frame.

        Parameters
        ----------
        X : array-like or frame of shape (n_samples, n_features)
            Rows in the unit that the model knows.

        Returns
        -------
        array or frame of shape (n_samples, n_features)
            R_i, in the unit of the logit; of another library's rows an array of that library.
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
        saving.write(self, path, overwrite=overwrite)

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
        stored = saving.read(cls, path)
        explainer = cls(stored.source.network, **stored.parameters)
        explainer._adopt(Reading.of_network(stored.source))
        explainer.beta_, explainer.pooling_ = stored.parameters["beta"], stored.parameters["pooling"]
        explainer.agreement_, explainer._frame = stored.agreement, None
        explainer._stand_before(stored.background)
        explainer._contrast_all()
        return explainer
