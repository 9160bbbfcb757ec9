"""The fixtures that other people's tests get by installing the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.whole

TESTS = """
import os, boto3

def test_a_client_of_ones_own_meets_it(ecs_emulator):
    assert os.environ["AWS_ENDPOINT_URL"] == ecs_emulator.url
    boto3.client("ecs").create_cluster(clusterName="mine")
    assert len(boto3.client("ecs").list_clusters()["clusterArns"]) == 2

def test_the_next_test_has_a_world_of_its_own(ecs_emulator):
    assert len(ecs_emulator.client("ecs").list_clusters()["clusterArns"]) == 1

urls = []

def test_the_one_of_the_session(ecs_emulator_session):
    urls.append(ecs_emulator_session.url)
    boto3.client("ecs").create_cluster(clusterName="mine")

def test_is_the_same_server_with_an_empty_world(ecs_emulator_session):
    assert urls == [ecs_emulator_session.url]
    assert len(boto3.client("ecs").list_clusters()["clusterArns"]) == 1

def test_one_of_ones_own_again(ecs_emulator):
    assert len(ecs_emulator.client("ecs").list_clusters()["clusterArns"]) == 1

def test_the_one_of_the_session_comes_back(ecs_emulator_session):
    assert len(boto3.client("ecs").list_clusters()["clusterArns"]) == 1

def test_without_a_fixture_nothing_is_left_of_it():
    assert "AWS_ENDPOINT_URL" not in os.environ
"""


def test_each_test_has_an_empty_account_and_the_environment_leads_to_it(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(TESTS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert "7 passed" in done.stdout, done.stdout
