"""Every state that a power cut can leave: `python -m tests.faults.crash_states [--states N] [--controls]`.

The journal's own statements, settings and schema run through a recorded SQLite; checkpoints fall among them.
At each write, sync, creation and deletion the power may go: of what is not sure any subset of sectors has
arrived. Each state that differs from those before is opened as after a cut: the file must be sound, and
everything that was answered must be there, once, whole, with its delivery rows. `--controls`:
synchronous=NORMAL and the rollback journal must lose answers, or the model has no teeth.
"""

import argparse
import contextlib
import multiprocessing
import random
import sqlite3
import tempfile
import time
from collections import Counter
from pathlib import Path

import apsw

from edge.journal.journal import SqliteJournal
from edge.journal.migration import steps
from tests.faults.recorded import VFS, Disk, RecordedVfs, applied
from tests.journal.test_journal import FixedClock, ended, started

DELETE = {"journal_mode": "delete", "synchronous": 2}
NORMAL = {"journal_mode": "wal", "synchronous": 1}
OURS = {"journal_mode": "wal", "synchronous": 2}
CHECKPOINT_PAGES = 40  # a checkpoint every few commits
ROUTES = {"bay-1": ("city", "landlord")}
WRONG = {
    "halves": """
        SELECT (SELECT count(*) FROM event WHERE NOT EXISTS
                 (SELECT 1 FROM session WHERE session.transaction_id = event.transaction_id))
             + (SELECT count(*) FROM event WHERE
                 (SELECT count(*) FROM delivery WHERE delivery.seq = event.seq) <> 2)
    """,
    "doubled": "SELECT count(*) - count(DISTINCT dedup) FROM event",
}


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.faults.crash_states", description=__doc__)
    parser.add_argument("--states", type=int, default=100_000)
    parser.add_argument("--commits", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--controls", action="store_true")
    options = parser.parse_args()
    is_good = told("ours: WAL, synchronous=FULL", OURS, options, options.states)
    if options.controls:
        is_good &= not told("control: WAL, synchronous=NORMAL", NORMAL, options, 3_000)
        is_good &= not told("control: rollback journal, synchronous=FULL", DELETE, options, 3_000)
    return is_good


def told(name, settings, options, states):
    began = time.monotonic()
    count, faults = explore(
        settings, commits=options.commits, states=states, seed=options.seed, jobs=options.jobs
    )
    seconds = time.monotonic() - began
    print(f"{name}: {count} different states, {dict(faults) or 'nothing lost'}, {seconds:.0f} s", flush=True)
    return count >= states and not faults


def explore(settings, *, commits, states, seed=1, jobs=1):
    """How many different states were opened, and what was wrong in how many of them."""
    with tempfile.TemporaryDirectory(dir=memory(), prefix="ampyard-crash-") as folder:
        moments = recorded(Path(folder), settings, commits)
    shares = [(moments, states // jobs + 1, seed, part, jobs) for part in range(jobs)]
    if jobs == 1:
        results = [share(*shares[0])]
    else:
        with multiprocessing.get_context("fork").Pool(jobs) as pool:
            results = pool.starmap(share, shares)
    return sum(count for count, _ in results), sum((faults for _, faults in results), Counter())


def memory():
    """Thousands of files that nobody needs tomorrow."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  a folder of its own is made there


def recorded(folder, settings, commits):
    """The journal's commits, one by one, and every moment of the disk beneath them."""
    disk = Disk()
    vfs = RecordedVfs(disk)
    file = apsw.Connection(str(folder / "journal.db"), vfs=VFS)
    for name, value in settings.items():
        file.execute(f"PRAGMA {name} = {value}").fetchall()
    file.execute("PRAGMA foreign_keys = 1")
    file.execute("PRAGMA wal_autocheckpoint = 0")
    for script in steps():
        file.execute(script)
    if settings["journal_mode"] == "wal":
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        file.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}").fetchall()
    journal = SqliteJournal(
        None, None, FixedClock(), ROUTES, books=None, space=None, identities=None, boot="x"
    )
    disk.is_recording = True
    for number in range(1, commits // 2 + 1):
        for entry in (started(transaction_id=number), ended(started(transaction_id=number))):
            file.execute("BEGIN IMMEDIATE")
            for sql, row in journal._statements(entry)[1]:
                file.execute(sql, row)
            file.execute("COMMIT")
            disk.answered += 1
            disk.note()
    disk.is_recording = False
    file.close()
    vfs.unregister()
    return disk.moments


def share(moments, states, seed, part, parts):
    """A part of all states: those of every so-many-th moment."""
    chance = random.Random(f"{seed} {part}")
    mine = moments[part::parts]
    seen, faults = set(), Counter()
    with tempfile.TemporaryDirectory(dir=memory(), prefix="ampyard-crash-") as folder:
        while len(seen) < states:
            before = len(seen)
            for moment in mine:
                for names, chosen in choices(moment, chance, states // len(mine) + 1):
                    files = after_the_cut(moment, names, chosen)
                    key = hash((moment.answered, *sorted(files.items())))
                    if key in seen:
                        continue
                    seen.add(key)
                    faults.update(judged(Path(folder), files, moment.answered))
            if len(seen) == before:
                break  # there are no more
    return len(seen), faults


def choices(moment, chance, count):
    """Which of the open operations have arrived: the first ones, all but one, one alone, any."""
    writes, total = moment.writes, len(moment.writes)
    for _ in range(count):
        names = chance.randint(0, len(moment.renamings))
        how = chance.random()
        if how < 0.1:
            chosen = range(chance.randint(0, total))
        elif how < 0.2 and total:
            left_out = chance.randrange(total)
            chosen = [index for index in range(total) if index != left_out]
        elif how < 0.3 and total:
            chosen = [chance.randrange(total)]
        else:
            likely = chance.random()
            chosen = [index for index in range(total) if chance.random() < likely]
        yield names, [writes[index] for index in chosen]


def after_the_cut(moment, names, chosen):
    """The files by name."""
    directory = dict(moment.names)
    for name, inode in moment.renamings[:names]:
        if inode is None:
            directory.pop(name, None)
        else:
            directory[name] = inode
    return {
        name: applied(moment.contents[inode], [each for each in chosen if each.inode == inode])
        for name, inode in directory.items()
        if not name.endswith("-shm")  # memory, which a power cut forgets
    }


def judged(folder, files, answered):
    """What is wrong with what these files are opened as."""
    for old in folder.iterdir():
        old.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    try:
        with contextlib.closing(sqlite3.connect(folder / "journal.db", isolation_level=None)) as file:
            if file.execute("PRAGMA quick_check").fetchone() != ("ok",):
                return ["damaged"]
            found = [name for name, sql in WRONG.items() if file.execute(sql).fetchone() != (0,)]
            (kept,) = file.execute("SELECT count(*) FROM event WHERE seq <= ?", (answered,)).fetchone()
            return found + (["lost"] if kept < answered else [])
    except sqlite3.DatabaseError:
        return ["unreadable"]


if __name__ == "__main__":
    raise SystemExit(0 if main() else 1)
