"""The file of trials: a line is added when a question has ended, and a later line of it counts."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from pagehop.evals.answers.trial import Setting, Trial, from_record
from pagehop.evals.records import read_records
from pagehop.tools.errors import InputError, StorageError


class TrialBook:
    """The trials of one run, in memory and, where a file is named, on disk as well.

    A line that was torn off when a process was killed is cut away. Use it as a context manager.

    Args:
        path: the file; None: nothing is kept.
        setting: of all its trials.
        resume: whether a file that is there is gone on with.

    Raises:
        InputError: the file is there and is not to be gone on with, or is of another setting.
        StorageError: it cannot be written.
    """

    def __init__(self, path: Path | None, setting: Setting, *, resume: bool = False) -> None:
        self._trials: dict[str, Trial] = {}
        self._file: IO[str] | None = None
        if path is None:
            return
        try:
            self._open(path, setting, resume=resume)
        except OSError as error:
            raise StorageError(f"{str(path)!r} cannot be written: {error}.") from error

    @property
    def trials(self) -> Mapping[str, Trial]:
        """The last trial of each question, by its id."""
        return self._trials

    def add(self, trial: Trial) -> None:
        """Keep a trial; it is in the file when this returns."""
        self._trials[trial.id] = trial
        if self._file is not None:
            self._file.write(json.dumps(trial.as_dict(), ensure_ascii=False) + "\n")
            self._file.flush()

    def _open(self, path: Path, setting: Setting, *, resume: bool) -> None:
        if path.exists() and path.stat().st_size:
            if not resume:
                raise InputError(
                    f"{str(path)!r} is there already. Go on with it (--resume), or name another "
                    "file (--out)."
                )
            _mend(path)
            self._trials = read_trials(path)
            for trial in self._trials.values():
                _same(trial.setting, setting, path)
        self._file = path.open("a", encoding="utf-8")

    def __enter__(self) -> "TrialBook":
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def read_trials(path: Path) -> dict[str, Trial]:
    """The trials of a file by the question's id; of several of one question the last.

    Raises:
        PathNotFoundError: there is no such file.
        InputError: a line is no trial.
    """
    found = [from_record(record) for record in read_records(path)]
    return {trial.id: trial for trial in found}


def _mend(path: Path) -> None:
    """Cut away what was written of a line when the process was killed."""
    with path.open("rb+") as file:
        whole = file.read()
        file.truncate(whole.rfind(b"\n") + 1)


def _same(found: Setting, wanted: Setting, path: Path) -> None:
    if found != wanted:
        raise InputError(
            f"{str(path)!r} holds trials of {found.told}; this run is of {wanted.told}. Name "
            "another file (--out)."
        )
