"""Identifiers as people and forms write them, to identifiers as ingest writes them."""

from pydantic import TypeAdapter, ValidationError

from api.context import Normalise
from graph.model.evidence import RejectedValue
from graph.model.identifier import Identifier
from ingest.normalise.identifiers import MAX_VALUE_CHARACTERS, normalise_identifier
from ingest.normalise.refused import Unusable
from ingest.wire import Namespace

NAMESPACE: TypeAdapter[str] = TypeAdapter(Namespace)


def normaliser(*, region: str) -> Normalise:
    """A function that normalises as ingest does; ``region`` is the country of phone numbers without a country code."""

    def normalise(namespace: str, value: str) -> Identifier | RejectedValue:
        try:
            namespace = NAMESPACE.validate_python(namespace)
        except ValidationError:
            return _rejected(value, "a namespace is lower-case letters, digits and underscores, such as email or user_id")
        normalised = normalise_identifier(namespace, value, region=region)
        if isinstance(normalised, Unusable):
            return _rejected(value, normalised.reason)
        if len(normalised) > MAX_VALUE_CHARACTERS:
            return _rejected(value, f"the value has {len(normalised)} characters, at most {MAX_VALUE_CHARACTERS} are taken")
        return Identifier(namespace=namespace, value=normalised)

    return normalise


def _rejected(value: str, reason: str) -> RejectedValue:
    return RejectedValue(field="identifier", given=value, reason=reason)
