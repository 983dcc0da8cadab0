"""How far a long task is, on stderr: done, rate, time left."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO, TypeAlias

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

Progress: TypeAlias = Callable[[str, int, int], None]  # what is being done, done, of how many

SECONDS_BETWEEN_LINES = 5.0


def silent(what: str, done: int, total: int) -> None:
    """A `Progress` that shows nothing."""


class StderrProgress:
    """A `Progress` on stderr: a bar a task on a terminal, a line every few seconds elsewhere.

    Use it as a context manager, so that the bars are finished before anything else is written.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._bars = _bars(self._stream) if self._stream.isatty() else None
        self._tasks: dict[str, TaskID] = {}
        self._started: dict[str, float] = {}
        self._written = 0.0
        self._shown = ("", 0)

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` are done."""
        now = time.monotonic()
        start = self._started.setdefault(what, now)
        if self._bars is not None:
            self._draw(self._bars, what, done, total)
        elif 0 < done < total and now - max(start, self._written) < SECONDS_BETWEEN_LINES:
            return
        elif total and done and self._shown != (what, done):
            self._written, self._shown = now, (what, done)
            print(_line(what, done, total, now - start), file=self._stream, flush=True)

    def __enter__(self) -> "StderrProgress":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Finish the bars."""
        if self._bars is not None:
            self._bars.stop()

    def _draw(self, bars: "Bars", what: str, done: int, total: int) -> None:
        if what not in self._tasks:
            bars.start()
            self._tasks[what] = bars.add_task(what, total=total)
        bars.update(self._tasks[what], completed=done, total=total)


def _line(what: str, done: int, total: int, seconds: float) -> str:
    rate = done / seconds if seconds > 0 else 0.0
    shown = f"{what}: {done}/{total}"
    if rate:
        shown += f", {rate:.1f}/s"
    if rate and done < total:
        shown += f", {_clock((total - done) / rate)} left"
    return shown


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _bars(stream: TextIO) -> "Bars":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:.1f}/s" if speed else "")

    return Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=Console(file=stream),
    )
