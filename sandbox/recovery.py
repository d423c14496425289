"""Puts right what a killed run left, and says what a destroy leaves on purpose."""

import sys
from collections.abc import Callable
from subprocess import DEVNULL
from typing import Any

from .place import Place
from .store import Item, Store

Cli = Callable[..., int]


def say(text: str) -> None:
    """A word of the sandbox's own, kept off the CLI's output."""
    print(f"sandbox: {text}", file=sys.stderr, flush=True)


def repair(place: Place, store: Store, cli: Cli) -> None:
    """Bring state and simulated cloud together again after a run that was killed.

    What was made but never recorded is removed from the cloud, as an operator would do; what was
    recorded but is gone, and operations that never ended, are settled by `pulumi refresh`.
    """
    if not place.unfinished.exists():
        return
    for lock in place.locks.glob("*.json"):
        lock.unlink()  # its owner is dead: this process holds the stack's own lock
    state = place.state()
    orphans = _unrecorded(state, store)
    for item in orphans:
        store.delete(item.type, item.id)
    if orphans:
        say("the last run was interrupted; removed what it had made but not recorded:" + _listed(orphans))
    if state.get("pending_operations") or _missing(state, store):
        say("the last run was interrupted; refreshing the state.")
        code = cli("refresh", "--yes", "--skip-preview", "--clear-pending-creates", stdout=DEVNULL)
        if code:
            say("the refresh failed: see above, or start again with `python -m sandbox reset`.")
    place.unfinished.unlink()


def settle(place: Place, store: Store) -> None:
    """After a run: remember what was left behind on purpose, unless the run was cut short."""
    state = place.state()
    if state.get("pending_operations"):
        return
    for item in _unrecorded(state, store):
        store.put(item._replace(retained=True))
    place.unfinished.unlink(missing_ok=True)


def report_leftovers(store: Store) -> None:
    """Name what still exists although the stack was destroyed."""
    retained = [item for item in store if item.retained]
    kept = [item for item in store if not item.retained]
    if retained:
        say(f"{len(retained)} left in the simulated cloud, declared retain_on_delete:{_listed(retained)}")
    if kept:
        say(f"{len(kept)} left in the stack, protected or excluded:{_listed(kept)}")


def _unrecorded(state: dict[str, Any], store: Store) -> list[Item]:
    recorded = {(entry["type"], entry.get("id")) for entry in state.get("resources") or []}
    return [item for item in store if not item.retained and (item.type, item.id) not in recorded]


def _missing(state: dict[str, Any], store: Store) -> bool:
    """Whether the state records a resource that the cloud has lost."""
    return any(
        entry.get("custom")
        and not entry.get("external")
        and not entry["type"].startswith(("pulumi:", "random:"))
        and store.get(entry["type"], entry["id"]) is None
        for entry in state.get("resources") or []
    )


def _listed(items: list[Item]) -> str:
    """One line for each type."""
    ids: dict[str, list[str]] = {}
    for item in items:
        ids.setdefault(item.type, []).append(item.id)
    return "".join(f"\n    {type_}: {', '.join(sorted(names))}" for type_, names in sorted(ids.items()))
