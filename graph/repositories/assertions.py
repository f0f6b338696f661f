"""What stewards assert: evidence that outweighs all other, added and retracted, never changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from graph.database import Database
from graph.errors import KindredError
from graph.model.claim import Assertion
from graph.model.identity import Decision, Purpose
from graph.model.profile import Page, TimeCursor
from graph.model.stewardship import AssertionRecord, EvidenceLinkRef
from graph.statements import assertion as statements
from graph.statements.statement import NoParameters


class UnknownMember(KindredError):  # noqa: N818 - states what was observed, as the others do
    """The graph has no such record or identifier."""

    code = "unknown_member"


class UnknownAssertion(KindredError):  # noqa: N818
    """The graph has no such assertion in force."""

    code = "unknown_assertion"


class UnknownEvidence(KindredError):  # noqa: N818
    """The graph has no such evidence, or somebody retracted it."""

    code = "unknown_evidence"


class AssertionInvalid(KindredError):  # noqa: N818
    """The assertion says nothing."""

    code = "assertion_invalid"


class AssertionRepository:
    """Stewards' assertions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, assertion: Assertion) -> None:
        """Write an assertion; writing it again changes nothing. It counts from the next resolution on.

        Raises:
            UnknownMember: one of the two is neither a record's id nor an identifier's key.
            AssertionInvalid: both are the same member.
        """
        await self.check(assertion)
        await self._database.run(
            statements.ASSERT_SAME if assertion.same else statements.ASSERT_DIFFERENT,
            statements.AssertParameters(
                id=assertion.id,
                left=assertion.left,
                right=assertion.right,
                by=assertion.by,
                at=assertion.at,
                reason=assertion.reason,
                purpose=assertion.purpose,
            ),
        )

    async def check(self, assertion: Assertion) -> None:
        """Pass where an assertion can be written.

        Raises:
            UnknownMember: one of the two is neither a record's id nor an identifier's key.
            AssertionInvalid: both are the same member.
        """
        if assertion.left == assertion.right:
            raise AssertionInvalid(f"{assertion.left} is asserted about itself")
        wanted = (assertion.left, assertion.right)
        rows = await self._database.run(statements.FIND_MEMBERS, statements.FindMembersParameters(members=wanted))
        found = {row.member for row in rows}
        if missing := [member for member in wanted if member not in found]:
            raise UnknownMember(f"no record or identifier is called {' or '.join(missing)}")

    async def retract(self, assertion_id: str, *, by: str, at: datetime, reason: str) -> None:
        """Retract an assertion; the next resolution concludes as if it had never been made.

        Raises:
            UnknownAssertion: no assertion of that id is in force.
        """
        parameters = statements.RetractParameters(id=assertion_id, at=at, by=by, reason=reason)
        for statement in (statements.RETRACT_SAME, statements.RETRACT_DIFFERENT):
            if await self._database.run(statement, parameters):
                return
        raise UnknownAssertion(f"no assertion {assertion_id} is in force")

    async def in_force(self) -> list[Assertion]:
        """All assertions that nobody retracted, oldest first."""
        rows = await self._database.run(statements.READ_ASSERTIONS, NoParameters())
        assertions = [
            Assertion(
                id=row.id,
                same=row.same,
                left=row.left,
                right=row.right,
                by=row.by,
                at=row.at,
                reason=row.reason,
                purpose=Purpose(row.purpose) if row.purpose else None,
            )
            for row in rows
        ]
        return sorted(assertions, key=lambda assertion: (assertion.at, assertion.id))

    async def find(self, assertion_id: str) -> AssertionRecord:
        """An assertion, in force or retracted.

        Raises:
            UnknownAssertion: there is none of that id.
        """
        rows = await self._database.run(statements.FIND_ASSERTION, statements.FindAssertionParameters(id=assertion_id))
        if not rows:
            raise UnknownAssertion(f"there is no assertion {assertion_id}")
        row = rows[0]
        return AssertionRecord(
            id=row.id,
            same=row.same,
            left=row.left,
            right=row.right,
            by=row.by,
            at=row.at,
            reason=row.reason,
            purpose=Purpose(row.purpose) if row.purpose else None,
            retracted_at=row.retracted_at,
            retracted_by=row.retracted_by,
            retracted_reason=row.retracted_reason,
        )

    async def all(self, *, first: int, after: TimeCursor | None) -> Page[AssertionRecord]:
        """One page of all assertions, retracted ones included, newest first."""
        [row] = await self._database.run(
            statements.LIST_ASSERTIONS,
            statements.ListParameters(
                first=first + 1, after_at=after.at if after else None, after_id=after.id if after else None
            ),
        )
        return Page(items=tuple(_record(item) for item in row.items[:first]), total=row.total, more=len(row.items) > first)

    async def require_link(self, link: EvidenceLinkRef) -> None:
        """Pass where the evidence is there and nobody retracted it.

        Raises:
            UnknownEvidence: it is not.
        """
        [row] = await self._database.run(statements.FIND_LINK, statements.LinkParameters(start=link.start, end=link.end))
        if not (row.stated or row.sighted):
            raise UnknownEvidence(f"no evidence in force connects {link.start} with {link.end}")

    async def retract_link(self, link: EvidenceLinkRef, *, by: str, at: datetime, reason: str) -> None:
        """Retract that a record states an identifier, or that two identifiers were seen together.

        It stays retracted when the source says it again.

        Raises:
            UnknownEvidence: no such evidence is in force.
        """
        parameters = statements.RetractLinkParameters(start=link.start, end=link.end, at=at, by=by, reason=reason)
        for statement in (statements.RETRACT_STATEMENT, statements.RETRACT_SIGHTING):
            if await self._database.run(statement, parameters):
                return
        raise UnknownEvidence(f"no evidence in force connects {link.start} with {link.end}")

    async def record_decision(self, decision: Decision, *, identity_ids: Sequence[str], run_id: str) -> None:
        """Write a steward's decision, which by itself changes no membership."""
        await self._database.run(
            statements.RECORD_DECISION,
            statements.DecisionParameters(
                id=decision.id,
                kind=decision.kind,
                purpose=decision.purpose,
                policy_version=decision.policy_version,
                actor=decision.actor,
                at=decision.at,
                before=orjson.dumps(decision.before).decode(),
                after=orjson.dumps(decision.after).decode(),
                reason=decision.reason,
                run_id=run_id,
                identity_ids=identity_ids,
            ),
        )


def _record(item: Mapping[str, Any]) -> AssertionRecord:
    return AssertionRecord(**{**item, "purpose": Purpose(item["purpose"]) if item["purpose"] else None})
