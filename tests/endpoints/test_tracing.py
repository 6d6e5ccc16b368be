"""Spans as a receiver gets them from the running service: what was done and by whom, and never what was said."""

import contextlib
import gzip
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from sandbox.running import running_sandbox
from tests.endpoints.test_checklist import (
    CANARIES,
    OWN_KEY,
    UPSTREAM_WORDS,
    environment,
    forms,
    post,
)
from tests.service import running_service

PRIVATE = "private-words-of-a-founder"
OF_THE_RECEIVER = "canary-of-the-receiver-8c1d"


class Receiver:
    """What an OTLP receiver was sent."""

    def __init__(self) -> None:
        self.url = ""
        self.bodies: list[bytes] = []
        self.keys: set[str] = set()

    def spans(self) -> list[tuple[str, dict[str, str]]]:
        """The name of each span, and its attributes as text."""
        found = []
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        told = {own.key: str(own.value).strip() for own in span.attributes}
                        found.append((span.name, told))
        return found


@contextlib.contextmanager
def running_receiver() -> Iterator[Receiver]:
    """One on loopback, until the block ends."""
    receiver = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            is_packed = self.headers.get("content-encoding") == "gzip"
            receiver.bodies.append(gzip.decompress(body) if is_packed else body)
            receiver.keys.add(self.headers.get("x-honeycomb-team", ""))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_i13_no_secret_no_prompt_and_no_answer_is_in_a_span(tmp_path: Path) -> None:
    """Whole, streamed, failed and refused: a span has names, numbers and kinds of errors."""
    question = [{"role": "user", "content": f"{PRIVATE} in a question"}]
    idea = {
        "name": f"{PRIVATE} as a name",
        "mission": f"{PRIVATE} as a mission",
        "goals": [PRIVATE],
        "targetMarket": {PRIVATE: PRIVATE},
        "primaryProduct": PRIVATE,
        "sdgs": [],
    }
    with running_receiver() as receiver, running_sandbox(quotas="unlimited", keys=CANARIES) as told:
        traced = {
            **environment(told),
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_EXPORTER_OTLP_HEADERS": f"x-honeycomb-team={OF_THE_RECEIVER}",
            "OTEL_SERVICE_NAME": "trimaran-under-test",
        }
        with running_service(tmp_path / "service", traced) as service:
            body = {"model": "auto", "messages": question, "user": f"{PRIVATE}-user"}
            assert post(service, "/v1/chat/completions", body).status_code == 200
            assert post(service, "/v1/chat/completions", {**body, "stream": True}).text
            assert post(service, "/investors", {"idea": idea}).status_code == 200
            assert post(service, f"/investors?note={PRIVATE}&key={OWN_KEY}", {}).status_code == 422
            refusal = {"error": {"message": UPSTREAM_WORDS, "code": 401}}
            for name in ("gemini", "openrouter", "cloudflare"):
                told.fail(name, status=401, body=refusal)
            failed = post(service, "/v1/chat/completions", {**body, "seed": 1})
            assert failed.status_code == 503
            with requests.Session() as session:
                session.trust_env = False
                refused = session.get(
                    f"{service.url}/status?key={OWN_KEY}",
                    headers={"authorization": "Bearer canary-of-nobody", "user-agent": PRIVATE},
                    timeout=30,
                )
            assert refused.status_code == 401
        log = service.log
    spans = receiver.spans()
    assert receiver.keys == {OF_THE_RECEIVER}
    calls = [told for name, told in spans if name.startswith("chat ")]
    assert len(calls) >= 5
    assert any("error.type" in told for told in calls)
    assert any("trimaran.cache" in told for _, told in spans)
    everything = b"\n".join(receiver.bodies)
    for words in (PRIVATE, UPSTREAM_WORDS, "canary"):
        assert words.encode() not in everything, [s for s in spans if words in str(s)]
    for secret in (CANARIES.gemini, CANARIES.openrouter, CANARIES.cloudflare, OWN_KEY):
        assert not [form for form in forms(secret) if form.encode() in everything]
    assert OF_THE_RECEIVER not in log
