"""
Text: which words put a page there
==================================

The pages of SciPy's own documentation, which everybody has: counted as words, weighted, clustered by
k-means, and explained by their words.
"""

# %%
import importlib
import inspect

import pandas as pd
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

import neonxai

pages = {}
for part in ("ndimage", "linalg", "signal", "stats"):
    module = importlib.import_module(f"scipy.{part}")
    for name in module.__all__:
        thing = getattr(module, name)
        text = inspect.getdoc(thing) or ""
        if callable(thing) and len(text) > 300:
            pages[f"{part}.{name}"] = text
documents = list(pages.values())
words = TfidfVectorizer(
    stop_words="english",
    min_df=3,
    max_df=0.4,
    token_pattern="[a-z]{4,}",
    sublinear_tf=True,
)
model = make_pipeline(words, KMeans(5, n_init=10, random_state=0)).fit(documents)
e = neonxai.explain(model, documents)
print(e)

# %%
# Which parts of SciPy are the clusters?
parts = [name.partition(".")[0] for name in pages]
print(pd.crosstab(e.labels, parts, rownames=["cluster"], colnames=["part"]))

# %%
# The clusters' words
# -------------------
# The twelve words that are most involved, and what they say for each cluster:
e.plot.heatmap(max_features=12)

# %%
# One page
# --------
# The strongest words of the page about the Butterworth filter:
butter = list(pages).index("signal.butter")
strongest = e[butter].to_frame("pandas").head(6)
print(strongest.to_string(index=False))
assert strongest["term"].iloc[0] == "frequency"

# %%
# And where they stand in it:
e.plot.text(butter, documents[butter], max_lines=12)

# %%
# Relevance is sparse: a page has only some of the words. What the absent ones say together is one number,
# and all of it adds up.
total = e.relevance[[butter]].sum() + e.absent[butter] + e.absorbed[butter]
print(e.relevance.shape, e.relevance.nnz)
print(round(float(total), 4), round(float(e.logits[butter]), 4))
assert abs(total - e.logits[butter]) < 1e-12

# %%
# A text of one's own
# -------------------
explainer = neonxai.ClusterExplainer(model).fit(documents)
note = "The Fourier transform of a window, and a low-pass filter for its frequencies."
new = explainer.explain([note])
print(new.labels, new.to_frame("pandas").to_string(index=False))
assert new.labels[0] == e.labels[butter]

# %%
# It is where the Butterworth filter is. In a notebook, and here, a text can also be shown as HTML:
new.plot.text_html(0, note)
