"""The outcome of one of the doctor's checks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What one check observed; ``advice`` says what to do where it failed."""

    name: str
    passed: bool
    observed: str
    advice: str = ""
