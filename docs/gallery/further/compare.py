"""
Does it tell the truth? Deletion curves
=======================================

That relevances add up does not say that they are well distributed. Replace the features that an explanation
calls most relevant by their means, one after the other: if it is right, the evidence for the cluster falls
fast.
"""

# %%
import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler

import neonxai
from neonxai.evaluation import compare

wine = StandardScaler().fit_transform(load_wine().data)
model = KMeans(3, n_init=10, random_state=0).fit(wine)
explainer = neonxai.ClusterExplainer(model).fit(wine)

# %%
# Rivals
# ------
# How far a value is from the mean; Shapley values of the same logit; shares on the way from the mean; and a
# method that must lose: NEON's order, turned around.
game = neonxai.ClusterExplainer(model, method="shapley").fit(wine)
shares = neonxai.ClusterExplainer(model, method="integrated").fit(wine)
both = compare(
    explainer,
    wine,
    {
        "distance from the mean": np.abs(wine),
        "Shapley values": game.transform(wine),
        "integrated": shares.transform(wine),
        "reversed": -explainer.transform(wine),
    },
)
both.plot()

# %%
# Areas under the curves of deletion; lower is better. The error is that of the mean over the wines.
areas = {name: curve.area for name, curve in both.deletion.items()}
for name, curve in sorted(both.deletion.items(), key=lambda item: item[1].area):
    print(f"{name:24}{curve.area:6.2f} ± {curve.standard_error:.2f}")
assert areas["reversed"] > areas["random"] > areas["distance from the mean"] > areas["neon"]

# %%
# The three that know the clustering are close together. Wines differ more than methods do, so compare wine
# by wine:
for name in ("Shapley values", "integrated"):
    difference = both.deletion[name].areas - both.deletion["neon"].areas
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    print(f"{name} − neon: {difference.mean():+.3f} ± {error:.3f}")
    assert abs(difference.mean()) < 0.1

# %%
# Replaced by the mean of the nearest rival, features ask what keeps the row out of that cluster, and NEON's
# default comes first.
rival = compare(
    explainer,
    wine,
    {"Shapley values": game.transform(wine), "integrated": shares.transform(wine)},
    replacement="cluster",
)
for name, curve in sorted(rival.deletion.items(), key=lambda item: item[1].area):
    print(f"{name:24}{curve.area:6.2f} ± {curve.standard_error:.2f}")
assert min(rival.deletion, key=lambda name: rival.deletion[name].area) == "neon"
