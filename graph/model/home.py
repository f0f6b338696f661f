"""What a record states of a home, and by what the records of one building, or the namesakes of one area, are found."""

from dataclasses import dataclass
from typing import NamedTuple

from graph.model.claim import Claim
from graph.model.evidence import PostalAddress
from graph.model.ids import IdentityId, RecordId
from graph.model.street import Address, parse


class Spelling(NamedTuple):
    """An address of a building, without the unit. Without a postal code the area is the city."""

    area: str
    number: str
    name: str

    @property
    def block(self) -> str:
        """What spellings of one building have in common; empty where no number is stated, so that there is only one."""
        return f"{self.area}|{self.number}" if self.number else ""

    @property
    def text(self) -> str:
        """All of it."""
        return f"{self.area}|{self.number}|{self.name}"

    @property
    def key(self) -> str:
        """The block, or all of it where it has none: what it is looked up by."""
        return self.block or self.text


@dataclass(frozen=True, slots=True)
class HomeKeys:
    """What a record states of a home; each is None where it does not state it."""

    spelling: Spelling | None = None
    city: Spelling | None = None
    """The address in its city: the same may lack its postal code elsewhere."""
    namesakes: str | None = None
    """Area and family name."""

    @property
    def building(self) -> str | None:
        """What the record is looked up by."""
        return None if self.spelling is None else self.spelling.key

    @property
    def lacks_code(self) -> bool:
        """Whether the address has a city and no postal code."""
        return self.spelling is not None and self.city == self.spelling


NO_KEYS = HomeKeys()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedHome:
    """What a record of an individual states of a home."""

    record_id: RecordId
    identity_id: IdentityId
    keys: HomeKeys


def area_of(address: PostalAddress) -> str:
    """The area of an address: its postal code, or its city where there is none; empty where it has neither."""
    return address.postal_code or address.city or ""


def spelling_of(address: PostalAddress) -> Spelling | None:
    """The spelling of the building that an address is in; None where it names none."""
    if not address.street or not area_of(address):
        return None
    return spelled(area_of(address), parse(address.street))


def spelled(area: str, street: Address) -> Spelling:
    """A street of an area as a spelling."""
    return Spelling(area, street.number, street.name)


def home_keys(claim: Claim) -> HomeKeys:
    """By what a claim is found again; organisations have no home."""
    if claim.entity_type == "organization":
        return NO_KEYS
    spelling, area = spelling_of(claim.address), area_of(claim.address)
    return HomeKeys(
        spelling=spelling,
        city=None if spelling is None or not claim.address.city else spelling._replace(area=claim.address.city),
        namesakes=f"{area}|{claim.name.family}" if area and claim.name.family else None,
    )
