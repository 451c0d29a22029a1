"""The store of object code: what is believed, what is kept, and that nothing ever raises."""

import contextlib
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fgrad.backends.native.runtime import cache as module
from fgrad.backends.native.runtime.cache import LIMIT, Store
from fgrad.cli.main import main

ROOT = Path(__file__).parents[3]
KEY = hashlib.sha256(b"program, machine, versions").hexdigest()
OTHER = hashlib.sha256(b"another").hexdigest()
BLOCK = 4096

posix = pytest.mark.skipif(sys.platform == "win32", reason="owners and modes are those of POSIX")
as_root = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root gives files away"
)
not_root = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere"
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The usual store, in a directory that is not there yet."""
    monkeypatch.setenv("FGRAD_CACHE", str(tmp_path / "cache" / "code"))
    return Store.usual()


def place(store: Store, key: str = KEY) -> Path:
    """The file of a key."""
    assert store.directory is not None
    return store.directory / f"{key}.fgrad"


def names(store: Store) -> set[str]:
    """All that is in the directory."""
    assert store.directory is not None
    return {path.name for path in store.directory.iterdir()}


# What is kept.


@given(key=st.text("0123456789abcdef", min_size=1, max_size=128), data=st.binary(max_size=3000))
def test_what_is_put_is_got(key: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        store = Store(Path(directory))
        assert store.get(key) is None
        assert store.put(key, data)
        assert store.get(key) == data
        assert Store(Path(directory)).get(key) == data
        assert store.put(key, data + b"!")
        assert store.get(key) == data + b"!"
        assert names(store) == {f"{key}.fgrad"}


@pytest.mark.parametrize("key", ["", "ABC", "../abc", "abc.fgrad", "ab\n", "x", "é", "a" * 129])
def test_a_key_is_hexadecimal_digits(store: Store, key: str) -> None:
    assert not store.put(key, b"code")
    assert store.get(key) is None
    assert store.info().entries == 0


@posix
def test_nobody_else_may_enter_what_is_made(store: Store) -> None:
    before = os.umask(0)
    try:
        assert store.put(KEY, b"code")
    finally:
        os.umask(before)
    path = place(store)
    assert path.stat().st_mode & 0o7777 == 0o600
    assert path.parent.stat().st_mode & 0o7777 == 0o700
    assert path.parent.parent.stat().st_mode & 0o7777 == 0o700


def test_information_makes_nothing(store: Store) -> None:
    info = store.info()
    assert (info.directory, info.entries, info.bytes) == (store.directory, 0, 0)
    assert (info.limit, info.usable) == (LIMIT, True)
    assert store.get(KEY) is None
    assert store.clear() == 0
    assert not place(store).parent.parent.exists()
    store.put(KEY, b"x")
    store.put(OTHER, b"x" * BLOCK)
    assert (store.info().entries, store.info().bytes) == (2, 3 * BLOCK)


# What is believed.


def test_no_damage_to_a_byte_is_believed(store: Store) -> None:
    store.put(KEY, b"\x7fELF, some code\n")
    whole = place(store).read_bytes()
    for index, byte in enumerate(whole):
        for changed in {byte ^ 1, byte ^ 32, 0, 10, 255} - {byte}:
            place(store).write_bytes(whole[:index] + bytes([changed]) + whole[index + 1 :])
            assert store.get(KEY) is None, (index, changed)
    place(store).write_bytes(whole)
    assert store.get(KEY) == b"\x7fELF, some code\n"


def test_no_part_of_a_file_is_believed_and_no_more_than_it(store: Store) -> None:
    store.put(KEY, b"some\ncode")
    whole = place(store).read_bytes()
    for cut in range(len(whole)):
        for part in (whole[:cut], whole[cut + 1 :], whole[:cut] + whole[cut + 1 :]):
            place(store).write_bytes(part)
            assert store.get(KEY) is None, part
    for longer in (whole + b"\0", b"\n" + whole, whole + whole):
        place(store).write_bytes(longer)
        assert store.get(KEY) is None


@given(data=st.data(), code=st.binary(min_size=1, max_size=5000))
def test_random_damage_is_seen_and_mended(data: st.DataObject, code: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        store = Store(Path(directory))
        store.put(KEY, code)
        whole = place(store).read_bytes()
        start = data.draw(st.integers(0, len(whole) - 1))
        piece = data.draw(st.binary(min_size=1, max_size=len(whole) - start))
        damaged = whole[:start] + piece + whole[start + len(piece) :]
        place(store).write_bytes(damaged)
        assert store.get(KEY) == (code if damaged == whole else None)
        assert store.put(KEY, code)
        assert store.get(KEY) == code


def test_a_file_under_another_key_or_of_another_format_is_not_believed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(KEY, b"code")
    place(store).rename(place(store, OTHER))
    assert store.get(OTHER) is None
    place(store, OTHER).rename(place(store))
    assert store.get(KEY) == b"code"
    monkeypatch.setattr(module, "_FORMAT", module._FORMAT + 1)
    assert store.get(KEY) is None


@posix
def test_a_symbolic_link_is_not_followed_but_replaced(store: Store, tmp_path: Path) -> None:
    store.put(KEY, b"code")
    elsewhere = place(store).rename(tmp_path / "elsewhere")
    place(store).symlink_to(elsewhere)
    assert store.get(KEY) is None
    assert store.put(KEY, b"new code")
    assert store.get(KEY) == b"new code"
    assert not place(store).is_symlink()
    assert b"new code" not in elsewhere.read_bytes()


@posix
def test_a_pipe_is_not_waited_for(store: Store) -> None:
    store.put(OTHER, b"code")
    os.mkfifo(place(store))
    assert store.get(KEY) is None
    assert store.put(KEY, b"code")
    assert store.get(KEY) == b"code"


@posix
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o660])
def test_a_file_that_others_may_write_is_not_believed(store: Store, mode: int) -> None:
    store.put(KEY, b"code")
    place(store).chmod(mode)
    assert store.get(KEY) is None
    assert store.put(KEY, b"code")
    assert store.get(KEY) == b"code"


def test_a_file_larger_than_the_limit_is_not_read(store: Store) -> None:
    store.put(KEY, b"code" * BLOCK)
    assert Store(store.directory, BLOCK).get(KEY) is None


def foreign(status: os.stat_result) -> os.stat_result:
    """The same status of another user's file."""
    fields = list(status)
    fields[4] += 1
    return os.stat_result(fields)


@posix
def test_a_file_of_another_user_is_not_believed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(KEY, b"code")
    true = os.fstat
    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", lambda descriptor: foreign(true(descriptor)))
        assert store.get(KEY) is None
    assert store.get(KEY) == b"code"


@posix
def test_nothing_is_done_in_a_directory_of_another_user(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(KEY, b"code")
    user = os.geteuid()
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: user + 1)
        refused(store)
    assert store.get(KEY) == b"code"
    assert names(store) == {f"{KEY}.fgrad"}


@as_root
def test_files_and_directories_that_were_given_away_are_not_believed(store: Store) -> None:
    store.put(KEY, b"code")
    os.chown(place(store), 12345, -1)
    assert store.get(KEY) is None
    assert store.put(KEY, b"code")
    assert store.get(KEY) == b"code"
    os.chown(place(store).parent, 12345, -1)
    refused(store)


def refused(store: Store) -> None:
    """It neither reads nor writes nor removes, and says so."""
    assert store.get(KEY) is None
    assert not store.put(OTHER, b"code")
    assert store.clear() == 0
    assert not store.info().usable


@posix
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777, 0o720])
def test_nothing_is_done_in_a_directory_that_others_may_write(store: Store, mode: int) -> None:
    store.put(KEY, b"code")
    place(store).parent.chmod(mode)
    refused(store)
    assert "mode 700" in str(store.info().problem)
    place(store).parent.chmod(0o755)
    assert store.get(KEY) == b"code"


@posix
def test_a_link_to_a_directory_is_as_good_as_the_directory(store: Store, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    place(store).parent.parent.mkdir()
    place(store).parent.symlink_to(tmp_path / "real", target_is_directory=True)
    assert store.put(KEY, b"code")
    assert store.get(KEY) == b"code"
    (tmp_path / "real").chmod(0o777)
    refused(store)
    place(store).parent.unlink()
    place(store).parent.symlink_to(tmp_path / "nowhere")
    refused(store)


# What cannot be kept.


def test_a_file_in_the_place_of_the_directory_turns_it_off(store: Store, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("mine")
    refused(store)
    (tmp_path / "cache").unlink()
    (tmp_path / "cache").mkdir()
    place(store).parent.write_text("mine")
    refused(store)
    assert store.info().problem == "it is not a directory"
    assert place(store).parent.read_text() == "mine"


def test_a_directory_that_another_process_makes_first_is_as_good(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(store).parent.mkdir(parents=True, mode=0o700)
    monkeypatch.setattr(Path, "exists", lambda self: False)  # so it was, a moment ago
    assert store.put(KEY, b"code")
    assert store.get(KEY) == b"code"


@not_root
def test_a_directory_that_cannot_be_written_is_read_all_the_same(store: Store) -> None:
    store.put(KEY, b"code")
    place(store).parent.chmod(0o500)
    assert store.get(KEY) == b"code"
    assert not store.put(OTHER, b"code")
    assert store.clear() == 0
    assert "cannot be written" in str(store.info().problem)
    place(store).parent.chmod(0o700)


def test_a_directory_in_the_place_of_a_file_stays(store: Store) -> None:
    store.put(OTHER, b"code")
    place(store).mkdir()
    assert store.get(KEY) is None
    assert not store.put(KEY, b"code")
    assert store.clear() == 1
    assert names(store) == {f"{KEY}.fgrad"}


@posix
def test_a_full_disk_leaves_what_was_there(store: Store) -> None:
    import resource  # noqa: PLC0415  # POSIX only

    assert store.put(KEY, b"code")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        assert not store.put(KEY, b"x" * 10_000)
        assert not store.put(OTHER, b"x" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert store.get(KEY) == b"code"
    assert names(store) == {f"{KEY}.fgrad"}


def test_an_interruption_leaves_no_temporary_file(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.put(KEY, b"code")
    assert names(store) == set()


def test_what_is_off_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FGRAD_CACHE", "off")
    store = Store.usual()
    assert store.directory is None
    refused(store)


# Where it is.


def test_the_usual_place_is_that_of_the_system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("FGRAD_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for platform, variable, parts in (
        ("linux", "XDG_CACHE_HOME", "fgrad/native"),
        ("win32", "LOCALAPPDATA", "fgrad/Cache"),
        ("darwin", "NOTHING", ""),
    ):
        monkeypatch.setattr(sys, "platform", platform)
        usual = {
            "linux": ".cache/fgrad/native",
            "win32": "AppData/Local/fgrad/Cache",
            "darwin": "Library/Caches/fgrad",
        }
        assert Store.usual() == Store(tmp_path / usual[platform], 256 * 2**20)
        monkeypatch.setenv(variable, str(tmp_path / "moved"))
        moved = tmp_path / ("moved/" + parts if parts else usual[platform])
        assert Store.usual().directory == moved
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert Store.usual().directory == tmp_path / ".cache/fgrad/native"


def test_the_environment_moves_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FGRAD_CACHE", str(tmp_path))
    assert Store.usual() == Store(tmp_path, LIMIT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FGRAD_CACHE", "here")
    assert Store.usual().directory == tmp_path / "here"


def test_without_a_home_it_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError

    monkeypatch.delenv("FGRAD_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(Path, "home", homeless)
    assert Store.usual().directory is None


# How much is kept.


def key(index: int) -> str:
    return f"{index:064x}"


def age(store: Store, index: int, seconds: float) -> None:
    """Make an entry as if it were used so long ago."""
    os.utime(place(store, key(index)), (time.time() - seconds,) * 2)


def test_what_was_used_least_recently_goes_first(store: Store) -> None:
    store = Store(store.directory, 5 * BLOCK)
    for index in range(5):
        assert store.put(key(index), bytes([index]))
        age(store, index, 100 - index)
    assert store.get(key(0)) == b"\0"
    assert store.get(key(2)) == b"\2"
    assert store.put(key(5), b"5")
    assert store.put(key(6), b"6")
    kept = [index for index in range(7) if store.get(key(index)) is not None]
    assert kept == [0, 2, 4, 5, 6]
    assert store.info().bytes == 5 * BLOCK


def test_a_large_entry_drives_out_many_and_one_that_is_too_large_none(store: Store) -> None:
    store = Store(store.directory, 5 * BLOCK)
    for index in range(5):
        store.put(key(index), b"code")
        age(store, index, 100 - index)
    assert not store.put(key(5), b"x" * 5 * BLOCK)  # with its head it would be larger
    assert store.info().entries == 5
    assert store.put(key(5), b"x" * 3 * BLOCK)
    assert [i for i in range(6) if store.get(key(i)) is not None] == [4, 5]


def test_the_newest_stays_whatever_the_clock_says(store: Store) -> None:
    store = Store(store.directory, 2 * BLOCK)
    for index in range(2):
        store.put(key(index), b"code")
        age(store, index, -1000)
    assert store.put(key(2), b"code")
    assert store.get(key(2)) == b"code"
    assert store.info().entries == 2


def test_a_limit_of_nothing_keeps_nothing(store: Store) -> None:
    for limit in (-1, 0, BLOCK - 1):
        assert not Store(store.directory, limit).put(KEY, b"")
    assert Store(store.directory, BLOCK).put(KEY, b"")


def test_the_bound_holds_though_the_directory_is_rarely_scanned(store: Store) -> None:
    store = Store(store.directory, 512 * BLOCK)  # one in eight
    for index in range(1500):
        assert store.put(key(index), b"code")
        if index % 25 == 0:  # 256 blocks without a scan are one case in 10**14
            assert store.info().bytes < 1.5 * store.limit
    assert store.info().entries > 500
    assert store.get(key(0)) is None


def test_temporary_files_of_dead_processes_are_swept(store: Store) -> None:
    store = Store(store.directory, 5 * BLOCK)
    store.put(KEY, b"code")
    old, new, mine = ("0" * 16 + ".fgrad.tmp", "1" * 16 + ".fgrad.tmp", "other.tmp")
    for name in (old, new, mine):
        place(store).with_name(name).write_bytes(b"half")
    for name in (old, mine):
        os.utime(place(store).with_name(name), (time.time() - 4000,) * 2)
    store.put(KEY, b"code")
    assert names(store) == {f"{KEY}.fgrad", new, mine}


def test_clearing_removes_what_is_its_own_and_nothing_else(store: Store) -> None:
    store.put(KEY, b"code")
    store.put(OTHER, b"code")
    directory = place(store).parent
    foreign_names = {
        "notes.txt", "README", ".hidden", "ABC.fgrad", "xyz.fgrad", "abc.fgrad.bak", "abc", "ab .fgrad"
    }  # fmt: skip
    for name in foreign_names:
        (directory / name).write_text("mine")
    (directory / "abc.fgrad").mkdir()
    with contextlib.suppress(OSError):  # Windows asks for a right to make links
        (directory / "abcd.fgrad").symlink_to(directory / "notes.txt")
    stay = names(store) - {place(store).name, place(store, OTHER).name}
    (directory / ("2" * 16 + ".fgrad.tmp")).write_bytes(b"half")
    assert (store.info().entries, store.info().bytes) == (2, 2 * BLOCK)
    assert store.clear() == 2
    assert names(store) == stay > foreign_names
    assert store.clear() == 0
    assert store.put(KEY, b"code")


@posix
def test_entries_that_vanish_while_they_are_listed_are_passed_over(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(5):
        store.put(key(index), b"code")
    true = os.scandir

    @contextlib.contextmanager
    def racing(directory: Path) -> Iterator[list[os.DirEntry[str]]]:
        with true(directory) as listed:
            entries = list(listed)
        Path(entries[2].path).unlink()
        yield entries

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", racing)
        assert store.info().entries == 4
        patch.setattr(os, "scandir", true)
    assert store.clear() == 4


# Many processes.

RACE = """
import hashlib, random, sys
from pathlib import Path
from fgrad.backends.native.runtime.cache import Store

seed = int(sys.argv[2])
draw = random.Random(seed)
store = Store(Path(sys.argv[1]), 40 * 4096)
keys = [hashlib.sha256(bytes([i])).hexdigest() for i in range(20)]
hits = 0
for step in range(1200):
    key = draw.choice(keys)
    action = draw.random()
    if action < 0.45:
        version = draw.randrange(3)
        code = hashlib.sha256(key.encode() + bytes([version])).digest() * draw.choice((1, 700))
        store.put(key, code)
    elif action < 0.99:
        code = store.get(key)
        if code is not None:
            hits += 1
            good = [hashlib.sha256(key.encode() + bytes([v])).digest() for v in range(3)]
            assert len(code) in (32, 22400) and any(code == g * (len(code) // 32) for g in good)
    elif action < 0.995:
        store.info()
    else:
        store.clear()
print(hits)
"""


def test_processes_that_race_see_whole_entries_or_none(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "b"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(directory), str(seed)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for seed in range(8)
    ]
    for process in running:
        out, err = process.communicate(timeout=300)
        assert (process.returncode, err) == (0, "")
        assert int(out) > 100
    store = Store(directory, 40 * BLOCK)
    assert store.put(KEY, b"code")
    assert store.info().bytes <= store.limit
    assert all(name.endswith(".fgrad") for name in names(store))


# Damage of every kind.


def damage(path: Path, draw: random.Random) -> None:
    """Put something else in the place of a file."""
    with contextlib.suppress(OSError):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    kinds: list[Callable[[], object]] = [
        lambda: path.write_bytes(draw.randbytes(draw.choice((0, 1, 80, 300, 5000)))),
        lambda: path.write_bytes(b"fgrad object code 1 " + draw.randbytes(100)),
        path.mkdir,
        lambda: path.symlink_to(path.with_name("nowhere")),
        lambda: path.symlink_to(path.name),
        lambda: path.symlink_to(path.parent),
        lambda: os.mkfifo(path),
        lambda: path.touch(mode=0o666),
        lambda: path.touch(mode=0),
    ]
    with contextlib.suppress(OSError):
        draw.choice(kinds)()


def shorten(path: Path, draw: random.Random) -> None:
    """Cut a file, if it is one."""
    with contextlib.suppress(OSError):
        if path.is_file() and not path.is_symlink():
            os.truncate(path, draw.randrange(path.stat().st_size + 1))


@posix
def test_nothing_raises_and_nothing_wrong_is_got_whatever_is_damaged(tmp_path: Path) -> None:
    draw = random.Random(1)
    store = Store(tmp_path / "cache", 12 * BLOCK)
    keys = [key(index) for index in range(8)]
    code = {k: hashlib.sha256(k.encode()).digest() * 100 for k in keys}
    temporary = [f"{index:016x}.fgrad.tmp" for index in range(3)]
    away = tmp_path / "away"
    hits = 0
    for step in range(2000):
        at = place(store, draw.choice(keys))
        place(store).parent.mkdir(mode=0o700, exist_ok=True)
        draw.choice((damage, shorten))(
            at.with_name(draw.choice([at.name, at.name, *temporary])), draw
        )
        if step % 200 == 199:  # the directory itself
            place(store).parent.rename(away)
            damage(place(store).parent, draw)
        for k in draw.sample(keys, 3):
            assert store.get(k) in (None, code[k])
            kept = store.put(k, code[k])
            assert not kept or store.get(k) == code[k]
            hits += kept
        assert store.info().entries >= 0
        if draw.random() < 0.02:
            assert store.clear() >= 0
        if step % 200 == 199:
            with contextlib.suppress(OSError):
                place(store).parent.unlink()
            shutil.rmtree(place(store).parent, ignore_errors=True)
            away.rename(place(store).parent)
    assert hits > 2000


# The command.


def test_the_command_tells_and_clears(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    store.put(KEY, b"code")
    assert main(["cache", "info"]) == 0
    assert capsys.readouterr().out == (
        f"directory  {store.directory}\n"
        "entries    1\n"
        "bytes      4096 of at most 268435456\n"
        "usable     yes\n"
    )
    assert main(["cache", "clear"]) == 0
    assert capsys.readouterr().out == "entries removed: 1\n"
    assert store.info().entries == 0


def test_the_command_says_what_is_in_the_way(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FGRAD_CACHE", "off")
    assert main(["cache", "info"]) == 0
    assert capsys.readouterr().out.splitlines()[::3] == [
        "directory  none",
        "usable     no: it is off",
    ]
    assert main(["cache", "clear"]) == 0
    assert capsys.readouterr().out == "entries removed: 0 (it is off)\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "cache needs one word; the usage is fgrad cache info|clear"),
        (["info", "clear"], "cache needs one word; the usage is fgrad cache info|clear"),
        (["claer"], "no command of fgrad cache is named 'claer'; did you mean 'clear'?"),
        (["sweep"], "no command of fgrad cache is named 'sweep'; known: info, clear."),
    ],
)
def test_a_wrong_word_is_one_clear_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cache", *words]) == 2
    assert capsys.readouterr() == ("", f"fgrad: {said}\n")


def test_help_names_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "--help"]) == 0
    assert "fgrad cache info|clear" in capsys.readouterr().out
