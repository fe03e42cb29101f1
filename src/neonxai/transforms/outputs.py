"""What a step calls its outputs."""

from typing import Any

import numpy as np

from neonxai.transforms.text import term_names


def output_names(transformer: Any, n_outputs: int, inputs: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Names of a fitted step's outputs, its own where it has some.

    Parameters
    ----------
    transformer : object
        The step.
    n_outputs : int
        How many there are.
    inputs : tuple of str
        The names of its inputs, where they are known.
    name : str
        What the step is called.

    Returns
    -------
    tuple of str
        Its ``get_feature_names_out``, or else the step's name with a number.

    Examples
    --------
    >>> from sklearn.preprocessing import OneHotEncoder
    >>> output_names(OneHotEncoder().fit([["a"], ["b"]]), 2, ("letter",), "encode")
    ('letter_a', 'letter_b')
    >>> output_names(None, 2, (), "embed")
    ('embed_0', 'embed_1')
    """
    if _reads_documents(transformer):
        return term_names(transformer)
    if hasattr(transformer, "get_feature_names_out"):
        own = getattr(transformer, "feature_names_in_", None)
        given = () if own is not None or not inputs else (np.array(inputs, object),)
        names = transformer.get_feature_names_out(*given)
        if len(names) == n_outputs:
            return tuple(str(output) for output in names)
    return tuple(f"{name}_{j}" for j in range(n_outputs))


def _reads_documents(transformer: Any) -> bool:
    return hasattr(transformer, "build_analyzer")
