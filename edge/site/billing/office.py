"""The billing office: tariffs, who pays by which, and the accounts of sessions. Data, not settings."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from edge.site.billing.account import Account, account_of
from edge.site.billing.operator import NOBODY, Operator, read_operator
from edge.site.billing.reconciliation import Reconciliation, reconcile
from edge.site.billing.roaming import RoamingToken, Verdict
from edge.site.billing.tariff import Tariff, TariffError, epoch_ms, read_tariff
from edge.site.durable import Archive, Session, Store
from edge.site.tokens import key_of

TARIFFS = "tariff"  # by id and the time of the version, ms
PAYERS = "tariff-of"  # by group; EVERYBODY for all others
OPERATOR = "operator"
ROAMING = "roaming"  # by the token as it compares
SEALED = "cdr"  # by transaction
EVERYBODY = "*"
FREE = ""  # pays nothing, whatever everybody pays
LOCALTIME = Path("/etc/localtime")
encoder = msgspec.json.Encoder(decimal_format="number")


def zone_of(timezone: str | None) -> ZoneInfo:
    """By which times of day count: the site's, else this machine's, else UTC."""
    if timezone is not None:
        return ZoneInfo(timezone)
    try:
        with LOCALTIME.open("rb") as file:
            return ZoneInfo.from_file(file, key="localtime")
    except (OSError, ValueError):
        return ZoneInfo("UTC")


class Office:
    """Answers what sessions cost. `resume` before anything else."""

    def __init__(
        self,
        store: Store,
        archive: Archive,
        zone: ZoneInfo,
        *,
        group_of: Callable[[str], str | None],
        phases: Mapping[tuple[str, int], int],
    ) -> None:
        """`zone`: by which times of day in tariffs count. `group_of`: the group of a token.

        `phases`: how many each EVSE has, by charger and number.
        """
        self.zone = zone
        self.operator = NOBODY
        self._store = store
        self._archive = archive
        self._group_of = group_of
        self._phases = phases
        self._roaming: dict[str, RoamingToken] = {}
        self._versions: dict[str, list[Tariff]] = {}
        self._payers: dict[str, str] = {}

    async def resume(self) -> None:
        """Take up what was stored before the restart."""
        for body in (await self._store.documents(TARIFFS)).values():
            self._add(read_tariff(body))
        self._payers = {group: body.decode() for group, body in (await self._store.documents(PAYERS)).items()}
        for body in (await self._store.documents(OPERATOR)).values():
            self.operator = read_operator(body)
        for body in (await self._store.documents(ROAMING)).values():
            token = msgspec.json.decode(body, type=RoamingToken)
            self._roaming[key_of(token.uid)] = token

    async def put_operator(self, operator: Operator) -> None:
        """Who stands in records from now on. Raises JournalFullError, JournalBrokenError."""
        await self._store.put_document(OPERATOR, "", encoder.encode(operator))
        self.operator = operator

    def tariffs(self) -> list[Tariff]:
        """The newest version of each, by id."""
        return [self._versions[each][-1] for each in sorted(self._versions)]

    async def put_tariff(self, tariff: Tariff) -> None:
        """A new one, or a newer version of one. Raises TariffError, JournalFullError, JournalBrokenError."""
        known = self._versions.get(tariff.id, [])
        if known and tariff == known[-1]:
            return
        if known and tariff.updated_ms <= known[-1].updated_ms:
            raise TariffError(
                f"tariff {tariff.id} is known as of {known[-1].last_updated.isoformat()}: "
                "a change of it needs a later last_updated"
            )
        key = f"{tariff.id}@{tariff.updated_ms}"
        await self._store.put_document(TARIFFS, key, encoder.encode(tariff))
        self._add(tariff)

    def payers(self) -> dict[str, str]:
        """The tariff's id by group; EVERYBODY stands for all others, FREE for none."""
        return dict(self._payers)

    async def assign(self, group: str, tariff_id: str | None) -> None:
        """From now on this group pays by this tariff; None: as everybody does.

        Raises TariffError on an unknown tariff, JournalFullError, JournalBrokenError.
        """
        if tariff_id is None:
            await self._store.delete_document(PAYERS, group)
            self._payers.pop(group, None)
            return
        if tariff_id != FREE and tariff_id not in self._versions:
            known = ", ".join(sorted(self._versions)) or "none yet"
            raise TariffError(f"no tariff is called {tariff_id}; there are {known}")
        await self._store.put_document(PAYERS, group, tariff_id.encode())
        self._payers[group] = tariff_id

    def tariff_for(self, group: str | None, at_ms: int) -> Tariff | None:
        """By which a session that began then is billed: the version that counted at that time."""
        wanted = self._payers.get(group or EVERYBODY, self._payers.get(EVERYBODY, FREE))
        versions = [each for each in self._versions.get(wanted, ()) if each.updated_ms <= at_ms]
        return next((each for each in reversed(versions) if each.counts_at(at_ms)), None)

    def phases_of(self, charger: str, evse: int) -> int:
        """How many phases an EVSE has; three where it has left the site file."""
        return self._phases.get((charger, evse), 3)

    def roaming_tokens(self) -> list[RoamingToken]:
        """Every token of another provider."""
        return [self._roaming[key] for key in sorted(self._roaming)]

    def roaming_token(self, token: str) -> RoamingToken | None:
        """Whose it is, in whatever case it is written."""
        return self._roaming.get(key_of(token))

    def roaming_verdict(self, token: str) -> Verdict | None:
        """What its provider wants to be done with a token; None: it is of none that is known."""
        known = self.roaming_token(token)
        return None if known is None else known.verdict

    async def put_roaming(self, tokens: Sequence[RoamingToken]) -> None:
        """Make them known; an older one of the same does not replace a newer one.

        Raises JournalFullError, JournalBrokenError; those before it are known then.
        """
        for token in tokens:
            key = key_of(token.uid)
            known = self._roaming.get(key)
            if known is not None and epoch_ms(known.last_updated) > epoch_ms(token.last_updated):
                continue
            if known != token:
                await self._store.put_document(ROAMING, key, msgspec.json.encode(token))
                self._roaming[key] = token

    async def sealed(self, session: Session, make: Callable[[], bytes]) -> bytes:
        """The record of a session as it was first made. Raises JournalFullError, JournalBrokenError."""
        key = str(session.transaction_id)
        known = await self._store.document(SEALED, key)
        if known is not None:
            return known
        record = make()
        await self._store.put_document(SEALED, key, record)
        return record

    async def account(self, session: Session) -> Account:
        """What a session costs. Raises ValueError on one that still runs."""
        group = self._group_of(session.token)
        tariff = self.tariff_for(group, session.started_ms)
        story = await self._archive.story(session.transaction_id)
        events = [replace(told.event, at_ms=told.at_ms) for told in story]
        return account_of(session, events, tariff, self.zone, group=group)

    async def accounts(self, since_ms: int, until_ms: int) -> Sequence[Account]:
        """Of all sessions that ended in this time."""
        return [await self.account(each) for each in await self._archive.ended_between(since_ms, until_ms)]

    async def reconciliation(self, since_ms: int, until_ms: int) -> Reconciliation:
        """What does not add up, of all sessions that ended in this time."""
        accounts = await self.accounts(since_ms, until_ms)
        return reconcile(accounts, await self._archive.unconfirmed())

    def _add(self, tariff: Tariff) -> None:
        versions = self._versions.setdefault(tariff.id, [])
        versions.append(tariff)
        versions.sort(key=lambda each: each.updated_ms)
