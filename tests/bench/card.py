"""Bytes that reach the card in a day: `python -m tests.bench.card [--chargers 20] [--hours 24]`.

The journal of a lot in which every charger is busy all day, one sample a minute, told to one cloud at once,
twelve transactions a charger. Time is squeezed: what shares a commit in a day shares one here, and the
write-ahead log is checkpointed as often. Counted are the bytes that this process had the kernel write
(/proc/self/io, write_bytes), and beside them what came out at the block device of a small ext4 of its own,
its journal included, where we may mount one.
"""

import argparse
import asyncio
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from edge.journal.opening import open_journal
from edge.site.durable import Entry, Session
from edge.site.events import EvseStatusChanged, Sampled, TransactionEnded, TransactionStarted
from tests.journal.disks import may_mount, small_disk

MB = 1_000_000
SESSION_MINUTES = 120
A_DAY = 24 * 60 // SESSION_MINUTES
WANTED_MB = 100


class SqueezedClock:
    def __init__(self):
        self.ms = 1_800_000_000_000

    def now_ms(self):
        return self.ms

    def mono_ms(self):
        return self.ms

    def is_synchronised(self):
        return True


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.card", description=__doc__)
    parser.add_argument("--chargers", type=int, default=20)
    parser.add_argument("--hours", type=int, default=24)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        place = stack.enter_context(small_disk(folder, mb=400)) if may_mount() else folder
        process, device = asyncio.run(a_day(place, options))
    scale = 24 / options.hours / MB
    print(f"{options.chargers} chargers, a sample a minute, {A_DAY} transactions each a day")
    print(f"  this process   {process * scale:6.1f} MB a day")
    if device is not None:
        print(f"  block device   {device * scale:6.1f} MB a day, ext4's own journal included")
    worst = max(process, device or 0) * scale
    print(f"  wanted         <= {WANTED_MB} MB: {'yes' if worst <= WANTED_MB else 'NO'}")
    return worst <= WANTED_MB


async def a_day(place, options):
    clock = SqueezedClock()
    chargers = [f"bay-{number}" for number in range(options.chargers)]
    path = place / "journal.db"
    async with open_journal(path, clock, dict.fromkeys(chargers, ("city",)), keep_ms=3_600_000) as journal:
        before = written(place)
        day = Day(journal, clock, chargers)
        for minute in range(options.hours * 60):
            await day.slice(minute * 60, 60)
    after = written(place)
    return tuple(None if b is None else a - b for a, b in zip(after, before, strict=True))


class Day:
    """Samples spread over each minute, sessions spread over each two hours, confirmed as they come."""

    def __init__(self, journal, clock, chargers):
        self.journal = journal
        self.clock = clock
        self.chargers = chargers
        self.running = {}
        self.number = 0

    async def slice(self, start_s, length_s):
        """What happens in so many seconds, and the commit that they share."""
        for second in range(start_s, start_s + length_s):
            self.clock.ms += 1_000
            for index, name in enumerate(self.chargers):
                if (second + index * 360) % (SESSION_MINUTES * 60) == 0 or name not in self.running:
                    await self.change(name)
                elif second % 60 == index % 10:  # all within the ten seconds in which they sample
                    self.sample(name, second)
        await self.journal.writer.write([])  # a commit each minute: the confirmations ride with the next
        await self.tell()

    async def change(self, name):
        if name in self.running:
            session = self.running.pop(name)
            event = TransactionEnded(
                charger=name,
                evse=1,
                at_ms=self.clock.ms,
                seen_ms=self.clock.ms,
                transaction_id=session.transaction_id,
                meter_wh=20_000,
            )
            await self.journal.append(
                Entry(event=event, session=session, dedup=f"stop/{session.transaction_id}")
            )
        self.number += 1
        session = Session(
            transaction_id=self.number,
            charger=name,
            evse=1,
            token="04A224B2C13D80",
            started_ms=self.clock.ms,
            meter_start_wh=0,
        )
        self.running[name] = session
        event = TransactionStarted(
            charger=name,
            evse=1,
            at_ms=self.clock.ms,
            seen_ms=self.clock.ms,
            token=session.token,
            meter_wh=0,
            transaction_id=self.number,
        )
        await self.journal.append(Entry(event=event, session=session, dedup=f"start/{self.number}"))
        state = EvseStatusChanged(
            charger=name, evse=1, at_ms=self.clock.ms, seen_ms=self.clock.ms, state="charging"
        )
        self.journal.keep(Entry(event=state, deliver=False, transaction_id=self.number))

    def sample(self, name, second):
        event = Sampled(
            charger=name,
            evse=1,
            at_ms=self.clock.ms,
            seen_ms=self.clock.ms,
            transaction_id=self.running[name].transaction_id,
            current_ma=(15_900, 15_800, 16_000),
            voltage_mv=(231_000, 230_500, 229_800),
            power_w=10_990,
            energy_wh=second * 3,
            offered_ma=16_000,
        )
        self.journal.keep(Entry(event=event))

    async def tell(self):
        for name in self.chargers:
            while (delivery := await self.journal.outbox.next("city", name)) is not None:
                named = str(delivery.event.transaction_id)
                is_start = isinstance(delivery.event, TransactionStarted)
                await self.journal.outbox.confirm(delivery, cloud_transaction_id=named if is_start else None)


def written(place):
    """Bytes that this process had written, and that the block device of this place has."""
    rows = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(rows["write_bytes"]), device_bytes(place)


def device_bytes(place):
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    device = next((row[0] for row in mounts if row[1] == str(place)), None)
    if device is None:
        return None
    os.sync()
    return int(Path(f"/sys/block/{Path(device).name}/stat").read_text().split()[6]) * 512


if __name__ == "__main__":
    raise SystemExit(0 if main() else 1)
