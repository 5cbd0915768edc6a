"""Who pays by which tariff, and since when: a session is billed by what held when it began."""

import msgspec

from edge.site.durable import Store

PAYERS = "payer"  # by group and the time since which it holds
FORMERLY = "tariff-of"  # by group, as it was kept without a time: it holds since ever
EVERYBODY = "*"
FREE = ""  # pays nothing, whatever everybody pays


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """From then on a group pays by this tariff; `tariff` None: as everybody does."""

    group: str
    tariff: str | None
    since_ms: int


class Payers:
    """Every assignment there was. `resume` before anything else."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, list[Assignment]] = {}

    async def resume(self) -> None:
        """Take up what was stored before the restart."""
        for group, body in (await self._store.documents(FORMERLY)).items():
            self._add(Assignment(group=group, tariff=body.decode(), since_ms=0))
        for body in (await self._store.documents(PAYERS)).values():
            self._add(msgspec.json.decode(body, type=Assignment))

    def now(self) -> dict[str, str]:
        """The tariff's id by group, of the newest assignments."""
        newest = {group: versions[-1].tariff for group, versions in self._known.items()}
        return {group: tariff for group, tariff in newest.items() if tariff is not None}

    def tariff_of(self, group: str | None, at_ms: int) -> str:
        """By which tariff a session pays that began then."""
        own = None if group is None else self._at(group, at_ms)
        tariff = own if own is not None else self._at(EVERYBODY, at_ms)
        return FREE if tariff is None else tariff

    async def assign(self, group: str, tariff: str | None, *, now_ms: int) -> None:
        """From now on; what a clock that ran ahead has dated later counts no more.

        Raises JournalFullError, JournalBrokenError.
        """
        assignment = Assignment(group=group, tariff=tariff, since_ms=now_ms)
        await self._store.put_document(PAYERS, _key(assignment), msgspec.json.encode(assignment))
        for later in [each for each in self._known.get(group, ()) if each.since_ms > now_ms]:
            await self._store.delete_document(PAYERS, _key(later))
            self._known[group].remove(later)
        self._add(assignment)

    def _at(self, group: str, at_ms: int) -> str | None:
        versions = [each for each in self._known.get(group, ()) if each.since_ms <= at_ms]
        return versions[-1].tariff if versions else None

    def _add(self, assignment: Assignment) -> None:
        versions = self._known.setdefault(assignment.group, [])
        versions[:] = [each for each in versions if each.since_ms != assignment.since_ms]
        versions.append(assignment)
        versions.sort(key=lambda each: each.since_ms)


def _key(assignment: Assignment) -> str:
    return f"{assignment.group}@{assignment.since_ms}"
