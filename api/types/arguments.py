"""Arguments that several queries take."""

from datetime import datetime
from typing import Annotated

import strawberry

AsOf = Annotated[
    datetime | None,
    strawberry.argument(description="Answer as it would have been answered at this moment; null is now."),
]
IdentityIdArgument = Annotated[strawberry.ID, strawberry.argument(description="The identity's own id, or its global id.")]
