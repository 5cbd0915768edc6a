"""The transaction messages that a charger still owes its CSMS, in the order in which things happened."""

import uuid
from collections import deque
from dataclasses import dataclass

import msgspec

from edge.ocpp.v16.requests import MeterValues, StartTransaction, StopTransaction
from edge.simulator.books import Transaction

TransactionMessage = StartTransaction | StopTransaction | MeterValues


@dataclass(slots=True, kw_only=True)
class Owed:
    """A message that is repeated under the same id until it is answered."""

    id: str
    transaction: Transaction
    message: TransactionMessage
    attempts: int = 0
    """How often the CSMS refused it."""

    def rendered(self) -> TransactionMessage:
        """The message with the transaction id that the CSMS gave by now; every repeat is the same."""
        number = self.transaction.transaction_id
        if isinstance(self.message, StartTransaction) or number is None:
            return self.message
        return msgspec.structs.replace(self.message, transaction_id=number)


class Outbox:
    """A queue in the charger's flash: it survives reboots. Samples are dropped when it is full."""

    __slots__ = ("_owed", "_sample_limit", "given_up")

    def __init__(self, *, sample_limit: int = 2_000) -> None:
        self._owed: deque[Owed] = deque()
        self._sample_limit = sample_limit
        self.given_up: list[Owed] = []
        """What the CSMS refused so often that the charger stopped to try."""

    def __len__(self) -> int:
        return len(self._owed)

    def put(self, transaction: Transaction, message: TransactionMessage) -> None:
        """Owes one more message."""
        if isinstance(message, MeterValues) and len(self._owed) >= self._sample_limit:
            return
        self._owed.append(Owed(id=str(uuid.uuid4()), transaction=transaction, message=message))

    def head(self) -> Owed | None:
        """The message whose turn it is."""
        return self._owed[0] if self._owed else None

    def confirm(self, owed: Owed) -> None:
        """The head was answered."""
        if self.head() is not owed:
            raise ValueError("only the head can be answered")
        self._owed.popleft()

    def give_up(self, owed: Owed) -> None:
        """The head was refused for the last time (TransactionMessageAttempts, section 9.1.31)."""
        self.confirm(owed)
        self.given_up.append(owed)
