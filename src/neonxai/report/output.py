"""Where a page goes: to the caller, or into a file, at once or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neonxai import storage
from neonxai.report.gather import gather

if TYPE_CHECKING:
    import os

    from neonxai.explanation import Explanation
    from neonxai.report.facts import Report


def write(report: Report, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write the page of a report.

    Parameters
    ----------
    report : Report
        The facts.
    path : path
        Where to; written under exactly this name.
    overwrite : bool
        Whether an existing file may be replaced.

    Raises
    ------
    FileExistsError
        If the file exists and ``overwrite`` is false.
    FileNotFoundError
        If its folder does not exist.
    ImportError
        Without the packages of ``neonxai[report]``.
    """
    from neonxai.report.page import render

    with storage.replacing(path, overwrite=overwrite) as temporary:
        temporary.write_text(render(report), encoding="utf-8")


def to_html(
    explanation: Explanation,
    path: str | os.PathLike[str] | None = None,
    *,
    overwrite: bool = False,
    **told: Any,
) -> str | None:
    """Gather a report and make its page; see `Explanation.to_html`.

    Parameters
    ----------
    explanation : Explanation
        What to report.
    path : path, optional
        Where to write the page; by default it is returned.
    overwrite : bool
        Whether an existing file may be replaced.
    **told
        As for `gather`.
    """
    if path is not None:
        storage.check_free(path, overwrite=overwrite)  # before any work
    report = gather(explanation, **told)
    if path is None:
        from neonxai.report.page import render

        return render(report)
    write(report, path, overwrite=overwrite)
    return None
