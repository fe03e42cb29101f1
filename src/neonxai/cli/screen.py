"""Where the shell shows things: messages, tables and progress, each to its own stream."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from neonxai.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rich.console import RenderableType

__all__ = ["Screen"]

_LONG: Final = 20_000_000  # rows × columns × clusters; about a second of clustering


@dataclass(frozen=True, eq=False)
class Screen:
    """The streams of one command.

    Attributes
    ----------
    quiet : bool
        Whether messages, tables and progress are held back.
    as_json : bool
        Whether stdout is kept for JSON, so that messages go to stderr and tables nowhere.
    """

    quiet: bool = False
    as_json: bool = False

    @property
    def width(self) -> int:
        """Characters that fit on a line of what `show` shows."""
        return Console(highlight=False).width

    def say(self, text: str, style: str = "") -> None:
        """Show one message, on one line however strange the names in it."""
        if not self.quiet:
            console = Console(stderr=self.as_json, highlight=False)
            # Folding would put line breaks into paths that are copied from a file or a pipe.
            console.print(Text(printable(text), style=style), soft_wrap=not console.is_terminal)

    def show(self, renderable: RenderableType) -> None:
        """Show a table."""
        if not (self.quiet or self.as_json):
            Console(highlight=False).print(renderable)

    def json(self, facts: Mapping[str, Any]) -> None:
        """Write a JSON object to stdout, and nothing else."""
        sys.stdout.write(json.dumps(facts, indent=2, allow_nan=False) + "\n")

    @contextmanager
    def progress(self, work: int, doing: str = "Clustering") -> Iterator[Callable[[int, int], None] | None]:
        """Show progress on stderr while a block runs, where somebody watches and it takes long.

        Parameters
        ----------
        work : int
            Rows × columns × clusters (or points that stand in for them).
        doing : str, default="Clustering"
            What comes before explaining.

        Yields
        ------
        callable or None
            To be called with the rows done and the rows there are.
        """
        console = Console(stderr=True)
        if self.quiet or work < _LONG or not console.is_terminal:
            yield None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(doing, total=None)

            def tick(done: int, total: int) -> None:
                bar.update(task, description="Explaining", completed=done, total=total)

            yield tick
