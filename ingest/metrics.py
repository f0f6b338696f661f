"""Counters of the intake, for Prometheus."""

from typing import Final

from prometheus_client import Counter, Histogram

EVENTS: Final = Counter(
    "kindred_events_total", "Events a worker has settled, by outcome: written, already_there, parked, deferred.", ["outcome"]
)
DEAD_LETTERS: Final = Counter("kindred_dead_letters_total", "Events put among the dead letters, by code.", ["code", "origin"])
REJECTED_VALUES: Final = Counter(
    "kindred_rejected_values_total", "Values of good events that could not be understood, by field.", ["field"]
)
BATCH_SECONDS: Final = Histogram(
    "kindred_batch_seconds",
    "Time from a worker's receipt of a batch to its acknowledgement.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
BATCH_EVENTS: Final = Histogram(
    "kindred_batch_events", "Events in a worker's batch.", buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)
)
COLLECTED: Final = Counter("kindred_collected_total", "Events received over HTTP, by outcome: accepted, refused.", ["outcome"])
TOUCHED: Final = Counter("kindred_touched_total", "Members about which something new was written, as resolvers took them up.")
SETTLE_SECONDS: Final = Histogram(
    "kindred_settle_seconds",
    "Time from a resolver's receipt of touched members until their identities are settled.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
UNSETTLED: Final = Counter(
    "kindred_unsettled_total", "Touched members whose identities could not be settled: the next resolution of everything does."
)
LATENCY_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
WRITTEN_SECONDS: Final = Histogram(
    "kindred_event_written_seconds",
    "Time from an event's acceptance by JetStream until it was written, by the clocks of both.",
    buckets=LATENCY_BUCKETS,
)
SETTLED_SECONDS: Final = Histogram(
    "kindred_event_settled_seconds",
    "Time from the acceptance of the oldest event that touched some members until their identities were settled.",
    buckets=LATENCY_BUCKETS,
)
SETTLE_MEMBERS: Final = Histogram(
    "kindred_settle_members", "Members in a resolver's batch.", buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000)
)
RECORDS_SCORED: Final = Counter(
    "kindred_records_scored_total",
    "Records that a resolver scored where it settled identities: new ones, and those that changed.",
)
RECORDS_UNSCORED: Final = Counter(
    "kindred_records_unscored_total",
    "Records that a resolver could not score where it settled identities: the next resolution of everything does.",
)
IDENTITY_CHANGES: Final = Counter(
    "kindred_identity_changes_total", "Changes of identities that a resolver wrote, by purpose and kind.", ["purpose", "kind"]
)
ARCHIVED: Final = Counter("kindred_archived_total", "Events that the archiver wrote to files.")
NOTES_LOST: Final = Counter(
    "kindred_notes_lost_total", "Notes of changes that could not be published: subscribers find those by looking."
)
ANNOUNCED: Final = Counter("kindred_announced_total", "Decisions announced as CloudEvents.")
