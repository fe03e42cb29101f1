"""What tests of several files share."""

import os
import shutil

import pytest

from browsing import chromium


def local_session():
    """Start Spark on this machine, with one thread and without pages."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.driver.memory": "512m",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.sql.shuffle.partitions": "1",
        "spark.default.parallelism": "1",
    }
    builder = SparkSession.builder.master("local[1]").appName("neonxai")
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


@pytest.fixture(scope="session")
def spark():
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs Java")
    session = local_session()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def browser():
    with chromium() as started:
        yield started
