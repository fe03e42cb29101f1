"""
Penguins: categories and missing values
=======================================

Penguins of three species, with their sizes, sex and island; some were not measured. Relevance arrives at
the columns as they are in the table, whatever they were encoded to.
"""

# %%
import palmerpenguins
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import neonxai

penguins = palmerpenguins.load_penguins()
columns = penguins.drop(columns=["species", "year"])
numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
categories = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder())
front = ColumnTransformer(
    [
        ("numbers", numbers, make_column_selector(dtype_include="number")),
        ("categories", categories, ["island", "sex"]),
    ]
)
model = make_pipeline(front, KMeans(4, n_init=10, random_state=0)).fit(columns)
e = neonxai.explain(model, columns)
print(e)

# %%
# Four clusters of three species: who is in which?
print(pd.crosstab(e.labels, penguins["species"].to_numpy(), rownames=["cluster"], colnames=["species"]))

# %%
# Cluster 1 is all Gentoos, cluster 3 all Chinstraps. The other two are almost only Adelies, and what tells
# these two apart is the sex, more than any size:
assert set(penguins["species"][e.labels == 1]) == {"Gentoo"}
assert set(penguins["species"][e.labels == 3]) == {"Chinstrap"}
e.plot.heatmap()
between = e.contrast().set_index(["cluster", "rival"])
between = between.loc[(0, 2), list(columns.columns)].astype(float)
print(between.round(2).to_string())
assert between.idxmax() == "sex"

# %%
# Cluster 2 in the table's own columns, against all other penguins:
e.plot.distributions(2, values=columns)
print(columns["sex"][e.labels == 2].value_counts().to_string())
assert set(columns["sex"][e.labels == 2].dropna()) == {"female"}

# %%
# A one-hot column is one number, however many codes it has. The codes can be had, too:
codes = neonxai.explain(model, columns, pull_back="codes")
print([name for name in codes.feature_names if name.startswith(("island", "sex"))])

# %%
# A penguin of which nothing is known but the island
# --------------------------------------------------
# Its sizes and its sex were filled in, and the relevance of a column is that of what was filled in.
unknown = 3
print(columns[unknown : unknown + 1].to_string(index=False))
assert columns.loc[unknown].isna().sum() == 5
e.plot.sample(unknown, values=columns)

# %%
# So its evidence is less than that of most in its cluster.
mates = e.logits[e.labels == e.labels[unknown]]
print(e.logits[unknown].round(2), pd.Series(mates).median().round(2))
assert e.logits[unknown] < pd.Series(mates).median()
