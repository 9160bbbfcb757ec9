"""A web page of another origin, open in the user's Chromium, against an emulator that runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from browser import open_browser

from ecs_emulator import Emulator

TRIES = """async (url) => {
  const told = [];
  const tries = [
    ["/_emulator/clock", {method: "POST", mode: "no-cors", body: '{"advance_seconds": 900}'}],
    ["/_emulator/clock", {method: "POST", body: '{"advance_seconds": 900}'}],
    ["/_emulator/mail", {}],
    ["/", {method: "POST", mode: "no-cors",
      body: "Action=CreateTopic&Name=mine&Version=2010-03-31",
      headers: {"Content-Type": "application/x-www-form-urlencoded"}}],
    ["/", {method: "POST", body: '{"clusterName": "mine"}', headers: {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.CreateCluster"}}],
  ];
  for (const [path, how] of tries) {
    try {
      const answer = await fetch(url + path, how);
      told.push(`${answer.type} ${answer.status} ${await answer.text()}`);
    } catch (error) { told.push("refused"); }
  }
  return told;
}"""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html><title>hostile</title>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        """Nothing is written to stderr."""


@pytest.fixture
def page_url() -> Iterator[str]:
    """A page on a port of its own, which is another origin."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_it_moves_no_clock_makes_no_cluster_and_reads_no_mail(page_url: str) -> None:
    with Emulator() as aws, open_browser() as browser:
        topic = aws.client("sns").create_topic(Name="t")["TopicArn"]
        secret = "reader@example.com"
        aws.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint=secret)
        before = aws.now
        page = browser.new_page()
        page.goto(page_url)

        told = page.evaluate(TRIES, aws.url)

        assert all(each == "refused" or each.startswith("opaque 0") for each in told), told
        assert secret not in "".join(told)
        assert aws.now == before
        assert len(aws.client("ecs").list_clusters()["clusterArns"]) == 1
        assert len(aws.client("sns").list_topics()["Topics"]) == 1


def test_a_name_that_was_made_to_mean_loopback_reads_nothing() -> None:
    with Emulator() as aws:
        port = urlsplit(aws.url).port
        rebound = "--host-resolver-rules=MAP rebound.example 127.0.0.1"
        with open_browser(rebound) as browser:
            page = browser.new_page()
            answer = page.goto(f"http://rebound.example:{port}/_emulator/mail")

            assert answer is not None
            assert answer.status == 403
            assert "is not this emulator" in page.content()
