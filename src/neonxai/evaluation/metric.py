"""What a metric measures, attached to the function that measures it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, ParamSpec, Protocol, TypeVar, cast

P = ParamSpec("P")
Result_co = TypeVar("Result_co", covariant=True)


@dataclass(frozen=True)
class Metric:
    """What a number means.

    Attributes
    ----------
    name : str
        What it is called.
    direction : {"lower", "higher"}
        What is better.
    range : tuple of two floats
        The smallest and the largest value that are possible.
    source : str or None
        The key of a work in the references, where the metric is from one.
    description : str
        One sentence.

    Examples
    --------
    >>> from neonxai.evaluation import deletion_curve
    >>> deletion_curve.metric.direction, deletion_curve.metric.source
    ('lower', '[Samek2017]')
    """

    name: str
    direction: Literal["lower", "higher"]
    range: tuple[float, float]
    source: str | None
    description: str


class Measuring(Protocol[P, Result_co]):
    """A function with a metric."""

    metric: Metric

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Result_co:
        """Measure."""


def measures(metric: Metric) -> Callable[[Callable[P, Result_co]], Measuring[P, Result_co]]:
    """Attach a metric to a function, which stays the function that it is."""

    def attach(function: Callable[P, Result_co]) -> Measuring[P, Result_co]:
        cast("Any", function).metric = metric
        return cast("Measuring[P, Result_co]", function)

    return attach
