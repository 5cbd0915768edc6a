"""The rules of OCPP-J's remote procedure calls, without I/O and without a clock (OCPP-J 1.6 section 4).

The owner splits frames, brings the time and sends what `next_call` hands out. Either end may use it, and it
runs unchanged under MicroPython. Payloads pass through untouched.
"""

from edge.core.errors import PeerError

MAX_ID_LENGTH = (
    255  # 36 by OCPP-J 1.6 section 4.1.4; longer ones harm nobody and refusing them loses transactions
)
NO_ID = "-1"  # stands for the id of a frame whose id cannot be read

NOT_IMPLEMENTED = "NotImplemented"  # the error codes of OCPP-J 1.6 section 4.2.3, in its spelling
NOT_SUPPORTED = "NotSupported"
INTERNAL_ERROR = "InternalError"
PROTOCOL_ERROR = "ProtocolError"
SECURITY_ERROR = "SecurityError"
FORMATION_VIOLATION = "FormationViolation"
PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
OCCURENCE_CONSTRAINT_VIOLATION = "OccurenceConstraintViolation"
TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"
GENERIC_ERROR = "GenericError"


class Fault(PeerError):
    """The peer's CALL cannot be answered by a result; `code` and `description` make the CALLERROR."""

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__(code + ": " + description)
        self.code = code
        self.description = description


class CallRefused(PeerError):
    """Our CALL was answered by a CALLERROR. `details` is its JSON object as received."""

    def __init__(self, code: str, description: str, details: object) -> None:
        super().__init__(code + ": " + description)
        self.code = code
        self.description = description
        self.details = details


class CallTimedOut(PeerError):
    """Our CALL was not answered in time. `was_sent` False: it never left the box, so nobody acted on it."""

    def __init__(self, action: str, *, was_sent: bool) -> None:
        super().__init__(action + (" was not answered" if was_sent else " waited too long to be sent"))
        self.action = action
        self.was_sent = was_sent


class LinkLost(PeerError):
    """The link ended before the answer. `was_sent` False: the CALL never left."""

    def __init__(self, reason: str, *, was_sent: bool) -> None:
        super().__init__(reason)
        self.was_sent = was_sent


class QueueFull(Exception):
    """Too many CALLs wait for their turn: ours to slow down."""


class Call:
    """One CALL of ours, waiting for its turn or for its answer."""

    __slots__ = ("action", "deadline_ms", "id", "is_sent", "payload")

    def __init__(self, message_id: str, action: str, payload: bytes, deadline_ms: int) -> None:
        self.id = message_id
        self.action = action
        self.payload = payload
        self.deadline_ms = deadline_ms
        self.is_sent = False


class Request:
    """What became of a CALL of the peer: hand it to the owner, refuse it with a CALLERROR, or drop it.

    `refusal` is an error code; `is_repeated`: the same id is being answered, and one answer serves both.
    """

    __slots__ = ("is_repeated", "reason", "refusal")

    def __init__(self, *, refusal: str | None = None, reason: str = "", is_repeated: bool = False) -> None:
        self.refusal = refusal
        self.reason = reason
        self.is_repeated = is_repeated


class Rpc:
    """Both directions of one connection: who may send what, and which answer belongs to which CALL.

    One CALL of ours is under way at a time (section 4.1.1); up to `queue_limit` wait behind it. Up to
    `open_limit` CALLs of the peer may be unanswered at once.
    """

    __slots__ = (
        "_counter",
        "_expired",
        "_open",
        "_open_limit",
        "_outstanding",
        "_prefix",
        "_queue",
        "_queue_limit",
    )

    def __init__(self, prefix: str = "", *, queue_limit: int = 64, open_limit: int = 32) -> None:
        self._prefix = prefix
        self._counter = 0
        self._queue_limit = queue_limit
        self._open_limit = open_limit
        self._queue: list[Call] = []
        self._outstanding: Call | None = None
        self._expired: list[str] = []
        self._open: dict[str, str] = {}

    # -- our CALLs ---------------------------------------------------------------------------------------

    def call(self, action: str, payload: bytes, deadline_ms: int, message_id: str | None = None) -> Call:
        """Queue a CALL that must be answered by `deadline_ms`. Raises QueueFull.

        A `message_id` of the owner's must be new on this connection (section 4.1.4); without one it is made.
        """
        if len(self._queue) >= self._queue_limit:
            raise QueueFull(action)
        if message_id is None:
            self._counter += 1
            message_id = self._prefix + str(self._counter)
        call = Call(message_id, action, payload, deadline_ms)
        self._queue.append(call)
        return call

    def next_call(self, now_ms: int) -> Call | None:
        """The CALL to send now; None while one is unanswered or none waits. Asking is sending."""
        if self._outstanding is not None:
            return None
        for index, call in enumerate(self._queue):
            if call.deadline_ms > now_ms:
                del self._queue[index]
                call.is_sent = True
                self._outstanding = call
                return call
        return None

    def deadline_ms(self) -> int | None:
        """When `expire` must be asked next; None while nothing waits."""
        calls = self._pending()
        return min(call.deadline_ms for call in calls) if calls else None

    def expire(self, now_ms: int) -> list[Call]:
        """Take out the CALLs whose time is over. One that was sent frees the way for the next."""
        late = [call for call in self._pending() if call.deadline_ms <= now_ms]
        for call in late:
            self.forget(call)
        return late

    def forget(self, call: Call) -> None:
        """The owner no longer wants the answer; when it comes all the same it is late."""
        if call is self._outstanding:
            self._outstanding = None
            self._expired.append(call.id)
            del self._expired[:-16]
        elif call in self._queue:
            self._queue.remove(call)

    def answered(self, message_id: str) -> Call | None:
        """The CALL that a CALLRESULT or CALLERROR with this id answers; None: late or unknown, drop it."""
        call = self._outstanding
        if call is None or call.id != message_id:
            return None
        self._outstanding = None
        return call

    def is_late(self, message_id: str) -> bool:
        """Whether an answer that nobody waits for belongs to a CALL that ran out of time."""
        return message_id in self._expired

    def close(self) -> list[Call]:
        """The link is gone: every CALL that will never be answered, the sent one first."""
        calls = self._pending()
        self._queue = []
        self._outstanding = None
        self._open = {}
        return calls

    def _pending(self) -> list[Call]:
        return ([] if self._outstanding is None else [self._outstanding]) + self._queue

    # -- the peer's CALLs --------------------------------------------------------------------------------

    def requested(self, message_id: str, action: str) -> Request:
        """A CALL came in. When it is neither refused nor repeated the owner must `answer` it, once."""
        known = self._open.get(message_id)
        if known == action:
            return Request(is_repeated=True, reason="the same CALL is being answered already")
        if known is not None:  # section 4.2.3: "an existing call with the same unique identifier"
            return Request(refusal=GENERIC_ERROR, reason="this message id is in use")
        if len(self._open) >= self._open_limit:
            return Request(refusal=INTERNAL_ERROR, reason="too many CALLs are unanswered")
        self._open[message_id] = action
        return Request()

    def answer(self, message_id: str) -> bool:
        """Whether an answer to this CALL may still be sent; at most once, and not after `close`."""
        return self._open.pop(message_id, None) is not None

    def unanswered(self) -> int:
        """How many CALLs of the peer wait for our answer."""
        return len(self._open)
