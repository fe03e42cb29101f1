"""
Outliers: which measurements are odd
====================================

The local outlier factor compares how sparse it is around a row with how sparse it is around its neighbors.
Its score is distributed over the features by the differences that it is made of.
"""

# %%
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.neighbors import LocalOutlierFactor
from sklearn.preprocessing import StandardScaler

import neonxai

tumors = load_breast_cancer(as_frame=True).data
scaled = StandardScaler().set_output(transform="pandas").fit_transform(tumors)
model = LocalOutlierFactor().fit(scaled)
e = neonxai.explain(model, scaled)
print(e)

# %%
# The relevances of a row sum to scikit-learn's own score:
assert np.allclose(e.relevance.sum(axis=1), -model.negative_outlier_factor_)

# %%
# The worst
# ---------
worst = int(e.logits.argmax())
print(worst, e.relevance[worst].sum().round(2))
e.plot.sample(worst, values=tumors, max_features=8)

# %%
# Three measurements, the errors of area, perimeter and radius, make more than half of its score.
order = np.argsort(-e.relevance[worst])[:3]
names = [e.feature_names[i] for i in order]
share = e.relevance[worst, order].sum() / e.relevance[worst].sum()
print(names, f"{share:.0%}")
assert set(names) == {"area error", "perimeter error", "radius error"}
assert share > 0.5

# %%
# All three are the largest or the second largest of the whole table:
print([int(tumors[name].rank(ascending=False)[worst]) for name in names])
assert all(tumors[name].rank(ascending=False)[worst] <= 2 for name in names)

# %%
# What makes outliers here?
# -------------------------
# The mean relevance of the rows that the model calls outliers, in shares:
outliers = e[e.labels == -1]
shares = outliers.summary(by=None, statistic="share").set_index("feature")["share"].nlargest(5)
print(len(outliers), "outliers")
print(shares.round(3).to_string())
assert shares.iloc[0] < 0.1

# %%
# No measurement has as much as a tenth: they are odd in different ways.
