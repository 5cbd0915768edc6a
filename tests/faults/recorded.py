"""What SQLite writes, syncs and deletes, in order, recorded through a VFS; and the disk at each moment.

The model of the disk: a write reaches it at a sync of its file, or at any time before that, in sectors of
512 bytes, in any order. Creating and deleting files happens in order, and is sure at the next sync of any
file, as on journalling file systems.
"""

import os
from dataclasses import dataclass, field

import apsw

SECTOR = 512
VFS = "recorded"


@dataclass(frozen=True, slots=True)
class Write:
    """One piece of a write, or (`data` None) a cut to this length."""

    inode: int
    at: int
    data: bytes | None


@dataclass(slots=True)
class Moment:
    """The disk at some moment: what is sure, what is under way, and who has had an answer."""

    names: dict
    contents: dict
    renamings: tuple  # (name, inode or None) in order, not sure yet
    writes: tuple  # Write, in order, not sure yet
    answered: int


@dataclass(slots=True)
class Disk:
    """Every operation makes a moment, at which the power may go."""

    names: dict = field(default_factory=dict)  # as the process sees it
    sure_names: dict = field(default_factory=dict)
    contents: dict = field(default_factory=dict)  # sure, by inode
    renamings: list = field(default_factory=list)
    writes: list = field(default_factory=list)
    answered: int = 0
    moments: list = field(default_factory=list)
    is_recording: bool = False
    last_inode: int = 0

    def note(self):
        """The power may go now."""
        if self.is_recording:
            self.moments.append(
                Moment(
                    dict(self.sure_names),
                    dict(self.contents),
                    tuple(self.renamings),
                    tuple(self.writes),
                    self.answered,
                )
            )

    def opened(self, name):
        if name not in self.names:
            self.last_inode += 1
            self.names[name] = self.last_inode
            self.contents[self.last_inode] = b""
            self.renamings.append((name, self.last_inode))
            self.note()
        return self.names[name]

    def written(self, inode, data, at):
        start = 0
        while start < len(data):
            length = SECTOR - (at + start) % SECTOR
            self.writes.append(Write(inode, at + start, bytes(data[start : start + length])))
            start += length
        self.note()

    def cut(self, inode, size):
        self.writes.append(Write(inode, size, None))
        self.note()

    def synced(self, inode):
        mine = [each for each in self.writes if each.inode == inode]
        self.contents[inode] = applied(self.contents[inode], mine)
        self.writes = [each for each in self.writes if each.inode != inode]
        self.folder_synced()

    def folder_synced(self):
        for name, target in self.renamings:
            if target is None:
                self.sure_names.pop(name, None)
            else:
                self.sure_names[name] = target
        self.renamings = []
        self.note()

    def deleted(self, name):
        if self.names.pop(name, None) is not None:
            self.renamings.append((name, None))
            self.note()


def applied(content, writes):
    """The content after these writes."""
    now = bytearray(content)
    for write in writes:
        if write.data is None:
            del now[write.at :]
            continue
        if len(now) < write.at:
            now.extend(bytes(write.at - len(now)))
        now[write.at : write.at + len(write.data)] = write.data
    return bytes(now)


class RecordedVfs(apsw.VFS):
    """The machine's own VFS, which tells a disk of everything that changes a file."""

    def __init__(self, disk):
        self.disk = disk
        super().__init__(VFS, "")

    def xOpen(self, name, flags):  # noqa: N802  as SQLite calls it
        return RecordedFile(name, flags, self.disk)

    def xDelete(self, name, sync_folder):  # noqa: N802  as SQLite calls it
        super().xDelete(name, sync_folder)
        self.disk.deleted(os.path.basename(name))  # noqa: PTH119  a string of SQLite's
        if sync_folder:
            self.disk.folder_synced()


class RecordedFile(apsw.VFSFile):
    def __init__(self, name, flags, disk):
        super().__init__("", name, flags)
        self._disk = disk
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._inode = disk.opened(os.path.basename(path))  # noqa: PTH119  a string of SQLite's

    def xWrite(self, data, offset):  # noqa: N802  as SQLite calls it
        super().xWrite(data, offset)
        self._disk.written(self._inode, bytes(data), offset)

    def xTruncate(self, size):  # noqa: N802  as SQLite calls it
        super().xTruncate(size)
        self._disk.cut(self._inode, size)

    def xSync(self, flags):  # noqa: N802  as SQLite calls it
        super().xSync(flags)
        self._disk.synced(self._inode)
