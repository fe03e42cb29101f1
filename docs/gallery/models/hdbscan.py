"""
HDBSCAN: why is this row noise?
===============================

HDBSCAN leaves labels, and no rule. A network of support points stands in for it, and says by how much it
agrees; noise is explained by how far it is from all clusters.
"""

# %%
import palmerpenguins
from sklearn.cluster import HDBSCAN
from sklearn.preprocessing import StandardScaler

import neonxai

penguins = palmerpenguins.load_penguins()
sizes = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
measured = penguins[sizes].dropna()
scaled = StandardScaler().set_output(transform="pandas").fit_transform(measured)
clustering = HDBSCAN(min_cluster_size=15, copy=True).fit(scaled)
e = neonxai.explain(clustering, scaled)
print(e)

# %%
# The stand-in is where the labels are, on every clustered row:
assert e.agreement == 1.0

# %%
# Two clusters, and three penguins that belong to none. Why not?
noise = e[e.labels == -1]
columns = ["cluster", "competitor", "logit", "absorbed", *sizes]
print(noise.to_frame()[columns].round(2).to_string())
assert len(noise) == 3

# %%
# The relevance of noise is how far it is from the nearest cluster, feature by feature, and so never
# negative. What is absorbed has the threshold in it, the distance from which on a row is noise.
assert (noise.relevance >= 0).all()
assert (noise.absorbed < 0).all()

# %%
# The farthest of them, with its measurements:
farthest = int(e.logits[e.labels == -1].argmax())
row = noise.index[farthest]
print(measured.loc[row].to_string())
e.plot.sample(str(row), values=measured)

# %%
# Its bill is the second longest of all, while its flippers are among the shortest tenth.
assert measured["bill_length_mm"].rank(ascending=False)[row] == 2
assert measured["flipper_length_mm"].rank(pct=True)[row] < 0.1

# %%
# What tells the two clusters apart? The depth of the bill most, whichever of them is asked about.
contrast = e.contrast()
contrast = contrast[(contrast["cluster"] != -1) & (contrast["rival"] != -1)]
print(contrast.round(2).to_string())
contrast = contrast[sizes].astype(float)
assert len(contrast) == 2
assert (contrast.idxmax(axis=1) == "bill_depth_mm").all()
e.plot.map(classes=penguins.loc[measured.index, "species"].to_numpy())
