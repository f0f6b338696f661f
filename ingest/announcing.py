"""Announcing decisions as CloudEvents, each exactly once.

The graph is the ledger: decisions are read in their order behind a position and published in it. The position is kept in the
graph after publishing, and each message carries its own, so that the stream itself says what it holds: whoever crashed in between
begins behind that. A message is accepted only as the next of the stream as its announcer knows it: two at once cannot both be it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

import structlog
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from nats.js import JetStreamContext
from nats.js.api import Header
from nats.js.errors import APIError, NotFoundError

from graph.errors import KindredError
from graph.model.identity import DecisionKind, Purpose
from graph.repositories.announcements import AnnouncementRepository, Decided, Position
from ingest import metrics
from ingest.streams import ANNOUNCEMENTS_STREAM, ANNOUNCEMENTS_SUBJECT, DECIDED_AT_HEADER, MESSAGE_ID_HEADER

log = structlog.get_logger(__name__)

DECISIONS_AT_ONCE: Final = 200
SOURCE: Final = "/kindred/identities/"
WHAT_HAPPENED: Final[Mapping[DecisionKind, str]] = MappingProxyType(
    {
        DecisionKind.FORMED: "created",
        DecisionKind.JOINED: "changed",
        DecisionKind.MERGED: "merged",
        DecisionKind.SPLIT: "split",
        DecisionKind.LEFT: "changed",
        DecisionKind.RETIRED: "retired",
        DecisionKind.ASSERTED: "asserted",
        DecisionKind.RETRACTED: "retracted",
    }
)
WRONG_LAST_SEQUENCE: Final = (10070, 10071)


class AnnouncedElsewhere(KindredError):  # noqa: N818 - states what was observed, as the others do
    """Another announcer published meanwhile; begin again behind what it did."""

    code = "announced_elsewhere"


@dataclass(slots=True, kw_only=True)
class _Place:
    """How far an announcer has come. Where another has come further, nothing is accepted by this sequence."""

    last_sequence: int
    positions: dict[Purpose, Position]


class Announcer:
    """Announces the decisions of a graph on one connection."""

    def __init__(self, decisions: AnnouncementRepository, js: JetStreamContext, *, now: Callable[[], datetime]) -> None:
        self._decisions = decisions
        self._js = js
        self._now = now
        self._place: _Place | None = None

    async def announce(self) -> int:
        """Announce what was decided and is not announced yet; returns how many decisions that were.

        Raises:
            AnnouncedElsewhere: somebody else announces at the same time.
            nats.errors.Error: JetStream could not be reached; what was published stays, and is not published again.
            neo4j.exceptions.DriverError: the graph could not be.
        """
        announced = 0
        place, self._place = self._place or await self._read_place(), None  # read again should anything go wrong
        for purpose in Purpose:
            while decided := await self._decisions.decisions(
                purpose, after=place.positions[purpose], now=self._now(), limit=DECISIONS_AT_ONCE
            ):
                for each in decided:
                    place.last_sequence = await self._publish(each, last=place.last_sequence)
                place.positions[purpose] = decided[-1].position
                await self._decisions.keep(purpose, decided[-1].position)
                announced += len(decided)
                metrics.ANNOUNCED.inc(len(decided))
        self._place = place
        return announced

    async def _read_place(self) -> "_Place":
        # The stream first: what somebody publishes from here on makes the sequence wrong.
        last = (await self._js.stream_info(ANNOUNCEMENTS_STREAM)).state.last_seq
        positions = {purpose: max(await self._decisions.position(purpose), await self._published(purpose)) for purpose in Purpose}
        return _Place(last_sequence=last, positions=positions)

    async def _published(self, purpose: Purpose) -> Position:
        """The last decision of a purpose that the stream holds."""
        try:
            message = await self._js.get_last_msg(ANNOUNCEMENTS_STREAM, f"{ANNOUNCEMENTS_SUBJECT}.{purpose.value}.*")
        except NotFoundError:
            return Position()
        headers = message.headers or {}
        return Position(at=datetime.fromisoformat(headers[DECIDED_AT_HEADER]), decision_id=headers[MESSAGE_ID_HEADER])

    async def _publish(self, decided: Decided, *, last: int) -> int:
        headers = {
            "Content-Type": JSONFormat.CONTENT_TYPE,
            MESSAGE_ID_HEADER: decided.id,
            DECIDED_AT_HEADER: decided.at.isoformat(),
            Header.EXPECTED_LAST_SEQUENCE.value: str(last),
        }
        subject = f"{ANNOUNCEMENTS_SUBJECT}.{decided.purpose.value}.{WHAT_HAPPENED[decided.kind]}"
        try:
            acknowledged = await self._js.publish(subject, JSONFormat().write(event_of(decided)), headers=headers)
        except APIError as error:
            if error.err_code in WRONG_LAST_SEQUENCE:
                raise AnnouncedElsewhere("another announcer published meanwhile") from error
            raise
        # A message that was published before, but whose acknowledgement was lost, is dropped, and changes nothing.
        return max(last, acknowledged.seq)


def event_of(decided: Decided) -> CloudEvent:
    """The event that announces a decision; it names identities and no member of theirs."""
    return CloudEvent(
        attributes={
            "id": decided.id,
            "source": SOURCE + decided.purpose.value,
            "type": f"kindred.profile.{WHAT_HAPPENED[decided.kind]}",
            "subject": decided.identity_ids[0] if decided.identity_ids else decided.id,
            "time": decided.at,
            "datacontenttype": "application/json",
        },
        data={
            "decision": decided.kind.value,
            "purpose": decided.purpose.value,
            "identities": list(decided.identity_ids),
            "before": list(decided.before),
            "after": list(decided.after),
            "actor": decided.actor,
            "policyVersion": decided.policy_version,
        },
    )
