"""Tables of any kind as plain arrays, and back: for files without pickle."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import narwhals as nw
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse

from neonxai import frames
from neonxai.explanation import cells

Arrays: TypeAlias = Mapping[str, NDArray[np.generic]]
_CSR = ("values", "indices", "indptr")


def pack(name: str, table: Any) -> tuple[dict[str, NDArray[np.generic]], dict[str, Any]]:
    """Turn a table into arrays, none of objects, and what JSON can say of it.

    Numbers are stored as they are. Of anything else it is the text that is stored: that of categories, dates,
    truth values, and of objects of any kind.

    Parameters
    ----------
    name : str
        What the arrays' names begin with.
    table : array, csr_array, frame, series or list
        Rows.

    Returns
    -------
    arrays : dict of str to array
    layout : dict
        For `unpack`.

    Examples
    --------
    >>> arrays, layout = pack("data", ["to be", "or not"])
    >>> unpack("data", layout, arrays, (2, 1))
    ['to be', 'or not']
    """
    if issparse(table):
        rows = csr_array(table)
        return dict(zip(_names_of_csr(name), (rows.data, rows.indices, rows.indptr), strict=True)), {
            "form": "csr"
        }
    if isinstance(table, np.ndarray) and table.ndim == 2 and table.dtype.kind in "biuf":
        return {name: table}, {"form": "array"}
    arrays: dict[str, NDArray[np.generic]] = {}
    types = []
    for position in range(cells.n_columns(table)):
        column = cells.column(table, position)
        types.append("number" if column.is_numbers else "text")
        if column.is_numbers:
            arrays[f"{name}.{position}"] = column.values
        else:
            arrays.update(zip(_names_of_text(f"{name}.{position}"), _pack_text(column), strict=True))
    names = cells.column_names(table)
    return arrays, {"form": "columns", "kind": _kind(table), "names": names or [], "types": types}


def parts_of(name: str, layout: Mapping[str, Any]) -> set[str]:
    """The names of the arrays that `unpack` needs."""
    if layout["form"] == "csr":
        return {*_names_of_csr(name)}
    if layout["form"] == "array":
        return {name}
    found: set[str] = set()
    for position, kind in enumerate(layout["types"]):
        column = f"{name}.{position}"
        found |= {column} if kind == "number" else {*_names_of_text(column)}
    return found


def unpack(
    name: str, layout: Mapping[str, Any], arrays: Arrays, shape: tuple[int, int], index: Any = None
) -> Any:
    """Rebuild a table.

    Parameters
    ----------
    name, layout, arrays
        What `pack` was given and has returned.
    shape : (int, int)
        That of the explanation: the rows of the table, and the columns if it is an array or csr_array.
    index : array, optional
        The row names of a pandas frame.

    Returns
    -------
    array, csr_array, frame or list
        A frame of numbers alone comes back as an array, and any other as an array of objects if its library
        is not installed. Documents come back as a list.

    Raises
    ------
    ValueError, KeyError
        If the parts don't fit together.
    """
    form = layout["form"]
    if form == "csr":
        rows = csr_array(tuple(arrays[part] for part in _names_of_csr(name)), shape)
        rows.check_format(full_check=True)
        if rows.data.dtype.kind != "f" or not rows.has_canonical_format:
            raise ValueError(f"{name} is no CSR of floats with sorted indices")
        return rows
    if form == "array":
        array = arrays[name]
        if array.shape != shape or array.dtype.kind not in "biuf":
            raise ValueError(f"{name} has shape {array.shape} and dtype {array.dtype}, not {shape}")
        return array
    if form != "columns":
        raise ValueError(f"{name} has the unknown form {form!r:.50}")
    columns = [
        _numbers(arrays[f"{name}.{i}"]) if kind == "number" else _unpack_text(f"{name}.{i}", arrays)
        for i, kind in enumerate(layout["types"])
    ]
    if not columns or any(len(column) != shape[0] for column in columns):
        raise ValueError(f"{name} has columns of {[len(c) for c in columns]!r:.100} rows, not {shape[0]}")
    return _assemble(columns, layout["kind"], layout["names"], index)


def _assemble(columns: list[NDArray[Any]], kind: str, names: Sequence[str], index: Any) -> Any:
    if kind == "documents" and len(columns) == 1:
        return columns[0].tolist()
    if all(column.dtype.kind != "O" for column in columns):
        return np.column_stack([c if c.dtype.kind == "f" else c.astype(np.float64) for c in columns])
    if kind in frames.KINDS:
        if len(names) != len(columns) or not all(isinstance(label, str) for label in names):
            raise ValueError(f"there are {len(columns)} columns and other names for them")
        values = [_with_none(column) for column in columns]
        try:
            return frames.build(kind, dict(zip(names, values, strict=True)), index)
        except ImportError:
            pass  # the numbers and texts can be had without it
    return np.column_stack([np.asarray(column, dtype=object) for column in columns])


def _with_none(column: NDArray[Any]) -> Any:
    """None instead of NaN, which polars and pyarrow tell apart."""
    if column.dtype.kind != "f" or not np.isnan(column).any():
        return column.tolist() if column.dtype.kind == "O" else column
    return [None if np.isnan(value) else value for value in column.tolist()]


def _kind(table: Any) -> str:
    seen = nw.from_native(table, pass_through=True, allow_series=True)
    if isinstance(seen, nw.DataFrame):
        return str(seen.implementation.value)
    return "objects" if isinstance(seen, np.ndarray) and seen.ndim == 2 else "documents"


def _names_of_csr(name: str) -> list[str]:
    return [f"{name}.{part}" for part in _CSR]


def _names_of_text(column: str) -> list[str]:
    return [f"{column}.text", f"{column}.ends", f"{column}.missing"]


def _pack_text(column: cells.Column) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_]]:
    """UTF-8, one text after the other: an array of strings would give each the length of the longest."""
    encoded = [
        b"" if missing else str(value).encode("utf-8", "surrogatepass")
        for value, missing in zip(column.values, column.missing, strict=True)
    ]
    ends = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    return np.frombuffer(b"".join(encoded), dtype=np.uint8), ends, column.missing


def _unpack_text(column: str, arrays: Arrays) -> NDArray[np.object_]:
    text, ends, missing = (arrays[part] for part in _names_of_text(column))
    if not (text.dtype == np.uint8 and ends.dtype == np.int64 and missing.dtype == np.bool_):
        raise ValueError(f"{column} is no text")
    if ends.ndim != 1 or text.ndim != 1 or missing.shape != ends.shape:
        raise ValueError(f"{column} has parts of other shapes")
    places = [0, *ends.tolist()]
    if any(a > b for a, b in pairwise(places)) or places[-1] != len(text):
        raise ValueError(f"{column} has texts that overlap")
    whole = text.tobytes()
    result = np.empty(len(ends), dtype=object)
    for row, (start, end) in enumerate(pairwise(places)):
        result[row] = None if missing[row] else whole[start:end].decode("utf-8", "surrogatepass")
    return result


def _numbers(column: NDArray[Any]) -> NDArray[Any]:
    if column.ndim != 1 or column.dtype.kind not in "iuf":
        raise ValueError(f"a column of numbers has shape {column.shape} and dtype {column.dtype}")
    return column
