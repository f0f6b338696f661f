"""A profile as a person would like to read it, in the terminal."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from graph.identity.resolver import ResolutionReport
from runtime.demo.answer import Answer, Certain, Nobody, Profile, Record, Touchpoint

SHOWN_LINKS = 8
COMPOSED = ("name_birth_date", "postal_address")
"""Identifiers that Kindred composes of what stands elsewhere in the panel."""
READABLE = {
    "email": "e-mail",
    "phone": "phone",
    "user_id": "web account",
    "loyalty_id": "loyalty card",
    "anonymous_id": "cookie",
    "device_id": "app device",
    "name_birth_date": "name and birth date",
    "postal_address": "address",
    "ssn": "social security number",
    "drivers_license": "driving licence",
}


def render(answer: Answer) -> Group:
    """The whole profile."""
    profile = answer.profile
    return Group(
        Columns([who(profile), household(profile)], expand=True),
        sources(profile),
        journey(profile),
        certainty(answer),
    )


def who(profile: Profile) -> Panel:
    """The person's best attributes, and how much is known."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column()
    rows: list[tuple[str, str]] = []
    if profile.birth_date:
        rows.append(("born", profile.birth_date.isoformat()))
    rows += [("e-mail", value.value) for value in profile.emails]
    rows += [("phone", value.value) for value in profile.phones]
    rows += [("address", address.as_given) for address in profile.addresses if address.as_given]
    kinds: dict[str, int] = defaultdict(int)
    for member in profile.members.nodes:
        if member.identifier:
            kinds[READABLE.get(member.identifier.namespace, member.identifier.namespace.replace("_", " "))] += 1
    rows.append(("known by", ", ".join(f"{count} {kind}" for kind, count in kinds.items())))
    for label, value in rows:
        table.add_row(label, Text(value))
    name = profile.name.shown if profile.name else None
    return Panel(
        table, title=f"[bold]{name or 'somebody'}[/bold]", subtitle=f"[dim]{profile.identity_id}[/dim]", border_style="blue"
    )


def household(profile: Profile) -> Panel:
    """Who lives with the person."""
    home = profile.household
    if home is None:
        return Panel(Text("lives in no household that the evidence shows", style="dim"), title="Household", border_style="yellow")
    table = Table.grid(padding=(0, 2))
    for resident in home.individuals.nodes:
        name = (resident.name.shown if resident.name else None) or "somebody"
        mark = " (this person)" if resident.identity_id == profile.identity_id else ""
        table.add_row(Text(name + mark), Text(", ".join(email.value for email in resident.emails), style="dim"))
    if (more := home.individuals.total_count - len(home.individuals.nodes)) > 0:
        table.add_row(Text(f"and {more} more", style="dim"))
    return Panel(table, title="Household", subtitle=f"[dim]{home.identity_id}[/dim]", border_style="yellow")


def sources(profile: Profile) -> Panel:
    """The records that are one person, and what they have in common."""
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in ("source", "record", "name as given", "states"):
        table.add_column(column)
    for record in profile.records.nodes:
        version = record.version
        name = version.name.as_given if version and version.name else None
        stated = (
            [identifier.value for identifier in version.identifiers if identifier.namespace not in COMPOSED] if version else []
        )
        table.add_row(record.source, record.source_record_id, Text(name or ""), Text(", ".join(stated)))
    why = Table.grid(padding=(0, 2))
    links = list(shared_by(profile.records.nodes))
    for kind, value, holders in links[:SHOWN_LINKS]:
        why.add_row(
            Text("joined by", style="green"),
            Text(f"{kind} {value.replace('|', ', ')}"),
            Text("← " + ", ".join(holders), style="dim"),
        )
    for decision in profile.decisions.nodes:
        why.add_row(Text("decided", style="green"), Text(decision.kind), Text(decision.reason, style="dim"))
    title = f"{profile.records.total_count} records of {len({r.source for r in profile.records.nodes})} sources are one person"
    return Panel(Group(table, "", why), title=title, border_style="green")


def shared_by(records: Sequence[Record]) -> Iterator[tuple[str, str, list[str]]]:
    """Kind and value of each identifier that several records state, with those records; the most shared first."""
    holders: Mapping[tuple[str, str], list[str]] = defaultdict(list)
    for record in records:
        for identifier in record.version.identifiers if record.version else ():
            holders[identifier.namespace, identifier.value].append(f"{record.source} {record.source_record_id}")
    for (namespace, value), names in sorted(holders.items(), key=lambda item: (-len(item[1]), item[0])):
        if len(names) > 1:
            yield READABLE.get(namespace, namespace.replace("_", " ")), value, names


def journey(profile: Profile) -> Panel:
    """What the person did, newest first."""
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in ("when", "where", "what", "about", "value"):
        table.add_column(column, justify="right" if column == "value" else "left")
    for touchpoint in profile.journey.nodes:
        table.add_row(
            f"{touchpoint.at:%d %b %H:%M}",
            touchpoint.store_id or touchpoint.channel.lower(),
            touchpoint.event,
            Text(_about(touchpoint), overflow="ellipsis", no_wrap=True),
            f"{touchpoint.value.amount:,.2f} {touchpoint.value.currency or ''}" if touchpoint.value else "",
        )
    shown = len(profile.journey.nodes)
    return Panel(table, title=f"Journey: newest {shown} of {profile.journey.total_count} interactions", border_style="magenta")


def certainty(answer: Answer) -> Panel:
    """What the operational graph says of the same person: what it holds back."""
    match answer.operational:
        case Nobody(message=message):
            text = f"The operational graph gives no answer: {message}."
        case Certain() as certain:
            kept = {(record.source, record.source_record_id) for record in certain.records.nodes}
            apart = [
                f"{record.source} {record.source_record_id}"
                for record in answer.profile.records.nodes
                if (record.source, record.source_record_id) not in kept
            ]
            text = (
                f"Of the {answer.profile.records.total_count} records, {certain.records.total_count} are this person for certain."
            )
            if apart:
                text += f" Held back for refunds and compliance, where a wrong join is an incident: {', '.join(apart)}."
    return Panel(Text(text), title="Held back", border_style="red")


def counts(nodes: Mapping[str, int], reports: Sequence[ResolutionReport]) -> Table:
    """What the graphs hold."""
    table = Table(title="What the graphs hold", title_justify="left", header_style="dim")
    table.add_column("evidence")
    table.add_column("", justify="right")
    table.add_column("identity graph")
    for column in ("identities", "members", "held back"):
        table.add_column(column, justify="right")
    left = [(label, f"{count:,}") for label, count in nodes.items()]
    right = [
        (report.purpose.value, f"{report.identities:,}", f"{report.members:,}", f"{sum(report.held_back.values()):,}")
        for report in reports
    ]
    for index in range(max(len(left), len(right))):
        cells = chain(left[index] if index < len(left) else ("", ""), right[index] if index < len(right) else ("", "", "", ""))
        table.add_row(*cells)
    return table


def next_steps(commands: Sequence[tuple[str, str]]) -> RenderableType:
    """What to try next."""
    table = Table.grid(padding=(0, 3))
    for command, meaning in commands:
        table.add_row(Text(command, style="bold"), Text(meaning, style="dim"))
    return Panel(table, title="Try next", border_style="blue")


def _about(touchpoint: Touchpoint) -> str:
    names = [product.name for product in touchpoint.products if product.name]
    return ", ".join(names) or touchpoint.title or ""
