"""How fast the journal is, small and full: `python -m tests.bench.journal [--rows 2000000]`.

Rows in a commit with fifty producers; single durable commits beside a bare append and fdatasync of the same
run; a file with as many waiting rows as fifty chargers make in a month without network: how soon it is ready,
how fast it drains, how long the event loop waits meanwhile; and what people ask of it.
"""

import argparse
import asyncio
import os
import sqlite3
import statistics
import tempfile
import time
import uuid
from pathlib import Path

import msgspec

from edge.journal.database import open_sync
from edge.journal.opening import open_journal
from edge.site.events import Sampled, TransactionEnded, TransactionStarted
from tests.journal.test_journal import FixedClock, ended, started

CHARGERS = [f"bay-{number}" for number in range(1, 51)]
ROUTES = dict.fromkeys([*CHARGERS, "bay-1"], ("city",))
A_SESSION = 100  # rows of one: a start, samples, an end
DRAINED_S = 8
TURNS, EACH = 25, 20


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.journal", description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="ampyard-bench-") as folder:
        asyncio.run(commits(Path(folder)))
        asyncio.run(full(Path(folder), options.rows))


async def commits(folder):
    async with open_journal(folder / "small.db", FixedClock(), ROUTES) as journal:
        began = time.monotonic()
        await asyncio.gather(*(producer(journal, number * 10_000) for number in range(50)))
        seconds = time.monotonic() - began
        rows = journal.writer.rows
        share = rows / journal.writer.commits
        print(f"50 producers: {share:.0f} rows a commit, {rows / seconds:.0f} rows a second")
        await singly(journal, folder)


async def singly(journal, folder):
    """In turns, because a disk that others use, too, changes from second to second."""
    rates = {"ours": [], "SQLite by itself": [], "bare": []}
    file = open_sync(folder / "alone.db")
    with (folder / "raw").open("wb", buffering=0) as raw:
        for turn in range(TURNS):
            numbers = range(900_000 + turn * EACH, 900_000 + (turn + 1) * EACH)
            began = time.monotonic()
            for number in numbers:
                await journal.append(started(transaction_id=number))
            rates["ours"].append(EACH / (time.monotonic() - began))
            groups = [journal._statements(started(transaction_id=number))[1] for number in numbers]
            began = time.monotonic()
            for group in groups:
                alone(file, group)
            rates["SQLite by itself"].append(EACH / (time.monotonic() - began))
            began = time.monotonic()
            for _ in numbers:
                raw.write(b"x" * 4_096)
                os.fdatasync(raw.fileno())
            rates["bare"].append(EACH / (time.monotonic() - began))
    file.close()
    bare = rates.pop("bare")
    print(f"single durable commits: a bare append and fdatasync {statistics.median(bare):.0f} a second")
    for name, these in rates.items():
        share = statistics.median(rate / least for rate, least in zip(these, bare, strict=True))
        print(f"  {name:<18} {statistics.median(these):6.0f} a second, {share:.2f} of it")


def alone(file, group):
    """What SQLite reaches without a loop or a thread around it."""
    file.execute("BEGIN IMMEDIATE")
    for sql, row in group:
        file.execute(sql, row)
    file.execute("COMMIT")


async def producer(journal, first):
    for number in range(first + 1, first + 21):
        await journal.append(started(transaction_id=number))
        await journal.append(ended(started(transaction_id=number)))


async def full(folder, rows):
    path = folder / "full.db"
    async with open_journal(path, FixedClock(), ROUTES):
        pass
    await asyncio.to_thread(fill, path, rows)
    print(f"{rows} rows wait, {path.stat().st_size / 1e6:.0f} MB")
    began = time.monotonic()
    async with open_journal(path, FixedClock(), ROUTES) as journal:
        await journal.resume()
        backlog = await journal.outbox.backlog("city")
        print(f"ready in {time.monotonic() - began:.2f} s: {backlog.waiting} waiting")
        await drain(journal)
        for name, asked in {
            "the last 50 sessions": lambda: journal.sessions(50),
            "the last 500 of one charger": lambda: journal.sessions(500, charger="bay-7"),
            "a month of sessions": lambda: journal.sessions(5_000, since_ms=rows * 1_000 * 11 // 12),
            "one session's story": lambda: journal.story(rows // A_SESSION // 2),
            "the backlog": lambda: journal.outbox.backlog("city"),
        }.items():
            times = []
            for _ in range(5):
                began = time.monotonic()
                await asked()
                times.append(time.monotonic() - began)
            print(f"  {name:<28} {1_000 * statistics.median(times):7.1f} ms")


async def drain(journal):
    """As uplinks do: each charger's rows in order, to a cloud that answers at once."""
    told, longest = [0], [0.0]
    is_over = asyncio.Event()

    async def one(charger):
        while not is_over.is_set():
            delivery = await journal.outbox.next("city", charger)
            if delivery is None:
                return
            is_start = isinstance(delivery.event, TransactionStarted)
            named = str(delivery.event.transaction_id) if is_start else None
            await journal.outbox.confirm(delivery, cloud_transaction_id=named)
            told[0] += 1

    async def cycle():
        while not is_over.is_set():
            began = time.monotonic()
            await asyncio.sleep(0.02)
            longest[0] = max(longest[0], time.monotonic() - began - 0.02)

    began = time.monotonic()
    work = asyncio.gather(cycle(), *(one(charger) for charger in CHARGERS))
    await asyncio.sleep(DRAINED_S)
    is_over.set()
    await work
    seconds = time.monotonic() - began
    print(
        f"drains {told[0] / seconds:.0f} rows a second; the loop waited {longest[0] * 1_000:.0f} ms at most"
    )


def fill(path, rows, csms="city"):
    """A month of fifty chargers, written as fast as SQLite can."""
    file = sqlite3.connect(path, isolation_level=None)
    file.execute("PRAGMA synchronous = off")
    file.execute("BEGIN")
    batch = []
    for seq in range(1, rows + 1):
        batch.append(row_of(seq))
        if len(batch) == 20_000 or seq == rows:
            store(file, batch, csms)
            batch = []
    file.execute("COMMIT")
    file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.close()


def row_of(seq):
    """Sessions of all chargers run beside each other."""
    round_, index = divmod(seq - 1, len(CHARGERS))
    session, step = divmod(round_, A_SESSION)
    number = session * len(CHARGERS) + index + 1
    shared = {
        "charger": CHARGERS[index],
        "evse": 1,
        "at_ms": seq * 1_000,
        "seen_ms": seq,
        "transaction_id": number,
    }
    if step == 0:
        return seq, TransactionStarted(token="04A224B2C13D80", meter_wh=0, **shared)
    if step == A_SESSION - 1:
        return seq, TransactionEnded(meter_wh=20_000, **shared)
    return seq, Sampled(energy_wh=step * 200, current_ma=(16_000, 16_000, 16_000), power_w=11_000, **shared)


def store(file, batch, csms):
    events, sessions, ends = [], [], []
    for seq, event in batch:
        kind, number = event.__struct_config__.tag, event.transaction_id
        dedup = None if isinstance(event, Sampled) else f"{kind}/{number}"
        body = msgspec.json.encode(event)
        events.append((seq, kind, event.charger, 1, event.at_ms, event.at_ms, number, dedup, body))
        if isinstance(event, TransactionStarted):
            sessions.append((number, event.charger, event.token, event.at_ms))
        elif isinstance(event, TransactionEnded):
            ends.append((event.at_ms, number))
    file.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", events)
    file.executemany(
        "INSERT INTO session (transaction_id, charger, evse, token, started_ms, meter_start_wh)"
        " VALUES (?, ?, 1, ?, ?, 0)",
        sessions,
    )
    file.executemany(
        "UPDATE session SET ended_ms = ?, meter_stop_wh = 20000, energy_wh = 20000 WHERE transaction_id = ?",
        ends,
    )
    file.executemany(
        "INSERT INTO delivery (csms, seq, charger, message_id) VALUES (?, ?, ?, ?)",
        [(csms, seq, event.charger, str(uuid.uuid4())) for seq, event in batch],
    )


if __name__ == "__main__":
    main()
