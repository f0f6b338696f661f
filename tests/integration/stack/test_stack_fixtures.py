"""The fixtures that every integration test stands on."""

import nats
from nats.js.api import StreamConfig

from graph.database import Database
from graph.migrations import applied_migrations, read_migrations
from graph.statements.server import COUNT_NODES, READ_VERSIONS
from graph.statements.statement import NoParameters
from runtime.stack.address import StackAddress


async def test_database_is_migrated_and_empty(database: Database) -> None:
    assert [row.version for row in await applied_migrations(database)] == [file.version for file in read_migrations()]
    assert {row.label for row in await database.run(COUNT_NODES, NoParameters())} == {"Migration"}


async def test_versions(database: Database) -> None:
    [versions] = await database.run(READ_VERSIONS, NoParameters())
    assert versions.neo4j_version.startswith("5.26.")
    assert versions.edition == "community"
    assert versions.gds_version.startswith("2.13.")


async def test_streams_of_an_earlier_test_are_gone(nats_url: str, stack: StackAddress) -> None:
    client = await nats.connect(nats_url)
    try:
        jetstream = client.jetstream()
        assert await jetstream.streams_info() == []
        await jetstream.add_stream(StreamConfig(name="LEFT_BEHIND", subjects=["left.behind"]))
        await jetstream.publish("left.behind", b"1")
        assert (await jetstream.stream_info("LEFT_BEHIND")).state.messages == 1
    finally:
        await client.close()
    assert stack.nats_url == nats_url


async def test_streams_of_an_earlier_test_are_gone_again(nats_url: str) -> None:
    client = await nats.connect(nats_url)
    try:
        assert await client.jetstream().streams_info() == []
    finally:
        await client.close()
