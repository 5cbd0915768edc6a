"""The billing office: tariffs, who pays by which, and the accounts of sessions. Data, not settings."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from edge.site.billing.account import Account, account_of
from edge.site.billing.operator import NOBODY, Operator, read_operator
from edge.site.billing.payers import FREE, Payers
from edge.site.billing.reconciliation import Reconciliation, reconcile
from edge.site.billing.roaming import RoamingToken, Verdict
from edge.site.billing.sealing import HeldError, decoded, encoded
from edge.site.billing.tariff import Tariff, TariffError, epoch_ms, read_tariff
from edge.site.durable import Books, Session, Store
from edge.site.ports import Clock
from edge.site.tokens import key_of

TARIFFS = "tariff"  # by id and the time of the version, ms
OPERATOR = "operator"
ROAMING = "roaming"  # by the token as it compares
SEALED = "cdr"  # by transaction, as records were kept before they had a table
MOST = 20_000  # sessions at once: what is made of more would not fit into a small box
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


class WriteRecord(Protocol):
    """Who writes the record of a session as others read it."""

    def __call__(
        self,
        account: Account,
        operator: Operator,
        *,
        phases: int,
        roaming: RoamingToken | None,
        made_ms: int,
    ) -> bytes:
        """The record; `phases` of the EVSE, `roaming`: whose card it was, if another provider's."""


class Office:
    """Answers what sessions cost. `resume` before anything else."""

    def __init__(
        self,
        store: Store,
        books: Books,
        zone: ZoneInfo,
        clock: Clock,
        *,
        group_of: Callable[[str], str | None],
        phases: Mapping[tuple[str, int], int],
        write: WriteRecord,
    ) -> None:
        """`zone`: by which times of day in tariffs count. `group_of`: the group of a token, today.

        `phases`: how many each EVSE has, by charger and number. `write` makes a charge detail record.
        """
        self.zone = zone
        self.operator = NOBODY
        self._store = store
        self._books = books
        self._clock = clock
        self._write = write
        self._group_of = group_of
        self._phases = phases
        self._roaming: dict[str, RoamingToken] = {}
        self._versions: dict[str, list[Tariff]] = {}
        self._payers = Payers(store)

    async def resume(self) -> None:
        """Take up what was stored before the restart."""
        for body in (await self._store.documents(TARIFFS)).values():
            self._add(read_tariff(body))
        await self._payers.resume()
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
        return self._payers.now()

    async def assign(self, group: str, tariff_id: str | None) -> None:
        """Sessions of this group that begin from now on pay by this tariff; None: as everybody does.

        Raises TariffError on an unknown tariff, JournalFullError, JournalBrokenError.
        """
        if tariff_id is not None and tariff_id != FREE and tariff_id not in self._versions:
            known = ", ".join(sorted(self._versions)) or "none yet"
            raise TariffError(f"no tariff is called {tariff_id}; there are {known}")
        await self._payers.assign(group, tariff_id, now_ms=self._clock.now_ms())

    def tariff_for(self, group: str | None, at_ms: int) -> Tariff | None:
        """By which a session that began then is billed: what counted at that time."""
        wanted = self._payers.tariff_of(group, at_ms)
        versions = [each for each in self._versions.get(wanted, ()) if each.updated_ms <= at_ms]
        return next((each for each in reversed(versions) if each.counts_at(at_ms)), None)

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

    async def account(self, session: Session) -> Account:
        """What a session costs, as it looks now. Raises ValueError on one that still runs."""
        group = self._group_of(session.token) if session.token_group is None else session.token_group or None
        tariff = self.tariff_for(group, session.started_ms)
        story = await self._books.story(session.transaction_id)
        roaming = self.roaming_token(session.token)

        def make() -> Account:
            events = [replace(told.event, at_ms=told.at_ms) for told in story]
            account = account_of(session, events, tariff, self.zone, group=group)
            return account if roaming is None else replace(account, contract=roaming.contract_id)

        return await asyncio.to_thread(make)  # a long session has thousands of readings

    async def cost(self, session: Session) -> float | None:
        """What a session that has ended costs, with the taxes that are known; None: nothing is billed."""
        account = await self.account(session)
        if account.bill is None:
            return None
        price = account.bill.total()
        return float(price.excl_vat if price.incl_vat is None else price.incl_vat)

    async def seal(self, session: Session) -> None:
        """Make a session's record and keep it. Raises HeldError, JournalFullError, JournalBrokenError."""
        roaming = self.roaming_token(session.token)
        if roaming is not None and self.operator == NOBODY:
            raise HeldError(
                f"transaction {session.transaction_id} is of another provider's card: "
                "its record waits until it is told who the operator is (ampyard tariff operator FILE)"
            )
        account = await self.account(session)
        number, operator, now_ms = session.transaction_id, self.operator, self._clock.now_ms()
        phases = self._phases.get((session.charger, session.evse), 3)  # where it has left the site file
        record = await self._store.document(SEALED, str(number))

        def make() -> tuple[bytes, bytes]:
            made = self._write(account, operator, phases=phases, roaming=roaming, made_ms=now_ms)
            return encoded(account), record or made

        kept, cdr = await asyncio.to_thread(make)
        await self._books.seal(number, account=kept, cdr=cdr, sealed_ms=now_ms)

    async def cdr(self, session: Session) -> bytes:
        """The record of a session that has ended, made once. Raises as `seal` does."""
        known = await self._books.cdr(session.transaction_id)
        if known is None:
            await self.seal(session)
            known = await self._books.cdr(session.transaction_id)
        return known or b""

    async def cdrs(self, since_ms: int, until_ms: int) -> list[bytes]:
        """The records of all sessions that ended in this time. Raises as `seal` does, and TooManyError."""
        for session, body in await self._books.accounts(since_ms, until_ms, most=MOST):
            if body is None:
                await self.seal(session)
        return await self._books.cdrs(since_ms, until_ms)

    async def accounts(self, since_ms: int, until_ms: int) -> Sequence[Account]:
        """Of all sessions that ended in this time, as sealed. Raises the journal's errors, TooManyError."""
        return [account for _, account in await self._ended(since_ms, until_ms)]

    async def reconciliation(self, since_ms: int, until_ms: int) -> Reconciliation:
        """What does not add up, of all sessions that ended in this time.

        What is known of a session today is compared with what was sealed of it.
        """
        ended = await self._ended(since_ms, until_ms)
        unconfirmed = await self._books.unconfirmed()
        accounts = [replace(account, session=session) for session, account in ended]
        return await asyncio.to_thread(reconcile, accounts, unconfirmed)

    async def _ended(self, since_ms: int, until_ms: int) -> list[tuple[Session, Account]]:
        found = await self._books.accounts(since_ms, until_ms, most=MOST)
        for session, body in found:
            if body is None:
                with contextlib.suppress(HeldError):
                    await self.seal(session)
        if any(body is None for _, body in found):
            found = await self._books.accounts(since_ms, until_ms, most=MOST)
        known = await asyncio.to_thread(
            lambda: [None if body is None else decoded(body) for _, body in found]
        )
        return [
            (session, await self.account(session) if account is None else account)
            for (session, _), account in zip(found, known, strict=True)
        ]

    def _add(self, tariff: Tariff) -> None:
        versions = self._versions.setdefault(tariff.id, [])
        versions.append(tariff)
        versions.sort(key=lambda each: each.updated_ms)
