"""
Handwritten digits: relevance of pixels
=======================================

1,797 digits of 8 × 8 pixels, clustered by k-means into ten. Which pixels put a digit where it is?
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits

import neonxai

digits = load_digits()
model = KMeans(10, n_init=4, random_state=0).fit(digits.data)
e = neonxai.explain(model, digits.data)
print(e)

# %%
# What are the clusters? The digit that most of a cluster's images are of, and how many of them are:
for cluster in range(10):
    counts = np.bincount(digits.target[e.labels == cluster], minlength=10)
    print(f"cluster {cluster}: {counts.argmax()}, {counts.max() / counts.sum():.0%}")

# %%
# The clusters' own pixels
# ------------------------
# Above each cluster's center, below the mean relevance: red pixels speak for the cluster, blue ones for its
# rivals.
means = e.summary().reshape(10, 8, 8)
largest = np.abs(means).max()
figure, axes = plt.subplots(2, 10, figsize=(10, 2.6), layout="constrained")
for cluster in range(10):
    axes[0, cluster].imshow(model.cluster_centers_[cluster].reshape(8, 8), cmap="gray_r")
    axes[0, cluster].set_title(cluster)
    axes[1, cluster].imshow(means[cluster], cmap="RdBu_r", vmin=-largest, vmax=largest)
for axis in axes.flat:
    axis.set_xticks([])
    axis.set_yticks([])

# %%
# Relevance lies also where a digit has no ink. Of the pixels that speak most for cluster 6, the zeros, the
# empty middle is one:
middle = means[6][3:5, 3:5]
print(means[6].round(0).astype(int))
assert np.unravel_index(means[6].argmax(), (8, 8)) == (3, 4)
assert middle.min() > 0

# %%
# One image
# ---------
# The image that is nearest to a boundary, and why it is where it is rather than with the nearest rival.
# (It is explained alone, and so is row 0 of its picture.)
row = int(e.logits.argmin())
cluster, rival = e.labels[row], e.competitors[row]
print(f"image {row}, a {digits.target[row]}: in cluster {cluster}, nearest rival {rival}")
pair = neonxai.explain(model, digits.data[row : row + 1], target=cluster, against=rival)
pair.plot.image(shape=(8, 8))
relevance = pair.relevance

# %%
# For and against almost cancel; what is left is the logit.
print(
    relevance[relevance > 0].sum().round(1), relevance[relevance < 0].sum().round(1), e.logits[row].round(2)
)
assert np.isclose(relevance.sum(), e.logits[row])
assert e.logits[row] < 0.02 * relevance[relevance > 0].sum()
