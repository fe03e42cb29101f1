"""Only forward: the logits of rows, without sending them back."""

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from neonxai import devices
from neonxai.arrays import Floats, Ints
from neonxai.asking import read_question
from neonxai.engines import for_each_tile
from neonxai.names import positions_of
from neonxai.networks import Network
from neonxai.stages.machine import Machine, check_rivals, parts
from neonxai.stages.propagation import (
    Question,
    check_overflow,
    for_each_tile_of,
    labels_of,
    overflow_is_checked,
    pooled_evidence,
    pooled_evidence_sparse,
)

_SPARSE_ROWS = 1 << 13


class Logits(NamedTuple):
    """What layer 2 says about rows; clusters by their positions.

    Attributes
    ----------
    logits : array of shape (n_rows,)
        f_c.
    labels, targets, competitors : int array of shape (n_rows,)
        The clusters that rows are assigned to, those that were asked about, and the rivals.
    """

    logits: Floats
    labels: Ints
    targets: Ints
    competitors: Ints


def forward(explainer: Any, X: Any, target: Any = None, against: Any = None, labels: Any = None) -> Logits:
    """Go forward through a fitted explainer; parameters and errors as for `ClusterExplainer.explain`."""
    tensor, rows, question = read_question(explainer, X, target, against, labels)
    rows.check()
    found = Logits(np.empty(rows.n_rows, rows.dtype), *(np.empty(rows.n_rows, dtype=np.intp) for _ in "ltc"))
    machine = Machine(explainer.entrance_, explainer.network_, explainer.cluster_names_)
    layer_2: dict[str, Any] = {"beta": explainer.beta_, "pooling": explainer.pooling_}
    if tensor is not None and tensor.host is None:
        there = devices.answer(machine, tensor, rows, question, **layer_2)
        clusters = there.labels, there.targets, there.competitors
        return Logits(there.logits, *(positions_of(part, machine.cluster_names) for part in clusters))
    for start, values, _ in parts(machine.entrance, rows):
        linear = machine.linear if issparse(values) else None

        def work(tile: slice, start: int = start, values: Any = values, linear: Any = linear) -> None:
            here = slice(start + tile.start, start + tile.stop)
            asked, part = question.of(here), values[tile]
            if linear is not None:
                labels, targets, pooled = pooled_evidence_sparse(linear, part, asked, **layer_2)
                answer = Logits(pooled.logits, labels, targets, pooled.competitors)
            else:
                full = part.toarray() if issparse(part) else part
                answer = _of_tile(machine.network, full, asked, **layer_2)
            if asked.rivals is not None:
                check_rivals(answer.targets, asked.rivals, here.start, machine.cluster_names)
            check_overflow(np.abs(answer.logits), rows.dtype, here.start)
            for whole, piece in zip(found, answer, strict=True):
                whole[here] = piece

        with overflow_is_checked():
            if linear is not None:
                for_each_tile(work, values.shape[0], _SPARSE_ROWS)
            else:
                for_each_tile_of(machine.network, work, values.shape[0])
    return found if tensor is None else found._replace(logits=tensor.own(found.logits))


def _of_tile(network: Network, X: Floats, question: Question, *, beta: float, pooling: str) -> Logits:
    if pooling == "soft" or question.rivals is not None or question.targets is None or network.bystanders:
        _, labels, targets, pooled = pooled_evidence(network, X, question, beta=beta, pooling=pooling)
        return Logits(pooled.logits, labels, targets, pooled.competitors)
    # Going forward once is enough: away from home the evidence is d_assigned − d_target, which is what
    # speaks for the assigned cluster against the target, with the other sign.
    assigned, evidence = network.prepare(X).evidence(X)
    targets, rows = question.targets, np.arange(len(X))
    away = targets != assigned
    nearest = evidence.argmin(axis=1)
    logits = np.where(away, 0.0 - evidence[rows, targets], evidence[rows, nearest])
    labels = labels_of(network, X, assigned, question.labels)
    return Logits(logits, labels, targets, np.where(away, assigned, nearest))
