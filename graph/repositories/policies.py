"""Published policies in the graph, and what records state about consent."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import orjson
from neo4j.exceptions import ConstraintError

from graph.database import Runs
from graph.errors import KindredError
from graph.model.identity import Purpose
from graph.model.proposal import PolicyVersion
from graph.statements import policy as statements

BATCH_RECORDS = 5_000


class PolicyConflict(KindredError):  # noqa: N818 - states what was observed, as the others do
    """Another version was published since the one that a proposal is based on."""

    code = "policy_conflict"


class PolicyRepository:
    """Versions of policies that were published. None is ever changed or deleted."""

    def __init__(self, database: Runs) -> None:
        self._database = database

    async def in_force(
        self, purposes: Iterable[Purpose] = Purpose, *, as_of: datetime | None = None
    ) -> dict[Purpose, PolicyVersion]:
        """The newest published version of each purpose that has one, or had one at a moment; None is now."""
        parameters = statements.InForceParameters(purposes=list(purposes), as_of=as_of)
        rows = await self._database.run(statements.READ_IN_FORCE, parameters)
        return {Purpose(row.purpose): _version(row) for row in rows}

    async def version(self, purpose: Purpose, number: int) -> PolicyVersion | None:
        """One version; None where there is none of that number."""
        rows = await self._database.run(statements.READ_VERSION, statements.NumberParameters(purpose=purpose, number=number))
        return _version(rows[0]) if rows else None

    async def versions(self, purposes: Iterable[Purpose] = Purpose, *, first: int) -> list[PolicyVersion]:
        """Published versions, the newest first."""
        parameters = statements.ListParameters(purposes=list(purposes), first=first)
        return [_version(row) for row in await self._database.run(statements.LIST_VERSIONS, parameters)]

    async def versions_before(self, purpose: Purpose, number: int | None, *, first: int) -> list[PolicyVersion]:
        """Published versions of one purpose below a number, the newest first; None is all of them."""
        parameters = statements.ListBeforeParameters(purpose=purpose, before=number, first=first)
        return [_version(row) for row in await self._database.run(statements.LIST_VERSIONS_BEFORE, parameters)]

    async def publish(
        self,
        purpose: Purpose,
        *,
        version: str,
        document: str,
        sha256: str,
        by: str,
        at: datetime,
        reason: str,
        based_on: int,
    ) -> int:
        """Publish a version and return its number.

        Raises:
            PolicyConflict: the newest version is not ``based_on``, or somebody published another at the same time.
        """
        parameters = statements.PublishParameters(
            purpose=purpose,
            version=version,
            document=document,
            sha256=sha256,
            by=by,
            at=at,
            reason=reason,
            based_on=based_on,
        )
        try:
            [row] = await self._database.run(statements.PUBLISH_VERSION, parameters)
        except ConstraintError as error:
            raise PolicyConflict(
                f"another {purpose.value} policy was published at the same time, after version {based_on}"
            ) from error
        if not row.published:
            raise PolicyConflict(f"the {purpose.value} policy in force is version {row.latest}, not {based_on}")
        return row.latest + 1

    async def consents(self, record_ids: Sequence[str]) -> dict[str, dict[str, str]]:
        """Per record the newest state that it gives for each purpose of consent; records that state none are left out."""
        found: dict[str, dict[str, str]] = {}
        for start in range(0, len(record_ids), BATCH_RECORDS):
            parameters = statements.RecordsParameters(record_ids=record_ids[start : start + BATCH_RECORDS])
            for row in await self._database.run(statements.READ_CONSENTS, parameters):
                stated: dict[str, str] = {}
                for consent in row.consents:
                    stated.update(orjson.loads(consent))
                found[row.record_id] = stated
        return found


def _version(row: statements.PolicyVersionRow) -> PolicyVersion:
    return PolicyVersion(
        purpose=Purpose(row.purpose),
        number=row.number,
        version=row.version,
        document=row.document,
        sha256=row.sha256,
        by=row.by,
        at=row.at,
        reason=row.reason,
        based_on=row.based_on,
    )
