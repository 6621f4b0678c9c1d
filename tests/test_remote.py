"""Entries at a URL, for machines that share no disk."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Iterator

import pytest

from pytest_export_matrix.execution.store import Store
from pytest_export_matrix.vocabulary.errors import CacheError

fsspec = pytest.importorskip("fsspec")
URL = "memory://matrix/cache"


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    yield
    fsspec.filesystem("memory").store.clear()


def put(store: Store, text: str = "weights") -> None:
    with store.scratch() as scratch:
        (scratch / "made" / "deep").mkdir(parents=True)
        (scratch / "made" / "deep" / "model.pt").write_text(text, encoding="utf-8")
        store.put("artifact", "key", {"says": text}, scratch / "made")


def kept(store: Store) -> str:
    entry = store.get("artifact", "key")
    if entry is None:
        return ""
    text = (store.folder("artifact", "key") / "deep" / "model.pt").read_text(encoding="utf-8")
    assert entry.data == {"says": text}
    return text


def archive() -> str:
    return "/matrix/cache/artifact/key.tar"


def test_what_one_machine_made_another_one_has(tmp_path: Path) -> None:
    here, there = Store(tmp_path / "here", url=URL), Store(tmp_path / "there", url=URL)
    assert kept(there) == ""
    put(here)
    assert kept(there) == "weights"
    fsspec.filesystem("memory").store.clear()
    assert kept(there) == "weights"  # its own, by now
    assert kept(Store(tmp_path / "third", url=URL)) == ""


def test_what_is_damaged_on_this_machine_is_fetched_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "here", url=URL)
    put(store)
    (store.folder("artifact", "key") / "deep" / "model.pt").write_text("weightz")
    assert kept(store) == "weights"
    assert store.damaged == 1


def test_what_is_older_than_this_run_may_know_is_missing(tmp_path: Path) -> None:
    put(Store(tmp_path / "here", url=URL))
    assert kept(Store(tmp_path / "there", since=2e10, url=URL)) == ""


def test_what_was_made_without_the_url_can_be_published(tmp_path: Path) -> None:
    put(Store(tmp_path / "here"))
    Store(tmp_path / "here", url=URL).publish("artifact/key")
    assert kept(Store(tmp_path / "there", url=URL)) == "weights"


def test_what_is_said_of_an_entry_is_known_without_its_files(tmp_path: Path) -> None:
    put(Store(tmp_path / "here", url=URL))
    store = Store(tmp_path / "there", url=URL)
    entry = store.said("artifact", "key")
    assert entry is not None and entry.data == {"says": "weights"}
    assert list(entry.files) == ["deep/model.pt"]
    assert not store.folder("artifact", "key").exists()
    assert kept(store) == "weights"
    assert store.said("artifact", "key") == entry


def test_an_entry_that_is_spoken_of_and_gone_is_not_spoken_of_again(tmp_path: Path) -> None:
    put(Store(tmp_path / "here", url=URL))
    fsspec.filesystem("memory").rm(archive())
    store = Store(tmp_path / "there", url=URL)
    assert store.said("artifact", "key") is not None
    assert kept(store) == ""
    assert store.said("artifact", "key") is None
    put(store)
    assert kept(Store(tmp_path / "third", url=URL)) == "weights"


@pytest.mark.parametrize("text", ["", "[]", '{"entry": {}, "sha256": "0"}', "\ud800"])
def test_what_was_changed_at_the_url_says_nothing(tmp_path: Path, text: str) -> None:
    put(Store(tmp_path / "here", url=URL))
    path = archive().replace(".tar", ".json")
    fsspec.filesystem("memory").pipe_file(path, text.encode(errors="surrogatepass"))
    store = Store(tmp_path / "there", url=URL)
    entry = store.said("artifact", "key")
    assert entry is not None and entry.data == {"says": "weights"}
    assert store.folder("artifact", "key").exists(), "the whole entry was fetched"


@pytest.mark.parametrize("cut", [0, 100, 700, 2000])
def test_an_archive_that_was_cut_off_is_made_again(tmp_path: Path, cut: int) -> None:
    put(Store(tmp_path / "here", url=URL), "weights" * 500)
    files = fsspec.filesystem("memory")
    files.pipe_file(archive(), files.cat_file(archive())[:cut])
    store = Store(tmp_path / "there", url=URL)
    assert kept(store) == ""
    assert store.damaged == 1


def test_an_archive_cannot_write_outside_its_folder(tmp_path: Path) -> None:
    Store(tmp_path / "there", url=URL)
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as made:
        made.addfile(tarfile.TarInfo("../../../../escaped"))
    files = fsspec.filesystem("memory")
    files.makedirs("/matrix/cache/artifact", exist_ok=True)
    files.pipe_file(archive(), content.getvalue())
    store = Store(tmp_path / "there", url=URL)
    assert kept(store) == ""
    assert store.damaged == 1
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("nonsense://bucket/folder", "nonsense"),
        ("file:///proc/nowhere", "nowhere"),
        ("https://127.0.0.1:1/cache", "http"),
    ],
)
def test_a_url_where_nothing_can_be_kept_is_refused(
    tmp_path: Path, url: str, expected: str
) -> None:
    with pytest.raises(CacheError, match=expected) as raised:
        Store(tmp_path / "here", url=url)
    assert f"cache {url}" in str(raised.value)
