"""Support points: the network is the four-layer network of pairs, also in what is absorbed."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

import neonxai
import pair_network
from neonxai.neighborhoods import dense, nearest
from neonxai.neighborhoods import points as neighborhoods
from neonxai.neighborhoods.dense import DenseSearcher
from neonxai.neighborhoods.nearest import NEGLECTED, NearestSearcher
from neonxai.networks import SupportNetwork, support
from neonxai.stages.propagation import Question, propagate
from neonxai.testing import check_network
from pair_network import Clustering

# What every family promises against extended precision, relative to Σ|R| + |absorbed|.
ACCURACY = 1e-10
INF = np.inf
SEARCHERS = {"dense": DenseSearcher, "nearest": NearestSearcher}


def grouped(sizes, n_features, seed, spread=1.5, noise=None, threshold=INF, leaves_out=True):
    """Random clusters about centers, as a function of γ."""
    rng = np.random.default_rng(seed)
    members = np.repeat(np.arange(len(sizes)), sizes)
    points = (spread * rng.standard_normal((len(sizes), n_features)))[members]
    points += rng.standard_normal(points.shape)
    return lambda gamma: Clustering(points, members, gamma, noise, threshold, leaves_out)


def on_a_grid(leaves_out):
    """Integer points with duplicates within a cluster and between two; ties abound, and squares are exact."""
    points = np.array([[0, 0], [0, 0], [2, 0], [0, 2], [2, 0], [4, 0], [4, 4], [2, 4], [0, 4], [0, 4]], float)
    members = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
    return lambda gamma: Clustering(points, members, gamma, leaves_out=leaves_out)


CASES = {
    "three clusters": grouped((4, 3, 5), 3, seed=0),
    "one feature": grouped((3, 4), 1, seed=1, spread=0.5),
    "fourteen features": grouped((3, 4), 14, seed=2, spread=0.4),
    "singletons": grouped((1, 1, 4), 2, seed=3),
    "noise": grouped((4, 3, 3), 2, seed=4, noise=1, threshold=1.7),
    "one cluster and noise": grouped((5, 3), 3, seed=5, noise=1, threshold=1.1),
    "singleton and noise": grouped((2, 1), 2, seed=6, noise=0, threshold=0.4),
    "a model of its own": grouped((4, 3), 2, seed=7, leaves_out=False),
    "ties and duplicates": on_a_grid(leaves_out=True),
    "ties of a model": on_a_grid(leaves_out=False),
}
ASKED = [
    (1e-3, 0.7, "min"),
    (0.3, 0.0, "min"),
    (0.3, 1.5, "soft"),
    (20.0, 0.7, "min"),
    (INF, 0.7, "min"),
    (INF, INF, "min"),
    (INF, 2.0, "soft"),
]


def rows_for(clustering, n_new=3, seed=0):
    """Every second point, and new rows around them."""
    rng = np.random.default_rng(seed)
    new = rng.choice(clustering.points, n_new) + rng.choice([0.5, 1.0, 2.0], (n_new, 1)) * (
        rng.integers(-2, 3, (n_new, clustering.points.shape[1]))
    )
    return np.vstack([clustering.points[::2], new])


def network_of(clustering, searcher=None):
    network = SupportNetwork(
        clustering.points,
        clustering.members,
        gamma=clustering.gamma,
        noise=clustering.noise,
        threshold=clustering.threshold,
        stands_in=clustering.leaves_out,
    )
    if searcher is not None:
        network._searcher = SEARCHERS[searcher](network._groups, clustering.gamma)
    return network


def neon(clustering, X, beta, pooling, targets=None, rivals=None, searcher=None):
    """The subject: logits, relevance, absorbed, the assigned clusters, and those that were explained."""
    network = network_of(clustering, searcher)
    answer = propagate(network, X, Question(targets, rivals), beta=beta, pooling=pooling)
    return answer.logits, answer.relevance, answer.absorbed, network.evidence(X)[0], answer.targets


def accuracy(clustering, distance):
    """Shares exp(−γ d) have γ times the error of d, which is at least its last digit."""
    return ACCURACY if clustering.gamma == INF else max(ACCURACY, 1e-15 * clustering.gamma * distance)


def check_pairs(subject, clustering, X, beta, pooling, *, targets=None, rivals=None):
    """Logits, relevance and absorbed evidence are those of the network of pairs."""
    logits, relevance, absorbed, assigned, explained = subject(clustering, X, beta, pooling, targets, rivals)
    for i, x in enumerate(X):
        row = pair_network.explain_row(
            x,
            clustering,
            beta=beta,
            pooling=pooling,
            target=int(explained[i]),
            against=None if rivals is None else int(rivals[i]),
            assigned=int(assigned[i]),
        )
        assert assigned[i] in row.nearest, f"row {i} is assigned to {assigned[i]}, nearest are {row.nearest}"
        found = pair_network.errors(row, logits[i], relevance[i], absorbed[i])
        assert max(found) <= accuracy(clustering, float(row.size)), (
            f"row {i}: errors of logit, relevance, absorbed are {found}"
        )


@pytest.mark.parametrize(
    ("gamma", "beta", "pooling", "searcher"),
    [(*asked, form) for asked in ASKED for form in SEARCHERS if form == "nearest" or asked[0] < INF],
)
@pytest.mark.parametrize("case", CASES)
def test_the_network_is_the_network_of_pairs(case, gamma, beta, pooling, searcher):
    clustering = CASES[case](gamma)

    def subject(*asked):
        return neon(*asked, searcher=searcher)

    check_pairs(subject, clustering, rows_for(clustering), beta, pooling)


@pytest.mark.parametrize("gamma", [0.3, INF])
@pytest.mark.parametrize("case", ["three clusters", "noise", "one cluster and noise", "ties and duplicates"])
def test_target_and_against(case, gamma):
    clustering = CASES[case](gamma)
    X = rows_for(clustering)
    for target in range(clustering.n_clusters):
        asked = np.full(len(X), target)
        check_pairs(neon, clustering, X, 0.7, "min", targets=asked)
        check_pairs(neon, clustering, X, 0.7, "soft", targets=asked)
        for rival in set(range(clustering.n_clusters)) - {target}:
            check_pairs(neon, clustering, X, 0.7, "min", targets=asked, rivals=np.full(len(X), rival))


@pytest.mark.parametrize("gamma", [0.3, 20.0, INF])
@pytest.mark.parametrize("case", ["three clusters", "noise", "ties and duplicates"])
def test_far_from_the_origin(case, gamma):
    """Points on a grid of 1/64, so that a shift by 2**27 loses no bit."""
    near = CASES[case](gamma)
    points = np.round(near.points * 64) / 64
    shift = np.resize([2.0**27, -(2.0**27)], points.shape[1])
    here = Clustering(points, near.members, gamma, near.noise, near.threshold, near.leaves_out)
    there = Clustering(points + shift, near.members, gamma, near.noise, near.threshold, near.leaves_out)
    X = np.round(rows_for(near) * 64) / 64
    check_pairs(neon, there, X + shift, 0.7, "min")
    for a, b in zip(neon(here, X, 0.7, "min")[:3], neon(there, X + shift, 0.7, "min")[:3], strict=True):
        np.testing.assert_allclose(b, a, rtol=0, atol=1e-11 * np.abs(neon(here, X, 0.7, "min")[1]).max())


@pytest.mark.parametrize("gamma", ["auto", INF])
@pytest.mark.parametrize("n_features", [3, 20])
@pytest.mark.parametrize("closeness", [1e-3, 1e-5, 1e-7])
def test_close_clusters_far_from_the_rest(closeness, n_features, gamma):
    rng = np.random.default_rng(0)
    pair = closeness * (rng.standard_normal((12, n_features)) + np.repeat([[0.0], [1.0]], 6, axis=0))
    points = np.vstack([pair, 1.0 + 0.1 * rng.standard_normal((6, n_features))])
    members = np.repeat([0, 1, 2], 6)
    network = SupportNetwork.of_labels(points, members, gamma=None if gamma == "auto" else gamma)
    clustering = Clustering(points, members, network.gamma, leaves_out=True)
    check_pairs(neon, clustering, points[::4], 1 / closeness**2, "min")


@pytest.mark.parametrize("gamma", [1e-3, 1e-2, 0.1, 1.0, INF])
@pytest.mark.parametrize("far", [1e1, 1e2, 1e3, 1e4, 1e5])
def test_rows_far_from_all_points(far, gamma):
    clustering = CASES["three clusters"](gamma)
    check_pairs(neon, clustering, clustering.points[::5] + np.array([far, 0.0, 0.0]), 0.7, "min")


@pytest.mark.parametrize("exponent", [-3, -6, -8, -12, -100])
def test_wide_neighborhoods(exponent):
    """For γ → 0 d_k is the mean squared distance, whose digits are not those of a logarithm near 0."""
    clustering = CASES["three clusters"](10.0**exponent)
    X = rows_for(clustering)
    if exponent >= -8:
        check_pairs(neon, clustering, X, 0.7, "min")
    # The limit: the plain mean, to the order of γ times the variance of the squared distances.
    means = np.array(
        [
            [
                np.mean(
                    [
                        ((x - u) ** 2).sum()
                        for u in clustering.points[clustering.members == k]
                        if (u != x).any()
                    ]
                )
                for k in range(3)
            ]
            for x in X
        ]
    )
    clusters = means.argmin(axis=1)
    _, h = network_of(clustering).evidence(X, clusters)
    wanted = means - means.min(axis=1, keepdims=True)
    wanted[np.arange(len(X)), clusters] = INF
    np.testing.assert_allclose(h, wanted, rtol=1e-9, atol=max(1e-9, 100 * 10.0**exponent))


LOW_AGREEMENT = pytest.mark.filterwarnings("ignore:The network that stands in for the clustering:UserWarning")


@LOW_AGREEMENT
@pytest.mark.parametrize("gamma", [0.3, 20.0, INF])
def test_float32(gamma):
    """float32 rows are computed in float64, and recognised among float32 rows that were clustered."""
    wide = CASES["three clusters"](gamma)
    narrow = wide.points.astype(np.float32)
    clustering = Clustering(narrow.astype(float), wide.members, gamma, leaves_out=True)
    X = narrow[::2]
    e = neonxai.ClusterExplainer(neonxai.Labels(wide.members), gamma=gamma, beta=0.7).fit(narrow).explain(X)
    assert e.relevance.dtype == np.float32
    assert np.array_equal(e.labels, wide.members[::2])
    logits, relevance, absorbed, *_ = neon(clustering, X.astype(float), 0.7, "min")
    for found, wanted in ((e.logits, logits), (e.relevance, relevance), (e.absorbed, absorbed)):
        assert np.array_equal(found, wanted.astype(np.float32))


def big(gamma, n=900, n_features=3, seed=0, n_clusters=4):
    """Enough points that the nearest form leaves most of them out. Every twentieth is there twice."""
    rng = np.random.default_rng(seed)
    members = np.sort(rng.integers(n_clusters, size=n))
    points = (4 * rng.standard_normal((n_clusters, n_features)))[members] + rng.standard_normal(
        (n, n_features)
    )
    points[1::20] = points[::20]
    return Clustering(points, members, gamma, leaves_out=True)


def exact_distances(clustering, X):
    """d_k by differences and logsumexp."""
    result = []
    for x in X:
        squares = ((clustering.points - x) ** 2).sum(axis=1)
        row = []
        for k in range(clustering.n_clusters):
            mine = squares[clustering.members == k]
            if 0.0 in mine:
                mine = np.delete(mine, mine.argmin())
            g = clustering.gamma
            row.append(mine.min() if g == INF else (np.log(len(mine)) - logsumexp(-g * mine)) / g)
        result.append(row)
    return np.array(result)


@pytest.mark.parametrize("gamma", [0.5, 5.0, 100.0, 1e4])
def test_dense_and_nearest_are_the_same(gamma):
    clustering = big(gamma)
    X = np.vstack([clustering.points[::7], rows_for(clustering, 30)[-30:]])
    network = network_of(clustering)
    left_out = network._left_out(X)
    found = {name: kind(network._groups, gamma).around(X, left_out) for name, kind in SEARCHERS.items()}
    d = {name: near.distances + near.offsets[:, None] for name, near in found.items()}
    wanted = exact_distances(clustering, X)
    # Rounding: a logarithm of a sum of exp(−γ d) has an error of some ulp of 1 and of γ d.
    rounding = 1e-13 / gamma + 1e-13 * wanted
    assert np.all(np.abs(d["dense"] - wanted) <= rounding)
    assert np.all(np.abs(d["nearest"] - wanted) <= NEGLECTED / gamma + rounding)
    weights = np.random.default_rng(1).standard_normal(d["dense"].shape)
    squares = [near.mean_squares(X, weights) for near in found.values()]
    error = np.abs(squares[0] - squares[1]).max(axis=1)
    size = (np.abs(weights) * wanted).sum(axis=1)
    assert np.all(error <= accuracy(clustering, wanted.max()) * size)


def test_the_nearest_form_neglects_something():
    """Else the comparison above says nothing: points beyond those that were asked for have weight."""
    clustering = big(5.0)
    network = network_of(clustering, "nearest")
    X = clustering.points[::50]
    near = network._searcher.around(X, network._left_out(X))
    looked_at = sum(part[0].size * part[1].shape[1] for group in near.groups for part in group.found)
    assert looked_at < 0.5 * len(X) * len(clustering.points)


@pytest.mark.parametrize("neglected", [1e-3])
def test_neglecting_more_is_seen(monkeypatch, neglected):
    """The broken subject of the bound: a form that neglects a thousandth differs by more than 1e-13 / γ."""
    clustering = big(0.5)
    network = network_of(clustering)
    X = clustering.points[::7]
    monkeypatch.setattr(nearest, "NEGLECTED", neglected)
    near = NearestSearcher(network._groups, 0.5).around(X, network._left_out(X))
    error = np.abs(near.distances - exact_distances(clustering, X))
    assert error.max() > NEGLECTED / 0.5 + 1e-11


@pytest.mark.parametrize("searcher", SEARCHERS)
@pytest.mark.parametrize("noise", [None, 1])
@pytest.mark.parametrize("scale", [1.0, 1e-4])
def test_blocks_of_any_size_give_the_same(monkeypatch, searcher, noise, scale):
    """Small scales make the dense form compute all rows by differences."""
    rng = np.random.default_rng(0)
    members = np.repeat([0, 1, 2, 3, 4], [1, 40, 70, 5, 2])
    points = scale * (rng.standard_normal((118, 3)) + rng.standard_normal((5, 3))[members])
    points[:90] += 1.0 - scale  # far from the median of all
    clustering = Clustering(points, members, 2.0 / scale**2, noise, 3.0 * scale**2, leaves_out=True)
    X = np.vstack([points[::3], points[:5] + scale])
    whole = neon(clustering, X, 0.5 / scale**2, "min", searcher=searcher)
    for module in (nearest, neighborhoods):
        monkeypatch.setattr(module, "_PAIR_VALUES", 1)
    monkeypatch.setattr(dense, "_BLOCK_VALUES", 1)
    monkeypatch.setattr(nearest, "_FIRST", 2)
    parts = neon(clustering, X, 0.5 / scale**2, "min", searcher=searcher)
    assert np.array_equal(whole[3], parts[3])
    size = np.abs(whole[1]).sum(axis=1) + np.abs(whole[2])
    assert np.all(np.abs(whole[1] - parts[1]).max(axis=1) <= 1e-11 * size)
    assert np.all(np.abs(whole[0] - parts[0]) <= 1e-11 * size)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("gamma", "searcher"),
    [(0.3, "dense"), (20.0, "dense"), (0.3, "nearest"), (20.0, "nearest"), (INF, "nearest")],
)
def test_the_networks_contract(monkeypatch, case, gamma, searcher):
    monkeypatch.setattr(support, "_searcher", SEARCHERS[searcher])
    clustering = CASES[case](gamma)
    network = network_of(clustering)
    assert isinstance(network._searcher, SEARCHERS[searcher])
    check_network(network, rows_for(clustering))


def test_the_contract_holds_for_many_points():
    clustering = big(0.5)
    check_network(network_of(clustering), clustering.points[::20])


class NotNegated(SupportNetwork):
    """Forgets that the target's own points count against it."""

    def prepare(self, X):
        layer = super().prepare(X)
        backward = layer.redistribute

        def redistribute(rows, clusters, coefficients):
            relevance, absorbed = backward(rows, clusters, coefficients)
            return np.abs(relevance), absorbed

        layer.redistribute = redistribute
        return layer


def test_a_broken_network_is_rejected():
    clustering = CASES["three clusters"](0.3)
    network = NotNegated(clustering.points, clustering.members, gamma=0.3)
    with pytest.raises(AssertionError, match="conservation"):
        check_network(network, rows_for(clustering))


# Mistakes that the comparison with the pairs must see.


def textbook(
    clustering,
    X,
    beta,
    pooling,
    targets=None,
    rivals=None,
    *,
    sums=False,
    leave_out=True,
    equal_shares=False,
    divergence_to_features=False,
):
    """The closed form in plain NumPy for two or more clusters without noise and targets, with one mistake."""
    n_clusters, gamma = clustering.n_clusters, clustering.gamma
    squares = (X[:, None] - clustering.points) ** 2
    d, z = np.empty((len(X), n_clusters)), np.empty((len(X), n_clusters, X.shape[1]))
    for k in range(n_clusters):
        mine = np.flatnonzero(clustering.members == k)
        for i in range(len(X)):
            support = mine
            same = [j for j in mine if np.array_equal(clustering.points[j], X[i])]
            if leave_out and clustering.leaves_out and len(mine) > 1 and same:
                support = mine[mine != same[0]]
            t = -gamma * squares[i, support].sum(axis=1)
            q = np.exp(t - logsumexp(t))
            d[i, k] = (np.log(1 if sums else len(support)) - logsumexp(t)) / gamma
            z[i, k] = (np.full(len(support), 1 / len(support)) if equal_shares else q) @ squares[i, support]
    everyone = np.arange(len(X))
    assigned = d.argmin(axis=1)
    known = [
        next(
            (int(m) for u, m in zip(clustering.points, clustering.members, strict=True) if (u == x).all()), a
        )
        for x, a in zip(X, assigned, strict=True)
    ]
    explained = np.array(known) if clustering.leaves_out else assigned
    h = d - d[everyone, explained][:, None]
    h[everyone, explained] = INF
    f = h.min(axis=1)
    p = np.exp(-beta * (h - f[:, None]))
    p /= p.sum(axis=1, keepdims=True)
    a = p * np.where(h == f[:, None], 1.0, f[:, None] / h)
    alone = f <= 0
    a[alone] = h[alone] == f[alone, None]
    relevance = np.einsum("nk,nkd->nd", a, z - z[everyone, explained][:, None])
    absorbed = f - relevance.sum(axis=1)
    if divergence_to_features:
        relevance += absorbed[:, None] / X.shape[1]
        absorbed = np.zeros(len(X))
    return f, relevance, absorbed, assigned, explained


def test_the_textbook_passes():
    for case in ("three clusters", "a model of its own"):
        clustering = CASES[case](0.3)
        check_pairs(textbook, clustering, rows_for(clustering), 0.7, "min")


@pytest.mark.parametrize("mistake", ["sums", "leave_out", "equal_shares", "divergence_to_features"])
def test_mistakes_are_rejected(mistake):
    clustering = CASES["three clusters"](0.3)

    def subject(*asked):
        return textbook(*asked, **{mistake: mistake != "leave_out"})

    with pytest.raises(AssertionError, match=r"errors of logit|is assigned to"):
        check_pairs(subject, clustering, rows_for(clustering), 0.7, "min")


def test_the_medoid_is_the_prototype():
    rng = np.random.default_rng(0)
    points = rng.standard_normal((60, 3)) + 1e6
    members = rng.integers(3, size=60)
    network = SupportNetwork(points, members, gamma=1.0, noise=2, threshold=1.0)
    for k in (0, 1):
        mine = points[members == k]
        assert np.array_equal(
            network.prototypes[k], mine[cdist(mine, mine, "sqeuclidean").sum(axis=0).argmin()]
        )
    assert np.isnan(network.prototypes[2]).all()


@pytest.mark.parametrize(
    ("points", "members", "gamma", "message"),
    [
        ([[0.0], [np.nan]], [0, 1], 1.0, "finite matrix"),
        ([[0.0], [1.0]], [0, 1, 1], 1.0, "with a cluster each"),
        ([[0.0], [1.0]], [0, 2], 1.0, "from 0 to 2 needs at least one point"),
        ([[0.0], [1.0]], [-1, 0], 1.0, "needs at least one point"),
        ([[0.0], [1.0]], [0, 1], 0.0, "gamma=0.0 is not possible"),
        ([[0.0], [1.0]], [0, 1], -1.0, "gamma=-1.0 is not possible"),
        ([[0.0], [1.0]], [0, 1], np.nan, "gamma=nan is not possible"),
    ],
)
def test_bad_points_are_refused(points, members, gamma, message):
    with pytest.raises(ValueError, match=message):
        SupportNetwork(points, members, gamma=gamma)


def test_its_arrays_are_its_own():
    points, members = np.array([[0.0], [1.0], [5.0]]), np.array([0, 0, 1])
    network = SupportNetwork(points, members, gamma=1.0)
    before = network.evidence(np.array([[0.4]]))[1]
    points[:] = 7.0
    members[:] = 0
    assert np.array_equal(network.evidence(np.array([[0.4]]))[1], before)
