"""The store gives back exactly what was put into it, or nothing."""

from __future__ import annotations

import errno
import multiprocessing
import os
import time
from pathlib import Path
from typing import Any, Callable

import pytest

from pytest_export_matrix.execution.store import ENTRY, KEEP_SECONDS, Damaged, Store
from pytest_export_matrix.machine.hashing import digest
from pytest_export_matrix.vocabulary.errors import CacheError


def data(store: Store, key: str = "key", verify: bool = True) -> Any:
    """What the store gives of an entry."""
    entry = store.get("artifact", key, verify)
    return entry and entry.data


def put(store: Store, key: str = "key", text: str = "content") -> Path:
    with store.scratch() as source:
        (source / "model.pt").write_text(text)
        store.put("artifact", key, {"n": 1}, source)
    return store.folder("artifact", key)


def test_an_entry_that_was_put_can_be_read(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert data(store) is None
    folder = put(store)
    entry = store.get("artifact", "key")
    assert entry and entry.data == {"n": 1}
    assert (folder / "model.pt").read_text() == "content"
    assert entry and entry.files["model.pt"].bytes == 7


def test_putting_an_entry_again_replaces_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store)
    folder = put(store, text="other")
    assert (folder / "model.pt").read_text() == "other"
    assert data(store) == {"n": 1}


@pytest.mark.parametrize("damage", ["flipped", "truncated", "removed", "entry"])
def test_a_damaged_entry_counts_as_missing(tmp_path: Path, damage: str) -> None:
    store = Store(tmp_path)
    folder = put(store)
    if damage == "flipped":
        (folder / "model.pt").write_text("CONTENT")
    elif damage == "truncated":
        (folder / "model.pt").write_text("cont")
    elif damage == "removed":
        (folder / "model.pt").unlink()
    else:
        (folder / ENTRY).write_text((folder / ENTRY).read_text()[:20])
    assert data(store) is None
    assert store.damaged == 1


def test_no_bit_of_an_entry_can_change_unnoticed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = put(store)
    for name in (ENTRY, "model.pt"):
        path = folder / name
        right = path.read_bytes()
        for place in range(8 * len(right)):
            flipped = bytearray(right)
            flipped[place // 8] ^= 1 << place % 8
            path.write_bytes(flipped)
            assert data(store) in (None, {"n": 1})
            if name == "model.pt":
                assert data(store) is None
        path.write_bytes(right)
    assert data(store) == {"n": 1}


def test_an_entry_at_the_place_of_another_counts_as_missing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, "key").rename(store.folder("artifact", "another"))
    assert data(store, "another") is None


def test_who_read_an_entry_learns_whether_it_was_intact(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folders = [str(put(store, key)) for key in ("one", "other")]
    store.check(folders)
    (Path(folders[1]) / "model.pt").write_text("CONTENT")
    with pytest.raises(Damaged, match="other"):
        store.check(folders)


def test_a_missing_entry_is_not_counted_as_damaged(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert data(store) is None
    assert store.damaged == 0


def test_reading_without_verifying_checks_only_sizes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (put(store) / "model.pt").write_text("CONTENT")
    assert data(store, verify=False) == {"n": 1}
    assert data(store) is None


def test_a_store_ignores_entries_made_before_the_given_time(tmp_path: Path) -> None:
    put(Store(tmp_path))
    fresh = Store(tmp_path, since=float("inf"))
    assert data(fresh) is None


def test_an_entry_that_was_not_used_for_a_month_is_removed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folders = {key: put(store, key) for key in ("used", "unused")}
    long_ago = time.time() - KEEP_SECONDS - 60
    for folder in folders.values():
        os.utime(folder, (long_ago, long_ago))
    assert data(store, "used")
    Store(tmp_path)
    assert [key for key, folder in folders.items() if folder.exists()] == ["used"]


def test_different_contents_have_different_keys() -> None:
    assert digest([1, {"a": (1, 2)}]) == digest([1, {"a": [1, 2]}])
    assert digest([1]) != digest([2])
    assert digest({"a": 1}) != digest({"b": 1})


def test_if_the_folder_cannot_be_made_the_error_names_the_option(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="--export-matrix-cache=DIR"):
        Store(tmp_path / "file" / "cache")


def test_a_full_disk_is_an_error_of_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(CacheError, match="No space left"):
        store.put("result", "key", {})


def in_four_processes(function: Callable[[Path], None], folder: Path) -> list[int | None]:
    """Their exit codes."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=function, args=(folder,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return [process.exitcode for process in processes]


def test_processes_that_need_the_same_entry_make_it_once(tmp_path: Path) -> None:
    in_four_processes(make_once, tmp_path)
    assert (tmp_path / "made").read_text() == "made\n"


def make_once(folder: Path) -> None:
    store = Store(folder)
    with store.lock("artifact", "key", lambda: False):
        if data(store) is None:
            with open(folder / "made", "a") as log:
                log.write("made\n")
            put(store)


def put_often(folder: Path) -> None:
    store = Store(folder)
    for n in range(100):
        put(store, text=f"{os.getpid()} {n}")


def test_processes_that_put_the_same_entry_at_once_leave_one_that_is_whole(tmp_path: Path) -> None:
    codes = in_four_processes(put_often, tmp_path)
    assert codes == [0] * 4
    store = Store(tmp_path)
    assert data(store) == {"n": 1}
    assert not list(store.root.glob("tmp-*"))
