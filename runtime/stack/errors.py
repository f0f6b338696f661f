"""Errors of the embedded stack. Each message says what was observed and, after it, what to do."""

from graph.errors import KindredError


class StackError(KindredError):
    """The stack cannot be started, stopped or reached."""

    code = "stack"


class CorruptJarError(StackError):
    """A jar's sha256 is not the one in the lock file."""

    code = "corrupt_jar"


class JarDownloadError(StackError):
    """A locked jar could not be downloaded."""

    code = "jar_download"


class WrongJavaError(StackError):
    """No Java, or one that Neo4j does not run on."""

    code = "wrong_java"


class PortTakenError(StackError):
    """A port that the stack or its server is to use cannot be listened on."""

    code = "port_taken"


class DiskFullError(StackError):
    """Less disk is free than the stack may start with."""

    code = "disk_full"


class StartError(StackError):
    """A server ended, or did not answer in time, after it was started."""

    code = "start_failed"


class StopError(StackError):
    """A process did not end."""

    code = "stop_failed"


class StateError(StackError):
    """The state file cannot be used."""

    code = "stack_state"


class BackupError(StackError):
    """A backup cannot be made or restored."""

    code = "backup"


class ImportFailedError(StackError):
    """Neo4j's offline import ended with an error; the graph is as it was."""

    code = "import_failed"


class StackDownError(StackError):
    """The embedded stack of this home is not running."""

    code = "stack_down"
