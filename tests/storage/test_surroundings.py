# ruff: noqa: ASYNC221, ASYNC240 - tests run one at a time, so blocking the loop blocks nobody
"""What a file stands on, and who else uses it. proves: D6, P1"""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from fsm_engine.errors import StartUpWarning
from fsm_engine.storage import open_store
from fsm_engine.storage.sqlite_file import SqliteSettings, connect, connect_reader
from fsm_engine.storage.surroundings import (
    OpenFiles,
    has_reset_fault,
    is_open_elsewhere,
    mount_of,
    mounts_in,
    network_concern,
    sharing_concern,
    system_mounts,
)
from tests.turns import turn

FAULTY = (3, 40, 1)

LOCAL = r"""
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
25 27 0:23 / /dev/shm rw,nosuid,nodev - tmpfs tmpfs rw,size=24684084k
98 27 8:17 / /mnt/usb\040stick rw,relatime shared:52 - fuseblk /dev/sdb1 rw,user_id=0,group_id=0,allow_other
33 27 0:29 /@home /home rw,relatime shared:17 master:4 - btrfs /dev/mapper/luks rw,space_cache,subvolid=257
120 27 0:51 / /var/lib/docker/overlay2/a1/merged rw - overlay overlay rw,lowerdir=l/A:l/B,upperdir=u,workdir=w
121 27 0:52 / /run/user/1000/doc rw,nosuid,nodev - fuse.portal portal rw,user_id=1000,group_id=1000
"""

# From machines, containers and virtual machines as people run them.
NETWORK = {
    "nfs4": "180 27 0:61 / /data rw,relatime shared:95 - nfs4 nas:/export/bots rw,vers=4.2,addr=10.0.0.4",
    "nfs": "181 27 0:62 / /data rw,relatime - nfs nas:/export rw,vers=3,proto=tcp,mountaddr=10.0.0.4",
    "cifs": r"182 27 0:63 / /data rw,relatime shared:97 - cifs //server/share\040one rw,vers=3.1.1,cache=strict",
    "smb3": "183 27 0:64 / /data rw,relatime - smb3 //server/share rw,vers=3.1.1",
    "sshfs": "184 27 0:65 / /data rw,nosuid,nodev shared:98 - fuse.sshfs ana@host:/srv rw,user_id=1000,group_id=1000",
    "old sshfs": "184 27 0:65 / /data rw,nosuid,nodev - fuse sshfs#ana@host:/srv rw,user_id=1000",
    "s3fs": "185 27 0:66 / /data rw,nosuid,nodev,relatime - fuse.s3fs s3fs rw,user_id=0,group_id=0,allow_other",
    "gcsfuse": "186 27 0:67 / /data rw,nosuid,nodev - fuse.gcsfuse bucket rw,user_id=0,group_id=0",
    "WSL drive": r"187 27 0:68 / /data rw,noatime - 9p C:\134 rw,dirsync,aname=drvfs;path=C:\;uid=1000,trans=fd",
    "virtual machine": "188 27 0:69 / /data rw,relatime - virtiofs hostshare rw",
    "VirtualBox": "189 27 0:70 / /data rw,relatime - vboxsf shared rw,nodev,iocharset=utf8,uid=0,gid=998",
    "Docker Desktop": "190 27 0:71 /Users/ana/bot /data rw,relatime - fakeowner /run/host_mark/Users rw,fakeowner",
    "older Docker Desktop": "191 27 0:72 / /data rw,relatime - fuse.grpcfuse grpcfuse rw,user_id=0",
    "ceph": "192 27 0:73 / /data rw,relatime - ceph 10.0.0.1:6789:/ rw,name=bot,secret=<hidden>,acl",
    "gluster": "193 27 0:74 / /data rw,relatime - fuse.glusterfs host:/volume rw,user_id=0,allow_other",
    "cluster": "194 27 253:9 / /data rw,relatime - gfs2 /dev/mapper/vg-lv rw",
}


@pytest.mark.parametrize("kind", NETWORK)
def test_a_network_file_system_is_recognised_and_told_what_to_do_about(kind: str) -> None:
    mounts = mounts_in(LOCAL + NETWORK[kind])

    concern = network_concern("/data/bots/bot.db", mounts)
    assert concern is not None
    assert concern.startswith("database /data/bots/bot.db: stands on a network or shared file system (")
    assert "at /data)" in concern
    assert concern.endswith("Put the file on a local disk.")
    assert network_concern("/database/bot.db", mounts) is None


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/bot.db", "ext4"),
        ("/dev/shm/bot.db", "tmpfs"),
        ("/mnt/usb stick/bot.db", "fuseblk"),
        ("/home/ana/bot.db", "btrfs"),
        ("/var/lib/docker/overlay2/a1/merged/srv/bot.db", "overlay"),
        ("/run/user/1000/doc/1/bot.db", "fuse.portal"),
        ("/homework/bot.db", "ext4"),
    ],
)
def test_a_local_file_system_is_no_concern(path: str, kind: str) -> None:
    mounts = mounts_in(LOCAL)
    found = mount_of(path, mounts)

    assert found is not None
    assert found.kind == kind
    assert network_concern(path, mounts) is None


def test_the_later_of_two_mounts_at_one_place_counts() -> None:
    automatic = "40 27 0:40 / /data rw - autofs systemd-1 rw,fd=29\n"
    mounts = mounts_in(LOCAL + automatic + NETWORK["nfs4"])

    assert network_concern("/data/bot.db", mounts) is not None
    assert network_concern("/data/bot.db", mounts_in(LOCAL + NETWORK["nfs4"] + "\n" + automatic)) is None


@pytest.mark.parametrize("line", ["", "-", " - ", "1 2 3", "27 1 254:0 / /data rw", "27 1 x:y / /data rw - nfs a rw"])
def test_a_line_that_cannot_be_read_is_passed_over(line: str) -> None:
    assert len(mounts_in(f"{LOCAL}{line}\n")) == len(mounts_in(LOCAL))


def test_the_mounts_of_this_machine_are_read() -> None:
    kinds = {path: mount_of(path, system_mounts()) for path in ("/proc/self/status", "/", "/dev/shm/bot.db")}

    assert {path: mount and mount.is_network for path, mount in kinds.items()} == dict.fromkeys(kinds, False)
    assert kinds["/proc/self/status"] is not None
    assert kinds["/proc/self/status"].kind == "proc"


async def test_opening_on_this_machine_s_disk_warns_of_nothing(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await (await open_store(f"sqlite:///{tmp_path}/bot.db")).close()


async def test_opening_on_a_network_file_system_warns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretended = tmp_path / "mountinfo"
    pretended.write_text(NETWORK["nfs4"].replace("/data", str(tmp_path)))
    monkeypatch.setattr("fsm_engine.storage.surroundings._MOUNTS", pretended)

    with pytest.warns(StartUpWarning, match="Put the file on a local disk"):
        store = await open_store(f"sqlite:///{tmp_path}/bot.db")
    await store.commit(turn(1))
    await store.close()
    with pytest.raises(StartUpWarning):  # as pytest's settings ask for here, and a program may
        await open_store(f"sqlite:///{tmp_path}/bot.db")
    await (await open_store("sqlite:///:memory:")).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bot.db", "mountinfo"]


@pytest.mark.parametrize(
    ("version", "is_faulty"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((4, 0), False),
    ],
)
def test_the_versions_that_can_damage_a_shared_log_are_known(version: tuple[int, ...], is_faulty: bool) -> None:
    assert has_reset_fault(version) is is_faulty


USER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT count(*) FROM users").fetchall()
print("open", flush=True)
sys.stdin.readline()
"""


@contextmanager
def another_process_with(path: Path) -> Iterator[None]:
    program = subprocess.Popen(
        [sys.executable, "-c", USER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "open\n"
    try:
        yield
    finally:
        program.communicate("done\n", timeout=30)


async def test_another_process_with_the_file_open_is_noticed_for_as_long_as_it_has_it(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    store = await open_store(f"sqlite:///{path}")
    second = await open_store(f"sqlite:///{path}")  # this process may have it twice
    assert is_open_elsewhere(str(path)) is False
    with another_process_with(path):
        assert is_open_elsewhere(str(path)) is True
        concern = sharing_concern(str(path), FAULTY)
        assert concern is not None
        assert "3.40.1" in concern
        assert "Use SQLite 3.51.3 or newer" in concern
        assert sharing_concern(str(path), (3, 51, 3)) is None

    assert is_open_elsewhere(str(path)) is False
    assert sharing_concern(str(path), FAULTY) is None
    await second.close()
    await store.close()
    assert is_open_elsewhere(str(path)) is None


async def test_looking_for_others_leaves_our_own_locks_in_place(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    writer = connect(str(path), SqliteSettings())
    writer.execute("BEGIN IMMEDIATE")
    assert is_open_elsewhere(str(path)) is False

    try_to_write = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN IMMEDIATE')"
    tried = subprocess.run([sys.executable, "-c", try_to_write, path], capture_output=True, text=True, check=False)
    assert "database is locked" in tried.stderr
    writer.close()


async def test_opening_a_file_that_another_process_has_open_is_logged_where_that_is_dangerous(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "bot.db"
    await (await open_store(f"sqlite:///{path}")).close()
    assert caplog.records == []
    with another_process_with(path), caplog.at_level(logging.WARNING, "fsm_engine.storage"):
        await (await open_store(f"sqlite:///{path}")).close()

    logged = [record.getMessage() for record in caplog.records if record.name == "fsm_engine.storage"]
    assert len(logged) == has_reset_fault(sqlite3.sqlite_version_info)
    assert all("another process has it open" in message for message in logged)


def content_of(path: Path) -> tuple[bytes, bytes]:
    return path.read_bytes(), Path(f"{path}-wal").read_bytes()


def test_the_reader_cannot_move_the_log_into_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    with closing(connect(str(path), SqliteSettings())) as writer:
        writer.execute("INSERT INTO users VALUES ('ana', 'now')")
        reader = connect_reader(str(path), SqliteSettings())
        before = content_of(path)
        for how in ("PASSIVE", "FULL", "RESTART", "TRUNCATE"):
            with pytest.raises(sqlite3.OperationalError):
                reader.execute(f"PRAGMA wal_checkpoint({how})").fetchall()

        assert content_of(path) == before
        assert reader.execute("SELECT id FROM users").fetchall() == [("ana",)]
        reader.close()


def test_a_reader_that_is_closed_last_leaves_the_log_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    writer = connect(str(path), SqliteSettings())
    reader = connect_reader(str(path), SqliteSettings())
    writer.execute("INSERT INTO users VALUES ('ana', 'now')")
    before = content_of(path)
    assert before[1] != b""
    writer.close()
    reader.execute("SELECT * FROM users").fetchall()
    reader.close()

    assert content_of(path) == before
    with closing(connect(str(path), SqliteSettings())) as again:
        assert again.execute("SELECT id FROM users").fetchall() == [("ana",)]


async def test_a_name_with_signs_that_addresses_give_a_meaning_works_for_both_connections(tmp_path: Path) -> None:
    path = tmp_path / "b %41 ö;&=.db"
    store = await open_store(f"sqlite:///{path}")
    await store.commit(turn(1))

    assert await store.load("chat", None) is not None
    await store.close()
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_goes_right_after_another_change_of_its_folder_is_missed(tmp_path: Path) -> None:
    """The folder's time may be the same for both changes; it is trusted once it is old enough to tell them apart."""
    path = tmp_path / "bot.db"
    path.write_bytes(b"")
    files = OpenFiles.of(str(path))
    for _ in range(200):
        (tmp_path / "other").touch()
        (tmp_path / "other").unlink()
        assert files.astray is None
        path.rename(tmp_path / "aside.db")
        assert files.astray == str(path)
        (tmp_path / "aside.db").rename(path)
        os.utime(tmp_path, ns=(0, 0))
        assert files.astray is None
        assert files.settled is not None
        path.rename(tmp_path / "aside.db")
        assert files.astray == str(path)
        (tmp_path / "aside.db").rename(path)
