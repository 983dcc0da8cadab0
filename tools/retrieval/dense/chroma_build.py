"""Builds a Chroma folder in a process of its own: `python -m` and the name of this module.

Chroma may hang, die or fill the disk when it writes; here it can do so without harm: the parent
limits and, if it must, kills this process, and uses the folder only when it has ended well.
"""

import json
import resource
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

COLLECTION = "passages"
JOB_IDS, JOB_VECTORS, REPORT = "job-ids.json", "job-vectors.npy", "report.json"
_RECORDS = 5_000  # a call; Chroma takes 5,461 at most
_SAMPLE = 200  # vectors that are searched for themselves
_NEAR = 1e-3  # cosine distance of texts that are the same


def open_client(folder: Path) -> "Client":
    """An embedded client on a folder, telemetry off."""
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False, allow_reset=False)
    return cast("Client", chromadb.PersistentClient(path=str(folder), settings=settings))


def open_collection(client: "Client") -> "Collection":
    """The collection of passages; made when it is not there."""
    return client.get_or_create_collection(
        COLLECTION, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
    )


def found_themselves(
    collection: "Collection", ids: list[str], vectors: NDArray[np.float32]
) -> float:
    """The share of a sample of vectors that a search for them finds, 0 to 1."""
    at = np.unique(np.linspace(0, len(ids) - 1, min(_SAMPLE, len(ids)), dtype=int))
    found: Any = collection.query(
        query_embeddings=vectors[at], n_results=min(10, len(ids)), include=["distances"]
    )
    hits = [
        ids[one] in near or bool(distances and distances[0] < _NEAR)
        for one, near, distances in zip(at, found["ids"], found["distances"], strict=True)
    ]
    return sum(hits) / len(hits)


def build(folder: Path) -> dict[str, float]:
    """Add the job's vectors to the folder, close it, open it again, and report how it is."""
    ids = json.loads((folder / JOB_IDS).read_text(encoding="utf-8"))
    vectors = np.load(folder / JOB_VECTORS, allow_pickle=False)
    client = open_client(folder)
    collection = open_collection(client)
    for start in range(0, len(ids), _RECORDS):
        part = slice(start, start + _RECORDS)
        collection.add(ids=ids[part], embeddings=vectors[part])
    client.close()
    client = open_client(folder)
    collection = open_collection(client)
    report = {
        "count": collection.count(),
        "found": found_themselves(collection, ids, vectors) if ids else 1.0,
    }
    client.close()
    return report


def main() -> None:
    """Arguments: the folder, the most bytes that a file may have, the most seconds it may take."""
    folder, most, seconds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    signal.alarm(seconds)  # ends this process even when its parent is gone
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    (folder / REPORT).write_text(json.dumps(build(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
