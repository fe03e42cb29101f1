"""
Cars: behind a projection
=========================

A clustering of the first three principal components is hard to read: who knows what ``pca1`` is? The
components are no more than a stop on the way, and the relevance goes on to the columns.
"""

# %%
import numpy as np
import polars as pl
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from vega_datasets import local_data

import neonxai

cars = pl.read_json(local_data.cars.filepath, infer_schema_length=None)
cars = cars.with_columns(pl.col("Year").str.slice(0, 4).cast(int))
numbers = [
    "Miles_per_Gallon",
    "Cylinders",
    "Displacement",
    "Horsepower",
    "Weight_in_lbs",
    "Acceleration",
    "Year",
]
front = ColumnTransformer(
    [
        ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        ("origin", OneHotEncoder(sparse_output=False), ["Origin"]),
    ]
)
model = make_pipeline(front, PCA(3), KMeans(3, n_init=10, random_state=0)).fit(cars)
e = neonxai.explain(model, cars)
print(e)

# %%
# The table was polars', and so is the answer.
print(e.summary().with_columns(pl.selectors.float().round(2)))

# %%
# Nothing is lost on the way: the relevances of the columns sum to the evidence among the components.
print(f"{e.conservation_error().max():.0e}")
assert e.conservation_error().max() < 1e-10
e.plot.heatmap()

# %%
# ``Name`` is in the table, but no step takes it, so it has no part in any cluster.
name = e.feature_names.index("Name")
assert not np.any(e.relevance[:, name])

# %%
# Which three cars are most in doubt, and between which clusters?
doubt = e.borderline(3)
print(doubt.data.select("Name", "Cylinders", "Horsepower", "Weight_in_lbs", "Year"))
print(doubt.to_frame().select("cluster", "competitor", "logit"))

# %%
# The components themselves, for comparison: three numbers a row, with the same sum.
components = neonxai.explain(model[-1], model[:-1].transform(cars))
print(components.feature_names)
assert np.allclose(components.relevance.sum(axis=1), e.relevance.sum(axis=1))
