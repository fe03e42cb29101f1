"""
SHAP's plots
============

``to_shap()`` gives an explanation to whatever draws SHAP's. The numbers stay NEON's: relevances that start
at the boundary between clusters, where SHAP's start at an average. So "base value" and E[f(X)] in these
pictures are 0, that boundary.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
import shap
from sklearn.cluster import KMeans
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler

import neonxai

wine = load_wine(as_frame=True).data.rename(columns={"od280/od315_of_diluted_wines": "od280/od315"})
scaled = StandardScaler().set_output(transform="pandas").fit_transform(wine)
e = neonxai.explain(KMeans(3, n_init=10, random_state=0), scaled)
cluster = e[e.labels == 1].to_shap()
assert np.allclose(cluster.values.sum(axis=1) + cluster.base_values, e.logits[e.labels == 1])
assert not np.any(cluster.base_values)

# %%
# All rows of a cluster
# ---------------------
# A dot is a wine of cluster 1, and its color the scaled value. That a feature speaks for the cluster where
# it is *low* can be seen here, of hue for example:
shap.plots.beeswarm(cluster, show=False)
plt.tight_layout()
hue = list(wine.columns).index("hue")
print(np.corrcoef(cluster.data[:, hue], cluster.values[:, hue])[0, 1].round(2))
assert np.corrcoef(cluster.data[:, hue], cluster.values[:, hue])[0, 1] < -0.5

# %%
# One row
# -------
shap.plots.waterfall(cluster[0], show=False)
plt.tight_layout()

# %%
# Means
# -----
shap.plots.bar(cluster, show=False)
plt.tight_layout()

# %%
# Shapley values themselves
# -------------------------
# ``method="shapley"`` starts at an average as SHAP does, and its ``base_values`` are no longer 0.
game = neonxai.explain(KMeans(3, n_init=10, random_state=0), scaled, method="shapley")
values = game[game.labels == 1].to_shap()
shap.plots.waterfall(values[0], show=False)
plt.tight_layout()
print(
    values.base_values[0].round(2), values.values[0].sum().round(2), game.logits[game.labels == 1][0].round(2)
)
assert np.isclose(values.base_values[0] + values.values[0].sum(), game.logits[game.labels == 1][0])
assert abs(values.base_values[0]) > 1
