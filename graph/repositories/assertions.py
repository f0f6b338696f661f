"""What stewards assert: evidence that outweighs all other, added and retracted, never changed."""

from datetime import datetime

from graph.database import Database
from graph.errors import KindredError
from graph.model.claim import Assertion
from graph.model.identity import Purpose
from graph.statements import assertion as statements
from graph.statements.statement import NoParameters


class UnknownMember(KindredError):  # noqa: N818 - states what was observed, as the others do
    """The graph has no such record or identifier."""

    code = "unknown_member"


class UnknownAssertion(KindredError):  # noqa: N818
    """The graph has no such assertion in force."""

    code = "unknown_assertion"


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
        if assertion.left == assertion.right:
            raise AssertionInvalid(f"{assertion.left} is asserted about itself")
        wanted = (assertion.left, assertion.right)
        rows = await self._database.run(statements.FIND_MEMBERS, statements.FindMembersParameters(members=wanted))
        found = {row.member for row in rows}
        if missing := [member for member in wanted if member not in found]:
            raise UnknownMember(f"no record or identifier is called {' or '.join(missing)}")
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
