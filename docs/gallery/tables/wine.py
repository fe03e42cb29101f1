"""
Wines: a row, a cluster, the whole
==================================

178 wines of three cultivars, thirteen measurements each, clustered by k-means. Who is in doubt, and why?
"""

# %%
# The measurements have different units, so they are scaled first. They stay a table, so that names are
# known.
import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler

import neonxai

data = load_wine(as_frame=True)
wine = data.data.rename(columns={"od280/od315_of_diluted_wines": "od280/od315"})
scaled = StandardScaler().set_output(transform="pandas").fit_transform(wine)
model = KMeans(3, n_init=10, random_state=0).fit(scaled)
e = neonxai.explain(model, scaled)
print(e)

# %%
# A row
# -----
# Wine 61 is the one nearest to a boundary. Its logit, the evidence for its cluster against the nearest
# rival, is the smallest of all:
doubtful = int(e.logits.argmin())
print(doubtful, e.labels[doubtful], e.competitors[doubtful], e.logits[doubtful].round(2))
assert doubtful == 61

e.plot.sample(doubtful, values=wine)

# %%
# The bars add up to the logit. For cluster 1 speaks above all od280/od315, against it malic acid:
row = e.relevance[doubtful]
assert abs(row.sum() - e.logits[doubtful]) < 1e-9
assert e.feature_names[row.argmax()] == "od280/od315"
assert e.feature_names[row.argmin()] == "malic_acid"

# %%
# The same as a way, from the nearest rival, at 0, to the logit:
e.plot.waterfall(doubtful, values=wine)

# %%
# A cluster
# ---------
# The mean relevance says what holds a cluster together against its rivals. Hue matters to cluster 1, and
# hardly to cluster 2, which is one of proline and alcohol.
e.plot.heatmap()
table = e.summary()
assert table.loc[1, "hue"] > 5 * table.loc[2, "hue"]
assert set(table.loc[2].nlargest(2).index) == {"proline", "alcohol"}

# %%
# The features that matter most to cluster 1, each wine of it a dot:
e.plot.beeswarm(1, values=wine)

# %%
# And how they are distributed in it and in the other wines:
e.plot.distributions(1, values=wine)

# %%
# Its hue is lower than that of the others, and so are its flavanoids.
means = wine.groupby(e.labels == 1)[["hue", "flavanoids"]].mean()
print(means.round(2).to_string())
assert (means.loc[True] < means.loc[False]).all()

# %%
# Two clusters
# ------------
# What tells 0 from 2, at their centers? Proline most, and then alcohol.
e.plot.contrast(0, 2)
between = e.contrast().set_index(["cluster", "rival"])
between = between.loc[(0, 2), list(wine.columns)].astype(float)
assert list(between.nlargest(2).index) == ["proline", "alcohol"]

# %%
# All of them
# -----------
# The map shows the rows in the plane of their two principal components: inside of a mark the cluster, on
# its edge the cultivar, which the clustering has never seen.
e.plot.map(classes=data.target_names[data.target])

# %%
# How many wines are among those of another cultivar?
cultivars = np.array([np.bincount(data.target[e.labels == k]).argmax() for k in range(3)])
others = cultivars[e.labels] != data.target
print(int(others.sum()), "of", len(wine))

# %%
# They are nearer to a boundary than most:
print(np.median(e.logits[others]).round(1), np.median(e.logits[~others]).round(1))
assert np.median(e.logits[others]) < np.median(e.logits[~others])
