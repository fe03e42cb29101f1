"""Bad input of every kind: one message with file, place, cause and remedy, and never a traceback."""

import os
import pickle
import re
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

OBJECT = '{"a":1,"b":2}\n'
K2 = ("--clusters", "2")


def refused(result, *said, code=2):
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("neonxai: ")
    assert result.stderr.count("\n") == 1  # one line, and so no traceback
    assert result.stderr.rstrip()[-1] in '.?"'
    for part in said:
        assert part in result.stderr


TEXT_FILES = {
    "empty": ("x.csv", "", "x.csv: the file is empty (0 bytes)"),
    "empty parquet": ("x.parquet", "", "the file is empty (0 bytes)"),
    "header only": ("x.csv", "a,b\n", "it has a header but no rows"),
    "only blank lines": ("x.csv", "\n\n", "it has no header"),
    "long line": ("x.csv", "a,b\n1,2\n3,4,5\n6,7\n", "line 3 has 3 fields, the header has 2"),
    "short line": ("x.csv", "a,b\n1,2\n3\n6,7\n", "line 3 has 1 field, the header has 2"),
    "short line of an empty column": ("x.csv", "a,b\n1,\n3\n", "line 3 has 1 field, the header has 2"),
    "blank line": ("x.csv", "a,b\n1,2\n\n6,7\n", "line 3 is empty"),
    "blank line, one column": ("x.csv", "a\n1\n\n6\n", "line 3 is empty"),
    "two names alike": ("x.csv", "a,b,a\n1,2,3\n", "columns 1 and 3 have the same name, 'a'"),
    "text": (
        "x.csv",
        "a,b\n1,2\nred,3\n",
        "column 'a' holds text, not numbers: 'red' in line 3. Leave it out with --drop a",
    ),
    "text late": (
        "x.csv",
        "a,b\n" + "1,2\n" * 20_000 + "red,3\n",
        "column 'a' holds text, not numbers: 'red' in line 20002",
    ),
    "text after a field of two lines": ("x.csv", 'a,b\n"1\n",2\nred,3\n', "'red' in line 4"),
    "date": (
        "x.csv",
        "a,b\n1,2020-01-01\n",
        "column 'b' holds dates, not numbers or categories: '2020-01-01' in line 2. Leave it out",
    ),
    "names and dates": (
        "x.csv",
        "a,name,b,day,c\n" + "".join(f"1,x{i},red,2020-01-{i + 1:02},{i}\n" for i in range(30)),
        "Leave it out with --drop name, or encode it as numbers, or name the rows by it with --id name. "
        "day can't be used either: --drop name,day.",
    ),
    "steering text": ("x.csv", "a,b\n1,2\n\x1b[31m,3\n", "'\\x1b[31m' in line 3"),
    "missing everywhere": (
        "x.csv",
        "a,b\n1,\n2,\n",
        "column 'b' holds no values: all 2 are missing. Leave it out with --drop b.",
    ),
    "NA everywhere": ("x.csv", "a,b\n1,NA\n2,nan\n", "column 'b' holds no values: all 2 are missing"),
    "NaN everywhere": ("x.csv", "a,b\nNaN,3\nNaN,4\n", "column 'a' holds no values: all 2 are missing"),
    "infinity": ("x.csv", "a,b\n1,2\n3,-inf\n", "column 'b' holds -inf in line 3"),
    "beyond float": ("x.csv", "a,b\n1,2\n3,1e999\n", "column 'b' holds inf in line 3"),
    "open quote": ("x.csv", 'a,b\n1,"2\n3,4\n', "it cannot be parsed. Look for a quotation mark"),
    "CR and LF": (
        "x.csv",
        "a,b\n1,2\n3,4\r5,6\n",
        "its lines end in two ways: line 3 has a carriage return (CR) without a line feed (LF). Save it with",
    ),
    "CR and LF, one column": ("x.csv", "a\r1\n2\n", "its lines end in two ways: line 1 has"),
    "CR and CRLF": ("x.tsv", "a\tb\r\n1\t2\r3\t4\r\n", "its lines end in two ways: line 2 has"),
    "text after CR alone": ("x.csv", "a,b\r1,2\rred,3\r", "'red' in line 3"),
    "short line after CR alone": ("x.csv", "a,b\r1,2\r3\r", "line 3 has 1 field, the header has 2"),
    "semicolons": ("x.csv", "a;b\n1;2\n", "its columns are separated by ';', not by ','"),
    "commas in TSV": ("x.tsv", "a,b\n1,2\n", "its columns are separated by ',', not by '\\t'"),
    "no header": (
        "x.csv",
        "5.1,3.5\n4.9,3.0\n",
        "its first line has numbers (5.1, 3.5), so it seems to lack a header",
    ),
    "no name": ("x.csv", ",b\n0,2\n1,4\n", "column 1 has no name"),
    "zero byte": ("x.csv", "a,b\n1,2\n\0,4\n", "it is not a text file: line 3 has a zero byte"),
    "JSON in CSV": ("x.csv", OBJECT, "it is not CSV, as its ending says, but JSON"),
    "text in parquet": (
        "x.parquet",
        "a,b\n1,2\n",
        "it is not Parquet, as its ending says: it starts with b'a,b",
    ),
    "text in arrow": ("x.arrow", "a,b\n1,2\n", "it is not Arrow, as its ending says"),
    "CSV in JSON Lines": (
        "x.jsonl",
        "a,b\n1,2\n",
        "it is not JSON Lines, as its ending says: it starts with b'a,b",
    ),
    "JSON array": ("x.jsonl", '[{"a":1}]', "Each line must be one object"),
    "JSON Lines, text": (
        "x.jsonl",
        OBJECT + '{"a":1,"b":"x"}\n',
        "column 'b' holds text, not numbers: 'x' in line 2",
    ),
    "JSON Lines, numbers as text": (
        "x.jsonl",
        '{"a":1,"b":"2"}\n' * 3,
        "column 'b' holds text, not numbers: '2' in line 1",
    ),
    "JSON Lines, list": (
        "x.jsonl",
        '{"a":1,"b":[1,\n2]}\n'.replace("\n2", "2") * 3,
        "not numbers: [1, 2] in line 1",
    ),
    "JSON Lines, cut": ("x.jsonl", OBJECT + '{"a":1,"b":', "line 2 is not valid JSON"),
    "JSON Lines, NaN": (
        "x.jsonl",
        OBJECT + '{"a":1,"b":NaN}\n',
        "line 2 is not valid JSON (NaN is no number in JSON)",
    ),
    "JSON Lines, no object": ("x.jsonl", OBJECT + "5\n", "line 2 is not an object: 5"),
    "JSON Lines, name twice": ("x.jsonl", '{"a":1,"a":2}\n', "has the name 'a' twice"),
    "unknown ending": (
        "x.xlsx",
        "?",
        "the ending '.xlsx' is not one that neonxai knows. Supported are .csv .tsv",
    ),
    "no ending": ("x", "a,b\n1,2\n", "the file name has no ending"),
}


@pytest.mark.parametrize("case", TEXT_FILES)
def test_text_files(shell, case):
    name, content, said = TEXT_FILES[case]
    Path(name).write_text(content, newline="")
    refused(shell("explain", name, *K2), f"neonxai: {name}: ", said)
    assert [path.name for path in Path().iterdir()] == [name]


GAPS = {
    "missing": ("x.csv", "a,b\n1,2\n,3\n", "column 'a' holds a missing value in line 3. Fill in or delete"),
    "missing everywhere": ("x.csv", "a,b\n1,\n2,\n", "column 'b' holds a missing value in line 2"),
    "NA": ("x.csv", "a,b\n1,2\n4,NA\n", "column 'b' holds a missing value, written as 'NA', in line 3"),
    "nan": ("x.csv", "a,b\n1,2\nNaN,3\n", "column 'a' holds NaN in line 3"),
    "word": ("x.csv", "a,b\n1,x\n2,y\n3,x\n4,\n", "column 'b' holds a missing value in line 5"),
    "NA among words": (
        "x.csv",
        "a,b\n1,x\n2,y\n3,NA\n",
        "column 'b' holds a missing value, written as 'NA', in line 4",
    ),
    "JSON Lines": ("x.jsonl", OBJECT + '\n{"a":1}\n', "column 'b' holds a missing value in line 3"),
    "yes or no": (
        "x.jsonl",
        '{"a":1,"b":true}\n{"a":2,"b":null}\n',
        "column 'b' holds a missing value in line 2",
    ),
}


@pytest.mark.parametrize("case", GAPS)
def test_missing_values_where_they_are_refused(shell, case):
    name, content, said = GAPS[case]
    Path(name).write_text(content)
    refused(shell("explain", name, *K2, "--missing", "refuse"), f"neonxai: {name}: ", said)


@pytest.fixture
def parquet() -> bytes:
    pl.DataFrame(np.arange(300.0).reshape(100, 3), schema=["a", "b", "c"]).write_parquet("good.parquet")
    return Path("good.parquet").read_bytes()


def test_files_of_another_kind(shell, parquet):
    Path("x.csv").write_bytes(parquet)
    refused(shell("explain", "x.csv", *K2), "x.csv: it is not CSV, as its ending says, but a Parquet file")
    Path("x.arrow").write_bytes(parquet)
    refused(shell("explain", "x.arrow", *K2), "it is not Arrow, as its ending says, but a Parquet file")
    Path("x.jsonl").write_bytes(b"\x1f\x8b compressed")
    refused(shell("explain", "x.jsonl", *K2), "but compressed by gzip")
    Path("x.csv").write_bytes("a,b\n1,2\n".encode("utf-16"))
    refused(shell("explain", "x.csv", *K2), "but text in UTF-16")


def test_truncated_and_damaged_files(shell, parquet, wine):
    Path("x.parquet").write_bytes(parquet[: len(parquet) // 2])
    refused(shell("explain", "x.parquet", *K2), "x.parquet: the Parquet file is truncated")
    Path("x.parquet").write_bytes(parquet[:4] + b"\0" * 100 + parquet[104:])
    refused(shell("explain", "x.parquet", *K2), "x.parquet: it is damaged")
    wine.write_ipc("good.arrow")
    arrow = Path("good.arrow").read_bytes()
    Path("x.arrow").write_bytes(arrow[: len(arrow) // 2])
    refused(shell("explain", "x.arrow", *K2), "x.arrow: the Arrow file is truncated")
    wine.write_ipc_stream("good.ipc")
    Path("x.arrow").write_bytes(Path("good.ipc").read_bytes()[:300])
    refused(shell("explain", "x.arrow", *K2), "x.arrow: it is damaged")


def test_two_names_alike_in_binary_files(shell, capfd):
    table = pa.table([pa.array([1.0, 2.0]), pa.array([2.0, 3.0])], names=["a", "a"])
    pq.write_table(table, "x.parquet")
    refused(shell("explain", "x.parquet", *K2), "two of its columns have the same name")
    with pa.OSFile("x.arrow", "wb") as sink, pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table)
    refused(shell("explain", "x.arrow", *K2), "two of its columns have the same name")
    assert capfd.readouterr().err == ""  # nor does the reader itself print


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.nan, "holds NaN in row 7"),
        (-np.inf, "holds -inf in row 7"),
        (None, "holds a missing value in row 7"),
    ],
)
@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_values_in_binary_files(shell, wine, value, said, ending):
    numbers = wine["ash"].to_list()
    numbers[7] = value
    frame = wine.with_columns(ash=pl.Series(numbers))
    frame.write_parquet("x.parquet") if ending == "parquet" else frame.write_ipc("x.arrow")
    words = (*K2, "--missing", "refuse")
    refused(shell("explain", f"x.{ending}", *words), f"x.{ending}: column 'ash' {said} (the first is 0)")


def test_columns_that_are_no_numbers_in_binary_files(shell, wine):
    names = pl.Series([f"x {i}" for i in range(len(wine))])
    wine.with_columns(day=pl.date(2020, 1, 1), name=names).write_parquet("x.parquet")
    refused(
        shell("explain", "x.parquet", *K2),
        "column 'day' holds date, not numbers: datetime.date(2020, 1, 1) in row 0",
    )
    refused(
        shell("explain", "x.parquet", *K2, "--drop", "day"),
        "column 'name' holds text with 178 different values in 178 rows, too many for categories",
        "it seems to name the rows, or to be free text: 'x 0' in row 0 (the first is 0)",
    )


@pytest.mark.parametrize(("content", "line"), [("a,b\n1,2\né,3\n", 3), ("Größe,b\n1,2\n", 1)])
def test_not_utf8(shell, content, line):
    Path("x.csv").write_bytes(content.encode("latin-1"))
    refused(shell("explain", "x.csv", *K2), f"x.csv: it is not UTF-8: line {line} has the byte")


@pytest.mark.parametrize("name", ["x.pkl", "x.pickle", "x.joblib", "x.csv", "x.parquet"])
def test_a_pickle_is_refused_and_not_loaded(shell, name):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (Path("trapped"),))

    Path(name).write_bytes(pickle.dumps(Trap()))
    refused(
        shell("explain", name, *K2), f"{name}: it is a pickle, and loading a pickle can run any code in it"
    )
    assert not Path("trapped").exists()
    pickle.loads(Path(name).read_bytes())  # noqa: S301  (the trap does work)
    assert Path("trapped").exists()


def test_missing_and_unreadable_files(shell, tmp_path):
    refused(shell("explain", "nope.csv", *K2), "nope.csv: no such file", str(tmp_path))
    Path("folder.csv").mkdir()
    refused(shell("explain", "folder.csv", *K2), "folder.csv: it is a folder")
    Path("locked.csv").write_text("a,b\n1,2\n")
    Path("locked.csv").chmod(0)
    if not os.access("locked.csv", os.R_OK):  # root reads everything
        refused(shell("explain", "locked.csv", *K2), "locked.csv: it cannot be read")


OPTIONS = {
    "more clusters than rows": (("--clusters", 179), "--clusters 179: ", "has only 178 rows"),
    "one cluster": (("--clusters", 1), "--clusters 1: ", "it takes at least 2"),
    "no cluster": (("--clusters", 0), "--clusters 0: ", "it takes at least 2"),
    "clusters below 0": (("--clusters", -3), "--clusters -3: ", "it takes at least 2"),
    "clusters a fraction": (("--clusters", 2.5), "--clusters 2.5: it is not a whole number"),
    "clusters a word": (("--clusters", "three"), "--clusters three: it is not a whole number"),
    "neither": ((), "none of --clusters, --centers, --labels and --model is given. Say --clusters K"),
    "both": (("--clusters", 3, "--centers", "wine.csv"), "both --clusters and --centers are given"),
    "columns and drop": ((*K2, "--columns", "hue", "--drop", "ash"), "both --columns and --drop are given"),
    "unknown column": ((*K2, "--columns", "hue,alcool"), "has no column 'alcool'. Did you mean 'alcohol'?"),
    "unknown drop": (
        (*K2, "--drop", "targt"),
        "--drop: ",
        "has no column 'targt'",
        "Its columns are alcohol, malic_acid",
    ),
    "column twice": ((*K2, "--columns", "hue,hue"), "--columns: column 'hue' is named twice"),
    "no columns": ((*K2, "--columns", ""), "--columns: no column of ", "is left to use"),
    "beta below 0": ((*K2, "--beta", -1), "--beta -1: it is negative"),
    "beta NaN": ((*K2, "--beta", "nan"), "--beta nan: it is not a number (NaN)"),
    "beta a word": ((*K2, "--beta", "big"), "--beta big: it is not a number. Give auto, inf, or"),
    "seed below 0": ((*K2, "--seed", -1), "usage: Invalid value for '--seed'"),
    "missing unknown": ((*K2, "--missing", "drop"), "usage: Invalid value for '--missing'", "'impute'"),
    "trust without model": (
        (*K2, "--trust", "a.B"),
        "usage: --trust is about --model, but that is not given",
    ),
    "scale unknown": ((*K2, "--scale", "log"), "usage: Invalid value for '--scale'", "'standard'"),
    "option unknown": ((*K2, "--explode", "x"), "usage: No such option: --explode"),
    "out of unknown kind": ((*K2, "--out", "why.txt"), "--out why.txt: the ending '.txt' is not one"),
    "out a pickle": ((*K2, "--out", "why.pkl"), "--out why.pkl: it is a pickle"),
    "out nowhere": ((*K2, "--out", "no/why.csv"), "--out no/why.csv: there is no folder"),
    "out below a file": ((*K2, "--out", "wine.csv/why.csv"), "wine.csv is not a folder"),
    "out is an input": (
        (*K2, "--out", "./wine.csv", "--overwrite"),
        "--out wine.csv: it is an input of this very command",
    ),
    "centers missing": (("--centers", "c.csv"), "--centers c.csv: no such file"),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_options(shell, wine_csv, case):
    words, *said = OPTIONS[case]
    refused(shell("explain", wine_csv, *words), *said)
    assert [path.name for path in Path().iterdir()] == ["wine.csv"]


def test_usage(shell):
    refused(shell("explain"), "usage: Missing argument 'DATA'", 'See "neonxai explain --help".')
    refused(shell("explode"), "usage: No such command 'explode'", 'See "neonxai --help".')
    refused(shell("--nope"), "usage: No such option: --nope")
    told = shell("expain").stderr
    assert (
        told.endswith("""'expain'. Did you mean 'explain'? See "neonxai --help".\n""") or "mean" not in told
    )
    assert not re.search(r"[.?!]['\"]?[.?!]", told)


def test_more_clusters_than_different_rows(shell):
    Path("x.csv").write_text("a,b\n" + "1,2\n" * 500 + "3,4\n" * 500)
    refused(shell("explain", "x.csv", "--clusters", 3), "--clusters 3: x.csv has only 2 different rows")
    assert shell("explain", "x.csv", "--clusters", 2).exit_code == 0


def test_numbers_too_large_to_compute_with(shell):
    Path("x.csv").write_text("a,b\n1,1e200\n2,3\n3,4\n")
    refused(
        shell("explain", "x.csv", *K2, "--scale", "none"),
        "column 'b' holds numbers too large to compute with",
    )
    Path("x.csv").write_text("a,b\n1,1e308\n2,-1e308\n3,4\n")
    refused(shell("explain", "x.csv", *K2), "column 'b' holds numbers too large to compute with")


def test_centers(shell, wine, wine_csv):
    def centers(frame):
        frame.write_csv("c.csv")
        return shell("explain", wine_csv, "--centers", "c.csv")

    refused(centers(wine[:1]), "--centers c.csv: it has one center")
    refused(centers(wine[:3].drop("hue")), "--centers c.csv: it lacks the column hue of ", "--drop")
    refused(centers(wine[:3].drop("hue", "ash")), "it lacks the columns ash, hue of ")
    gap = wine[:3].with_columns(hue=pl.Series([1.0, None, 2.0]))
    refused(centers(gap), "--centers c.csv: column 'hue' holds a missing value in line 3")
    refused(centers(wine[:0]), "--centers c.csv: it has a header but no rows")


def test_an_existing_output_is_kept_unless_asked(shell, wine_csv):
    Path("why.csv").write_text("precious")
    refused(
        shell("explain", wine_csv, *K2, "--out", "why.csv"),
        "--out why.csv: the file exists. Add --overwrite",
        code=3,
    )
    assert Path("why.csv").read_text() == "precious"
    # Before any work: the data are not even read.
    Path("bad.csv").write_text("a,b\n1,x\n")
    refused(shell("explain", "bad.csv", *K2, "--out", "why.csv"), "the file exists", code=3)
    assert shell("explain", wine_csv, *K2, "--out", "why.csv", "--overwrite").exit_code == 0
    assert len(pl.read_csv("why.csv")) == 178


def test_out_must_be_writable_before_any_work(shell, wine_csv, monkeypatch):
    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "touch", full)
    monkeypatch.setattr("neonxai.cli.explain.explain", lambda *_: pytest.fail("work was done"))
    refused(
        shell("explain", wine_csv, *K2, "--out", "why.csv"),
        "nothing can be written to",
        "No space left on device",
    )


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "arrow", "jsonl"])
def test_a_failed_write_leaves_no_half_file(shell, wine_csv, monkeypatch, there, ending):
    method = {"tsv": "csv", "arrow": "ipc", "jsonl": "ndjson"}.get(ending, ending)
    target = Path(f"why.{ending}")
    if there:
        target.write_text("precious")

    def half(frame, stream, **_options):
        stream.write(b"half a file")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, f"write_{method}", half)
    result = shell("explain", wine_csv, *K2, "--out", target, "--overwrite")
    refused(result, f"--out {target}: writing failed (No space left on device)", code=1)
    assert sorted(path.name for path in Path().iterdir()) == sorted(
        ["wine.csv", *([target.name] if there else [])]
    )
    if there:
        assert target.read_text() == "precious"


def test_centers_too_large_to_compute_with(shell, wine, wine_csv):
    wine[:3].with_columns(hue=pl.Series([1.0, 1e200, 2.0])).write_csv("c.csv")
    for scale in ("none", "standard"):
        result = shell("explain", wine_csv, "--centers", "c.csv", "--scale", scale)
        refused(result, "--centers c.csv: column 'hue' holds numbers too large to compute with")


@pytest.mark.parametrize(("ending", "place"), [("csv", "line 4"), ("parquet", "row 2 (the first is 0)")])
def test_errors_of_the_library_name_the_place_in_the_file(shell, monkeypatch, ending, place):
    def bad(*_args, **_options):
        raise ValueError("X contains NaN in row 2, column 'b'. Impute or drop such rows.")

    frame = pl.DataFrame({"a": [1.0, 2.0, 4.0], "b": [3.0, 5.0, 9.0]})
    getattr(frame, f"write_{ending}")(f"x.{ending}")
    monkeypatch.setattr("neonxai.ClusterExplainer.explain", bad)
    refused(
        shell("explain", f"x.{ending}", *K2),
        f"neonxai: x.{ending}: X contains NaN in {place}, column 'b'. Impute or drop such rows.\n",
    )


def test_the_index_of_a_pandas_frame_is_no_column(shell, wine):
    frame = wine.to_pandas()
    frame[frame["hue"] > 1].to_parquet("x.parquet")
    refused(
        shell("explain", "x.parquet", *K2),
        "column '__index_level_0__' is the index of a pandas frame",
        "Leave it out with --drop __index_level_0__",
    )
    assert shell("explain", "x.parquet", *K2, "--drop", "__index_level_0__").exit_code == 0


def test_a_bug_is_one_message_and_a_traceback_on_request(shell, wine_csv, monkeypatch):
    def bug(*_):
        raise RuntimeError("boom\nbang")

    monkeypatch.setattr("neonxai.cli.explain.explain", bug)
    refused(
        shell("explain", wine_csv, *K2), "neonxai: RuntimeError: boom bang. This should not happen", code=1
    )
    shown = shell("explain", wine_csv, *K2, "--debug")
    assert shown.exit_code == 1
    assert "Traceback" in shown.stderr
    monkeypatch.setenv("NEONXAI_DEBUG", "1")
    assert "Traceback" in shell("explain", wine_csv, *K2).stderr
    assert "Traceback" in shell("--debug", "explain", "nope.csv", *K2).stderr
