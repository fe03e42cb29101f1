"""Law 1 for every model that is named, and the table of models in the documentation."""

import pytest

from every_model import CASES, DATA, SPARK, TABLE, check, data, fit_spark, row, spark_data


def expected(name):
    """The documentation's line about a model."""
    lines = [
        line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {name} |")
    ]
    assert len(lines) == 1, f"docs/models.md has {len(lines)} lines about {name}"
    return lines[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_labels_are_the_models_own(case):
    results = []
    for name in DATA:
        X, y = data(name)
        model = case.fit(X, y)
        results.append(check(case.name, case.exact, model, X, case.predicted(model, X)))
    line = row(case.name, case.exact, results)
    assert line == expected(case.name)


@pytest.mark.parametrize("cls", SPARK)
def test_spark(spark, cls):
    results = []
    for name in DATA:
        X = spark_data(name)
        model, labels = fit_spark(spark, cls, X)
        results.append(check(cls, SPARK[cls], model, X, labels))
    line = row(f"Spark ML `{cls}`", SPARK[cls], results)
    assert line == expected(f"Spark ML `{cls}`")


def test_a_model_of_other_labels_is_rejected():
    case = CASES[0]
    X, y = data("wine")
    model = case.fit(X, y)
    with pytest.raises(AssertionError, match="otherwise"):
        check(case.name, case.exact, model, X, (model.labels_ + 1) % 3)
    with pytest.raises(AssertionError):
        check(case.name, "labels of the clustered rows", model, X, model.labels_)
