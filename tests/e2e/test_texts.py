"""A text over the whole stack: whoever has its address reads it, as a store would answer, and nobody else."""

import hashlib
import io
import zipfile

import httpx
import pytest
from customer import Customer, until
from tintype_local.state import StackState

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]


def test_a_text_is_read_shared_exported_and_deleted(stack: StackState, customer: Customer) -> None:
    """Its address is the gateway's, and answers as a store does."""
    job = customer.generate("openai/chat", prompt="A postcard from the sea")
    until(lambda: customer.api.get(f"/v1/generations/{job}").json()["status"] == "succeeded", job)
    (output,) = customer.api.get(f"/v1/generations/{job}").json()["outputs"]
    share = customer.api.post(f"/v1/generations/{job}/shares", json={"expires_in_s": 3600})
    gateway = stack.url("gateway")
    assert output["url"].startswith(f"{gateway}/v1/outputs/{output['id']}/content?signature=")
    with httpx.Client(timeout=30) as stranger:
        read = stranger.get(output["url"])
        assert read.headers["content-type"] == output["media_type"]
        assert hashlib.sha256(read.content).hexdigest() == output["sha256"]
        head = stranger.head(output["url"])
        assert (head.content, head.headers["content-length"]) == (b"", str(output["size_bytes"]))
        part = stranger.get(output["url"], headers={"range": "bytes=2-5"})
        assert (part.status_code, part.content) == (206, read.content[2:6])
        saved = stranger.get(output["download_url"])
        assert saved.headers["content-disposition"].endswith('-1.txt"')
        forged = stranger.get(output["url"][:-4])
        assert (forged.status_code, forged.json()["reason"]) == (403, "ADDRESS_ENDED")
        shown = stranger.get(share.json()["url"])
        assert read.text.split()[0] in shown.text
        export = customer.api.get("/v1/me/export")
        with zipfile.ZipFile(io.BytesIO(export.content)) as archive:
            texts = [archive.read(name) for name in archive.namelist() if name.endswith(".txt")]
        assert texts == [read.content]
        assert customer.api.delete(f"/v1/generations/{job}").status_code == 204
        gone = stranger.get(output["url"])
        assert (gone.status_code, gone.json()["reason"]) == (404, "OUTPUT_NOT_FOUND")
