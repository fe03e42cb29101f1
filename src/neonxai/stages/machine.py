"""Explaining all rows: part by part through the steps in front, tile by tile through the network."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import issparse

from neonxai.agreement import agreement_of
from neonxai.arrays import Doubles, Ints
from neonxai.engines import Progress, for_each_tile, n_threads
from neonxai.networks import Network
from neonxai.networks.linear import LinearNetwork
from neonxai.networks.sparse_rows import as_linear, sparse_evidence
from neonxai.stages.board import Answers, Board, Shelf
from neonxai.stages.fused import fused
from neonxai.stages.games import Game, check_sparse, game_rows
from neonxai.stages.propagation import (
    Answer,
    Question,
    check_overflow,
    for_each_tile_of,
    propagate,
    propagate_sparse,
    survey,
)
from neonxai.transforms.rows import Entrance, NoSteps, Rows

_SPARSE_ROWS = 1 << 13
_DENSE_VALUES = 1 << 21
_FUSED_ROWS = 1 << 14
# Rows of a tile that go through a kernel again are copied, and so is their relevance: 16 MiB each.
_FUSED_VALUES = 1 << 22


def parts(entrance: Entrance, rows: Rows) -> Iterator[tuple[int, Any, Any]]:
    """Take rows through the steps in front, part by part: first row, the network's input, and the tape.

    Raises
    ------
    ValueError
        If there is a value that is not finite, or the steps add rows or leave some out.
    """
    step = max(1, entrance.part_rows(rows.n_rows))
    for start in range(0, rows.n_rows, step):
        end = min(start + step, rows.n_rows)
        front = entrance.forward(rows.part(slice(start, end)))
        if front.values.shape[0] != end - start:
            raise ValueError(
                f"The steps in front of the clustering make {front.values.shape[0]} rows of "
                f"{end - start}, so that it is not known which is which. Leave out or add rows before."
            )
        entrance.check(front.values, start)
        yield start, front.values, front.tape


@dataclass(frozen=True, eq=False)
class Machine:
    """A network with what is in front of it.

    Attributes
    ----------
    entrance : Entrance
        From rows to the network's input, and relevance back.
    network : Network
        The clustering.
    cluster_names : tuple
        What its clusters are called.
    dense : bool
        Whether the answer is dense, even of sparse rows.
    game : Game, optional
        How relevance is found, if not by propagation.
    """

    entrance: Entrance
    network: Network
    cluster_names: tuple[Any, ...]
    dense: bool = False
    game: Game | None = None

    @cached_property
    def linear(self) -> LinearNetwork | None:
        """The network in the form that takes sparse rows, where there is one."""
        return as_linear(self.network)

    def survey(self, rows: Rows, labels: Ints | None) -> tuple[Doubles, float | None]:
        """Look at all rows that an explainer is fitted to: their logits, and the agreement of a stand-in.

        Parameters
        ----------
        rows : Rows
            Rows.
        labels : int array of shape (n_rows,), optional
            The clustering's own labels of the rows, by position.
        """
        rows.check()
        found: list[tuple[Doubles, Ints, Ints | None]] = []
        for _, values, _ in parts(self.entrance, rows):
            linear = self.linear if issparse(values) else None
            if linear is not None:
                for tile in _tiles(values.shape[0]):
                    assigned, evidence = sparse_evidence(linear, values[tile])
                    found.append((evidence.min(axis=1), assigned, None))
            elif issparse(values):
                step = max(1, _DENSE_VALUES // values.shape[1])
                found += [
                    survey(self.network, values[tile].toarray()) for tile in _tiles(values.shape[0], step)
                ]
            else:
                found.append(survey(self.network, values))
        logits = np.concatenate([part[0] for part in found])
        assigned = np.concatenate([part[1] for part in found])
        known = [part[2] for part in found if part[2] is not None]
        if not known:
            return logits, None
        return logits, agreement_of(assigned, np.concatenate(known) if labels is None else labels)

    def answer(
        self,
        rows: Rows,
        question: Question,
        *,
        beta: float,
        pooling: str,
        n_columns: int,
        progress: Progress | None = None,
        out: str | os.PathLike[str] | None = None,
    ) -> Answers:
        """Explain all rows.

        Parameters
        ----------
        rows : Rows
            Rows.
        question : Question
            About them.
        beta, pooling
            Layer 2.
        n_columns : int
            The number of columns of the answer.
        progress : callable(done, n_rows), optional
            Called as rows are done.
        out : path, optional
            A new folder for the answer's arrays.
        """
        shelf = Shelf(out)
        with shelf.kept_if_filled():
            return self._answer(
                rows, question, shelf, progress, beta=beta, pooling=pooling, n_columns=n_columns
            )

    def _answer(
        self,
        rows: Rows,
        question: Question,
        shelf: Shelf,
        progress: Progress | None,
        *,
        beta: float,
        pooling: str,
        n_columns: int,
    ) -> Answers:
        """`answer`, in arrays of the shelf's."""
        shared = question.targets is None and self.network.default_target is None
        board = Board(rows, n_columns, self.cluster_names, shelf, shared=shared)
        if self.game is not None:
            # Errors of values that are added up on their way back depend on each other.
            board.begin_game(errors=self.game.method == "shapley" and self.entrance.is_direct)
        for start, values, tape in parts(self.entrance, rows):
            if self.game is not None and issparse(values):
                check_sparse(self.network, self.linear)
            part = _Part(self, board, question, beta, pooling, start, values, tape)
            if part.fused is None:
                rows.check()

            def done(of_part: int, _: int, start: int = start) -> None:
                if progress is not None:
                    progress(start + of_part, rows.n_rows)

            if part.fused is not None:
                part.explain_by_kernel(done)
            elif self.game is not None:
                for_each_tile(part.explain, values.shape[0], game_rows(values.shape[1]), done)
            elif part.linear is not None:
                for_each_tile(part.explain, values.shape[0], _SPARSE_ROWS, done)
            else:
                for_each_tile_of(self.network, part.explain, values.shape[0], done)
            explained = self.entrance.explained(values) if rows.data is None else None
            board.end(values, part.present if part.is_sparse else None, explained, part.errors)
        return board.answers()


class _Part:
    """Rows that went through the steps together, to be explained tile by tile."""

    def __init__(
        self,
        machine: Machine,
        board: Board,
        question: Question,
        beta: float,
        pooling: str,
        start: int,
        values: Any,
        tape: Any,
    ) -> None:
        self.machine, self._board, self._question = machine, board, question
        self._layer_2: dict[str, Any] = {"beta": beta, "pooling": pooling}
        self._start, self.values, self._tape = start, values, tape
        # Of a dense table the answer is dense, whatever the steps make of it.
        given = board.rows.data
        is_sparse = issparse(values) and machine.entrance.is_direct and not machine.dense
        self.is_sparse = is_sparse and (given is None or issparse(given))
        self.linear = machine.linear if self.is_sparse else None
        bare = type(machine.entrance) is NoSteps and not issparse(values) and machine.game is None
        self.fused = (
            fused(machine.network, question, values.shape[0], beta=beta, pooling=pooling) if bare else None
        )
        board.begin(is_sparse=self.is_sparse)
        self._left: list[Ints] = []
        self.present = np.empty(values.nnz if self.is_sparse else 0, board.rows.dtype)
        self.errors = np.empty_like(self.present) if self.is_sparse and board.has_errors else None

    def explain(self, tile: slice) -> None:
        """Explain a tile of the part's rows."""
        board, place = self._board, slice(self._start + tile.start, self._start + tile.stop)
        question = self._question.of(place)
        answer, lost = (self._sparsely if self.linear is not None else self._densely)(tile, place, question)
        if question.rivals is not None:
            check_rivals(answer.targets, question.rivals, place.start, self.machine.cluster_names)
        check_overflow(answer.magnitudes, board.rows.dtype, place.start)
        board.put(place, answer, lost)

    def explain_by_kernel(self, progress: Progress) -> None:
        """Explain all rows of the part: by a kernel, and by the network those that it leaves."""
        n_rows, n_features = self.values.shape
        threads = n_threads()
        most = min(_FUSED_ROWS, _FUSED_VALUES // n_features)
        shown = 0

        def done(of_part: int, _: int) -> None:
            nonlocal shown  # other tiles may have left rows before they count as done
            shown = max(shown, of_part - sum(map(len, self._left)))
            progress(shown, n_rows)

        step = max(64, min(most, -(-n_rows // (4 * threads))))
        for_each_tile(self._fused_tile, n_rows, step, done, threads=threads)
        rows = np.sort(np.concatenate(self._left)) if self._left else np.empty(0, dtype=np.intp)

        def work(tile: slice) -> None:
            board, here = self._board, rows[tile]
            X, places = self.values[here], self._start + here
            if not np.isfinite(X).all():
                board.rows.check()
            answer = propagate(self.machine.network, X, self._question, **self._layer_2)
            check_overflow(answer.magnitudes, board.rows.dtype, places)
            board.dense[places] = answer.relevance
            board.put(places, answer, 0.0)

        before = n_rows - len(rows)
        for_each_tile_of(
            self.machine.network, work, len(rows), lambda some, _: progress(before + some, n_rows)
        )

    def _fused_tile(self, tile: slice) -> None:
        assert self.fused is not None  # noqa: S101  # for the type checker
        place = slice(self._start + tile.start, self._start + tile.stop)
        room = self._board.room(place)
        left = self.fused.explain(self.values[tile], room)
        self._board.settle(place, room)
        if len(left):
            self._left.append(left + tile.start)

    def _sparsely(self, tile: slice, place: slice, question: Question) -> tuple[Answer, Any]:
        assert self.linear is not None  # noqa: S101  # for the type checker
        rows, layer_2 = self.values[tile], self._layer_2
        if self.machine.game is None:
            answer, self._board.absent[place] = propagate_sparse(self.linear, rows, question, **layer_2)
        else:
            game = self.machine.game
            answer, absent = game.answer_sparse(self.linear, rows, question, **layer_2, dense=False)
            self._board.absent[place] = absent
            if self.errors is not None:
                self.errors[self._entries(tile)] = answer.standard_errors
        self.present[self._entries(tile)] = answer.relevance
        return answer, 0.0

    def _densely(self, tile: slice, place: slice, question: Question) -> tuple[Answer, Any]:
        rows, layer_2 = self.values[tile], self._layer_2
        machine, game = self.machine, self.machine.game
        if game is None:
            full = rows.toarray() if issparse(rows) else rows
            answer = propagate(machine.network, full, question, **layer_2)
        elif issparse(rows):
            assert machine.linear is not None  # noqa: S101  # as `check_sparse` has seen
            answer, _ = game.answer_sparse(machine.linear, rows, question, **layer_2, dense=True)
        else:
            answer = game.answer(machine.network, rows, question, **layer_2)
        if self._board.errors is not None:
            self._board.errors[place] = answer.standard_errors
        relevance, lost = machine.entrance.pull_back(answer.relevance, self._tape, tile)
        if not self.is_sparse:
            self._board.dense[place] = relevance
            return answer, lost
        row_of = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
        present = relevance[row_of, rows.indices]
        self._board.absent[place] = relevance.sum(axis=1) - np.bincount(
            row_of, present, minlength=rows.shape[0]
        )
        self.present[self._entries(tile)] = present
        return answer, lost

    def _entries(self, tile: slice) -> slice:
        return slice(int(self.values.indptr[tile.start]), int(self.values.indptr[tile.stop]))


def _tiles(n_rows: int, step: int = 0) -> Iterator[slice]:
    step = step or _SPARSE_ROWS
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))


def check_rivals(targets: Ints, rivals: Ints, first_row: int, names: tuple[Any, ...]) -> None:
    """Raise a ValueError that names the first row that would be compared with its own cluster."""
    same = np.flatnonzero(targets == rivals)
    if len(same):
        name = names[rivals[same[0]]]
        raise ValueError(
            f"Row {first_row + int(same[0])} would be explained for cluster {name!r} against itself. Give a "
            "target= that differs from against=, or leave out the rows that are in that cluster."
        )
