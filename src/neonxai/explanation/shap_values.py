"""An explanation in the form that SHAP's plots draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scipy.sparse import issparse

from neonxai.explanation import cells

if TYPE_CHECKING:
    from neonxai.explanation import Explanation

_MOST_DENSE = 1 << 27  # relevances written out: 1 GiB in float64


def to_shap(e: Explanation) -> Any:
    """Return a ``shap.Explanation``; see `Explanation.to_shap`.

    Parameters
    ----------
    e : Explanation
        Of NumPy's arrays.
    """
    try:
        import shap
    except ImportError as error:
        raise ImportError("to_shap needs SHAP, which is not installed: pip install shap") from error
    values: Any = e.relevance
    base_values = e.base_value + e.absorbed
    if issparse(values):
        if e.n_samples * e.n_features > _MOST_DENSE:
            raise ValueError(
                f"{e.n_samples} rows × {e.n_features} features are too many to be written out for SHAP's "
                "plots. Choose rows first: e[:100].to_shap()."
            )
        values = values.toarray()
    if e.absent is not None:
        base_values = base_values + e.absent
    return shap.Explanation(
        values=values,
        base_values=base_values,
        data=cells.as_array(e.data),
        feature_names=list(e.feature_names),
    )
