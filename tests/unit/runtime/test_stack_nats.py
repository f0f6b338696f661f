"""When a NATS that runs has to be started anew."""

from pathlib import Path

from runtime.stack.nats import needs_restart

FULL = (
    "[42] 2026/11/30 16:57:57.093277 [ERR] JetStream failed to store a msg on stream '$G > KINDRED_EVENTS': "
    "write /home/jetstream/1.blk: no space left on device\n"
)


def test_a_server_that_found_its_disk_full_is_known_by_its_log(tmp_path: Path) -> None:
    log = tmp_path / "nats.out"
    assert not needs_restart(log, pid=42)
    log.write_text("[42] 2026/11/30 16:55:35.5 [INF] Server is ready\n" + FULL + "[42] [INF] more\n")
    assert needs_restart(log, pid=42)
    # Of another process, or for another reason.
    assert not needs_restart(log, pid=4)
    log.write_text(FULL.replace("no space left on device", "maximum messages exceeded"))
    assert not needs_restart(log, pid=42)
