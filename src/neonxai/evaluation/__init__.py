"""Whether an explanation tells the truth about the clustering's own evidence.

Curves of deletion and insertion, recovery of features that are known to matter, stability, and a check that
an explanation depends on the model. Every function says what it measures: ``deletion_curve.metric``.
"""

from neonxai.evaluation.comparison import Comparison, compare
from neonxai.evaluation.curve import Curve
from neonxai.evaluation.flipping import deletion_curve, insertion_curve
from neonxai.evaluation.metric import Metric
from neonxai.evaluation.quantus import to_quantus
from neonxai.evaluation.randomisation import Randomisation, randomisation_check
from neonxai.evaluation.recovery import Recovery, recovery
from neonxai.evaluation.stability import Stability, stability

__all__ = [
    "Comparison",
    "Curve",
    "Metric",
    "Randomisation",
    "Recovery",
    "Stability",
    "compare",
    "deletion_curve",
    "insertion_curve",
    "randomisation_check",
    "recovery",
    "stability",
    "to_quantus",
]
