"""Whatever is in front of a clustering: relevance arrives at the columns, all of it."""

import warnings

import numpy as np
from hypothesis import HealthCheck, assume, given, settings

import neonxai
from neonxai.explanation import Explanation
from transforms.random_pipelines import CLASSES, pipelines, table

CALM = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def fitted(pipeline, frame):
    """The pipeline fitted, or None where scikit-learn itself can't (such as ten clusters of one point)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return pipeline.fit(frame, CLASSES)
        except (TypeError, ValueError):
            return None


def check(e: Explanation, frame, labels):
    """Conservation to 1e-9, the model's own labels, the frame's own columns."""
    assert e.feature_names == tuple(frame.columns)
    assert e.relevance.shape == frame.shape
    assert np.isfinite(e.relevance).all()
    sizes = np.abs(e.relevance).sum(axis=1) + np.abs(e.absorbed) + np.abs(e.logits)
    # Codes and bins make exact ties, which another rounding decides otherwise.
    assert np.all(np.abs(e.logits)[e.labels != labels] <= 1e-12 * (1.0 + np.abs(e.logits).max()))
    error = np.abs(e.relevance.sum(axis=1) + e.absorbed - e.logits)
    assert np.all(error <= 1e-9 * sizes), (error / sizes).max()


@CALM
@given(pipelines())
def test_a_random_pipeline_conserves(pipeline):
    frame = table()
    model = fitted(pipeline, frame)
    assume(model is not None)
    last = model[-1]
    labels = last.labels_ if not hasattr(last, "predict") else model.predict(frame)
    assume(len(np.unique(labels)) > 1 and len(getattr(last, "subcluster_centers_", [0, 0])) > 1)
    before = frame.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        e = neonxai.explain(model, frame)
    check(e, frame, labels)
    assert frame.equals(before)
