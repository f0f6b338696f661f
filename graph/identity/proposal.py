"""What publishing a policy would change, worked out on the live graph without changing it.

The difference is the plan that the next resolution would apply: the same evidence and scored matches, concluded by the same
methods and planned by the same rules, then summed up instead of written. What would happen anyway, because evidence arrived since
the last resolution, is told apart as *pending*: the plan under the policies in force.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from graph.database import Database
from graph.identity.conclusion import ORDER, conclude
from graph.identity.individuals import Components
from graph.identity.matcher import KeepsMatches, Matcher
from graph.identity.planning import identities_after, plan_memberships
from graph.identity.policy import Policy
from graph.identity.progress import Progress, Stages
from graph.identity.proposal_effect import affected_households, consent_effect, digest_of, purpose_diff
from graph.identity.publication import parse_document, versions_in_force, where_of
from graph.model.claim import EvidenceSet
from graph.model.identity import Purpose
from graph.model.ids import IdentityId
from graph.model.plan import Current, DecisionIds, MembershipPlan
from graph.model.proposal import PolicyDiff
from graph.repositories.claims import ClaimRepository
from graph.repositories.components import ComponentRepository
from graph.repositories.identities import IdentityRepository
from graph.repositories.matches import MatchRepository
from graph.repositories.policies import PolicyRepository

ID_PREFIX = {Purpose.INDIVIDUAL: "ind_new_", Purpose.HOUSEHOLD: "hh_new_", Purpose.OPERATIONAL: "op_new_"}
"""How ids begin that stand for those that would be made: numbered in the plan's order, shown, never written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A difference, with the plans that it sums up and the state that they start from."""

    diff: PolicyDiff
    plans: Mapping[Purpose, MembershipPlan]
    current: Mapping[Purpose, Current]


class Proposer:
    """Compares policies with the graph as it stands. It reads, and writes nothing but projections in GDS's memory."""

    def __init__(
        self,
        *,
        claims: ClaimRepository,
        identities: IdentityRepository,
        components: Components,
        matcher: Matcher,
        policies: PolicyRepository,
        clock: Callable[[], datetime],
    ) -> None:
        self._claims = claims
        self._matcher = matcher
        self._identities = identities
        self._components = components
        self._policies = policies
        self._clock = clock

    async def propose(self, document: str, *, examples: int, pending: bool, progress: Progress) -> Proposal:
        """What publishing ``document`` and resolving would change.

        Args:
            document: the policy as TOML; it names its purpose.
            examples: how many of each kind to show, the largest first.
            pending: whether to tell apart what the next resolution would change anyway; it takes as long again.
            progress: told of the stages.

        Raises:
            PolicyError: the document cannot be understood, or a policy in force cannot.
        """
        proposed = parse_document(document, where="the proposed policy")
        stages = Stages(progress, self._clock)
        stages.begin("read evidence")
        versions = await versions_in_force(self._policies)
        in_force = {
            # The one to be replaced need not be understood any more: a release may have outgrown it.
            purpose: parse_document(version.document, where=where_of(version))
            for purpose, version in versions.items()
            if purpose is not proposed.purpose or pending
        }
        evidence = await self._claims.everything()
        matched = await self._matcher.match(evidence, target_precision=None, progress=progress)
        evidence = matched.evidence
        stages.begin("read identities")
        current = {purpose: await self._identities.standing(purpose) for purpose in ORDER}
        plans: dict[Purpose, MembershipPlan] = {}
        waiting: dict[Purpose, MembershipPlan] = {}
        individual_of: Mapping[str, IdentityId] = {}
        individual_anyway: Mapping[str, IdentityId] = {}
        for purpose in ORDER:
            stages.begin(f"conclude {purpose.value}")
            policy = proposed if purpose is proposed.purpose else in_force[purpose]
            plans[purpose] = await self._plan(policy, evidence, current[purpose], individual_of)
            if pending:
                stages.begin(f"conclude {purpose.value} as in force")
                same = policy is in_force[purpose] and individual_of == individual_anyway
                waiting[purpose] = (
                    plans[purpose] if same else await self._plan(in_force[purpose], evidence, current[purpose], individual_anyway)
                )
            if purpose is Purpose.INDIVIDUAL:
                individual_of = identities_after(current[purpose], plans[purpose])
                individual_anyway = identities_after(current[purpose], waiting[purpose]) if pending else {}
        stages.begin("compare")
        records = frozenset(str(claim.record_id) for claim in evidence.claims)
        diffs = []
        for purpose in ORDER:
            consent = None
            if purpose is not Purpose.HOUSEHOLD:
                consent = await consent_effect(
                    current[purpose], plans[purpose], records=records, read=self._policies.consents, examples=examples
                )
            diffs.append(
                purpose_diff(
                    current[purpose],
                    plans[purpose],
                    policy_version=(proposed if purpose is proposed.purpose else in_force[purpose]).version,
                    pending=waiting.get(purpose),
                    consent=consent,
                    examples=examples,
                )
            )
        households = affected_households(plans[Purpose.INDIVIDUAL], current[Purpose.HOUSEHOLD], plans[Purpose.HOUSEHOLD])
        diff = PolicyDiff(
            purpose=proposed.purpose,
            proposed=proposed.version,
            in_force=versions[proposed.purpose].version,
            based_on=versions[proposed.purpose].number,
            purposes=tuple(diffs),
            households_affected=len(households),
            household_examples=tuple(sorted(households)[:examples]),
            digest=digest_of(plans.values()),
            seconds=stages.finish(),
        )
        return Proposal(diff=diff, plans=plans, current=current)

    async def _plan(
        self, policy: Policy, evidence: EvidenceSet, current: Current, individual_of: Mapping[str, IdentityId]
    ) -> MembershipPlan:
        conclusion = await conclude(policy, evidence, self._components, individual_of)
        numbers = count(1)
        return plan_memberships(
            current,
            conclusion.parts,
            purpose=policy.purpose,
            policy_version=policy.version,
            now=self._clock(),
            decision_ids=DecisionIds(run_id="proposal"),
            new_identity_id=lambda: IdentityId(f"{ID_PREFIX[policy.purpose]}{next(numbers):07d}"),
            first_seen=conclusion.first_seen,
        )


def open_proposer(database: Database, *, clock: Callable[[], datetime], new_id: Callable[[], str]) -> Proposer:
    """A proposer over an open database; ``new_id`` makes names for GDS's catalogue that nothing else has."""
    claims = ClaimRepository(database)
    return Proposer(
        claims=claims,
        identities=IdentityRepository(database),
        components=ComponentRepository(database, new_graph_name=lambda: f"kindred-proposal-{new_id()}"),
        # Nothing may be written: what was matched last holds.
        matcher=KeepsMatches(MatchRepository(database)),
        policies=PolicyRepository(database),
        clock=clock,
    )
