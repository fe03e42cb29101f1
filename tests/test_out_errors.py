"""A folder of mapped files, after errors."""

import numpy as np
import pytest
from scipy.sparse import csr_array

import neonxai


@pytest.fixture
def explainer(rows):
    return neonxai.ClusterExplainer(neonxai.Centroids(rows[:3], ["north", "south", "west"])).fit(rows)


@pytest.fixture
def rows():
    return np.random.default_rng(0).standard_normal((500, 4))


def test_after_an_error_the_folder_is_free_again(explainer, rows, tmp_path):
    wrong = rows.copy()
    wrong[400, 2] = np.nan

    def stop(done, n_rows):
        raise KeyboardInterrupt

    with pytest.raises(ValueError, match="row 400, column 2"):
        explainer.explain(wrong, out=tmp_path / "o")
    with pytest.raises(KeyboardInterrupt):
        explainer.explain(rows, out=tmp_path / "o", progress=stop)
    with pytest.raises(ValueError, match="out= is for dense relevance"):
        explainer.explain(csr_array(rows), out=tmp_path / "o")
    assert not (tmp_path / "o").exists()
    explainer.explain(rows, out=tmp_path / "o")


def test_what_is_not_ours_stays_after_an_error(explainer, rows, tmp_path):
    def stop(done, n_rows):
        (tmp_path / "o" / "notes").write_text("mine")
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop") as caught:
        explainer.explain(rows, out=tmp_path / "o", progress=stop)
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["notes"]
    assert "could not be removed" in caught.value.__notes__[0]


def test_what_can_be_no_folder_is_said(explainer, rows, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(NotADirectoryError, match=r"folder: Not a directory\. Choose"):
        explainer.explain(rows, out=tmp_path / "file" / "o")
    for wrong in (3, True, ["o"], b"o"):
        with pytest.raises(TypeError, match="should be the path of a new folder"):
            explainer.explain(rows, out=wrong)
