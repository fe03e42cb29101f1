"""Every step that is known: in front of k-means relevance arrives at its columns, all of it."""

import warnings

import numpy as np
import pytest

import neonxai
from transforms.every_step import PAGE, STEPS, covered, page, pipeline


@pytest.mark.parametrize(("step", "X"), STEPS, ids=[type(step).__name__ for step, _ in STEPS])
def test_a_step_conserves(step, X):
    model = pipeline(step, X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        e = neonxai.explain(model, X)
        labels = model.predict(X)
    total = np.asarray(e.relevance.sum(axis=1)).ravel() + e.absorbed + (0.0 if e.absent is None else e.absent)
    sizes = np.asarray(abs(e.relevance).sum(axis=1)).ravel() + np.abs(e.absorbed) + np.abs(e.logits)
    assert np.all(np.abs(total - e.logits) <= 1e-9 * sizes)
    tied = np.abs(e.logits) <= 1e-12 * (1.0 + np.abs(e.logits).max())
    assert np.array_equal(e.labels[~tied], labels[~tied])
    if not isinstance(X, list):
        assert e.relevance.shape == X.shape


def test_none_is_left_out():
    assert covered() == {"SelectorMixin"}  # the base of all selectors


def test_the_documentation_has_them_all():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python tests/transforms/every_step.py"
