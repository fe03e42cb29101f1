"""
Gaussian mixtures: exact log-odds
=================================

For a mixture the logit is no stand-in: it is the log-odds of the membership that the model itself gives.
"""

# %%
import numpy as np
from sklearn.datasets import load_iris
from sklearn.mixture import GaussianMixture

import neonxai

iris = load_iris(as_frame=True)
model = GaussianMixture(3, random_state=0).fit(iris.data)
e = neonxai.explain(model, iris.data)
print(e)

# %%
# The model's own numbers
# -----------------------
memberships = model.predict_proba(iris.data).max(axis=1)
assert np.allclose(e.probabilities, memberships)
unsure = memberships < 0.999
log_odds = np.log(memberships[unsure] / (1 - memberships[unsure]))
print(np.c_[e.logits[unsure], log_odds][:5].round(4))
assert np.allclose(e.logits[unsure], log_odds)

# %%
# In doubt
# --------
# The three flowers with the smallest log-odds. A logit of 0.52 is a membership of 63 %.
doubt = e.borderline(3)
print(doubt.to_frame()[["cluster", "competitor", "logit", "probability", "absorbed"]].round(2).to_string())
assert doubt.probabilities[0].round(2) == 0.63
e.plot.sample(doubt.index[0], values=iris.data)

# %%
# What belongs to no feature
# --------------------------
# A component is favored, or not, before any flower is looked at: by its weight and its density. That is in
# ``absorbed``. For this one it is larger than the logit, so that its measurements together speak *against*
# its component:
assert doubt.absorbed[0] > doubt.logits[0]
assert doubt.relevance[0].sum() < 0
print(doubt.relevance[0].sum().round(2), doubt.absorbed[0].round(2), doubt.logits[0].round(2))

# %%
# What makes the components
# -------------------------
# Cluster 1, the setosas, is far from the others; hence its large relevances. In shares, the clusters can be
# compared.
assert set(iris.target_names[iris.target[e.labels == 1]]) == {"setosa"}
e.plot.heatmap(statistic="share")
