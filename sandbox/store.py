"""What exists in the simulated account and cluster: one append-only file per stack.

A run that is killed loses nothing that it made, just as a real account remembers it: every change is a
line that has left this process before the provider answers.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple


class Item(NamedTuple):
    """One resource of the simulated cloud."""

    type: str
    """Pulumi's type token."""
    id: str
    urn: str
    """The resource that made it, which is how the leftovers of a killed run are found."""
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    retained: bool = False
    """Left behind on purpose: `retain_on_delete`, and no longer in the stack's state."""


class Store:
    """The simulated cloud of one stack, kept in `path`, or in memory alone when that is None."""

    def __init__(self, path: Path | None = None, existing: Iterable[str] = ()) -> None:
        self.existing = frozenset(existing)
        """Ids and ARNs of what the account holds besides what the stack made."""
        self.lock = threading.RLock()
        self._changed = threading.Condition(self.lock)
        self._items: dict[str, dict[str, Item]] = {}
        self._path = path
        self._file: IO[str] | None = None
        if path is not None and path.exists():
            self._load(path)

    def _load(self, path: Path) -> None:
        """Replay the file; its last line may be torn when the writer was killed."""
        text = path.read_text()
        lines = text.splitlines()
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            self._apply(record)
        torn = not text.endswith("\n")  # what is appended next would join the torn line
        if torn or len(lines) > 2 * len(self) + 64:
            self._compact(path)

    def _compact(self, path: Path) -> None:
        fresh = path.with_suffix(".new")
        fresh.write_text("".join(json.dumps(item._asdict()) + "\n" for item in self))
        fresh.replace(path)

    def _apply(self, record: dict[str, Any]) -> None:
        if record.pop("deleted", False):
            self._items.get(record["type"], {}).pop(record["id"], None)
            return
        item = Item(**record)
        self._items.setdefault(item.type, {})[item.id] = item

    def _write(self, record: dict[str, Any]) -> None:
        if self._path is None:
            return
        if self._file is None:
            self._file = self._path.open("a")
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()

    def __len__(self) -> int:
        return sum(len(items) for items in self._items.values())

    def __iter__(self) -> Iterator[Item]:
        with self.lock:
            return iter([item for items in self._items.values() for item in items.values()])

    def of_type(self, type_: str) -> list[Item]:
        """Everything of one type."""
        with self.lock:
            return list(self._items.get(type_, {}).values())

    def get(self, type_: str, id_: str) -> Item | None:
        """The resource of that type and id, if it exists."""
        return self._items.get(type_, {}).get(id_)

    def put(self, item: Item) -> None:
        """Add a resource, or change it."""
        with self.lock:
            self._items.setdefault(item.type, {})[item.id] = item
            self._write(item._asdict())
            self._changed.notify_all()

    def wait_for(self, exists: Callable[[], bool], seconds: float) -> bool:
        """Wait until something exists, or for so long."""
        with self.lock:
            return self._changed.wait_for(exists, seconds)

    def delete(self, type_: str, id_: str) -> None:
        """Remove a resource; nothing happens when it does not exist."""
        with self.lock:
            if self._items.get(type_, {}).pop(id_, None) is not None:
                self._write({"type": type_, "id": id_, "deleted": True})
