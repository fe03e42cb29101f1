"""Tables in, tables out: arrays and pandas, polars and pyarrow frames behind two small types.

`read` gives numbers for networks; `read_raw` keeps what a pipeline takes, categories, text and missing values
included; `build` makes a frame of the kind that came in.
"""

from neonxai.frames.columns import check_finite, not_finite
from neonxai.frames.native import KINDS, some
from neonxai.frames.output import build, default_kind
from neonxai.frames.raw import RawTable, read_raw
from neonxai.frames.tables import Table, read

__all__ = [
    "KINDS",
    "RawTable",
    "Table",
    "build",
    "check_finite",
    "default_kind",
    "not_finite",
    "read",
    "read_raw",
    "some",
]
