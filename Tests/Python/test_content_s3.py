"""The content store on an S3-compatible object storage: moto's server, which checks every signature."""

import json
import os
import socket
import subprocess
import sys
import time

import boto3
import botocore.config
import pytest

import content_client as content
from content_client import CHUNK
from network import Network, until
from test_content_store import blob, client_of, run, settings

BUCKET = "mednexus-content"


class ObjectStorage:
    """A server of its own, with one bucket and one user who may use it."""

    # A bucket, a user, a policy and a key are made before signatures are asked for.
    PREPARATIONS = 4

    def __init__(self, folder):
        with socket.socket() as reservation:
            reservation.bind(("127.0.0.1", 0))
            self.port = reservation.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.log = open(folder / "moto.log", "wb")
        self.process = None
        self.start()
        anybody = {"endpoint_url": self.endpoint, "region_name": "us-east-1",
                   "aws_access_key_id": "nobody", "aws_secret_access_key": "nothing",
                   "config": botocore.config.Config(s3={"addressing_style": "path"})}
        boto3.client("s3", **anybody).create_bucket(Bucket=BUCKET)
        iam = boto3.client("iam", **anybody)
        iam.create_user(UserName="node")
        iam.put_user_policy(
            UserName="node", PolicyName="store", PolicyDocument=json.dumps({
                "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}))
        self.key = iam.create_access_key(UserName="node")["AccessKey"]
        self.s3 = boto3.client("s3", **{
            **anybody, "aws_access_key_id": self.key["AccessKeyId"], "aws_secret_access_key": self.key["SecretAccessKey"]})
        (folder / "access").write_text(self.key["AccessKeyId"] + "\n")
        (folder / "secret").write_text(self.key["SecretAccessKey"] + "\n")
        (folder / "wrong").write_text("x" * 40 + "\n")
        self.settings = [
            "content.backend=s3", f"content.s3-endpoint={self.endpoint}", f"content.s3-bucket={BUCKET}",
            f"content.s3-access-key-file={folder / 'access'}", f"content.s3-secret-key-file={folder / 'secret'}",
        ]
        self.wrong = self.settings + [f"content.s3-secret-key-file={folder / 'wrong'}"]

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
            env=dict(os.environ, INITIAL_NO_AUTH_ACTION_COUNT=str(self.PREPARATIONS)))

        def answers():
            assert self.process.poll() is None, "moto's server ended"
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return True
            except OSError:
                return False

        until(answers, 60, "moto's server answers")

    def keys(self, prefix=""):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return sorted(entry["Key"] for page in pages for entry in page.get("Contents", []))

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


@pytest.fixture(scope="module")
def storage(tmp_path_factory):
    storage = ObjectStorage(tmp_path_factory.mktemp("moto"))
    yield storage
    storage.stop()


@pytest.fixture(scope="module")
def network(tmp_path_factory, storage):
    with Network(
        tmp_path_factory.mktemp("s3") / "network", validators=1, settings=settings() + storage.settings) as network:
        yield network


def test_the_storage_asks_for_signatures(storage):
    forger = boto3.client(
        "s3", endpoint_url=storage.endpoint, region_name="us-east-1", aws_access_key_id=storage.key["AccessKeyId"],
        aws_secret_access_key="x" * 40)
    with pytest.raises(Exception, match="SignatureDoesNotMatch"):
        forger.list_objects_v2(Bucket=BUCKET)


def test_blobs_live_in_the_bucket(storage, network):
    member = network.members[0]
    names = sorted(network.accounts)
    alice, bob = client_of(network, names[0]), client_of(network, names[1])
    # One object at once, and one in three parts.
    for size, seed in [(3 * CHUNK + 17, 30), (600 * CHUNK + 500, 31)]:
        data, root = blob(size, seed)
        half = len(data) // 2 // CHUNK * CHUNK
        assert alice.put(root, data[:half], 0, size).status == 202
        # Nothing unverified is in the bucket.
        assert not [key for key in storage.keys() if root.hex() in key]
        assert alice.put(root, data[half:], half, size).status == 201
        assert [key.split("/")[0] for key in storage.keys() if root.hex() in key] == ["blobs", "data", "tree"]
        assert storage.s3.get_object(Bucket=BUCKET, Key=f"data/{root.hex()}")["Body"].read() == data
        assert bob.get(root).body == data
        assert bob.get(root, CHUNK - 3, 2 * CHUNK + 9).body == data[CHUNK - 3:2 * CHUNK + 10]
        found = json.loads(bob.proof(root, 1, 2).body)
        assert content.proven(
            data[CHUNK:3 * CHUNK], 1, size, [bytes.fromhex(text) for text in found["siblings"]], root)
    assert not list((member.home / "content" / "uploads").iterdir())
    assert not storage.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
    # A restart finds them by their names alone.
    member.stop()
    member.start()
    bob = client_of(network, names[1])
    assert bob.get(root).body == data
    assert member.metric("mednexus_content_blobs") == 2
    listed = run(member.home, "list", extra=storage.settings)
    assert root.hex() in listed and "2 blobs" in listed
    assert "2 blobs are whole" in run(member.home, "verify", extra=storage.settings)


def test_what_the_bucket_changed_is_never_served(storage, network):
    member = network.members[0]
    alice = client_of(network, sorted(network.accounts)[0])
    data, root = blob(4 * CHUNK, 32)
    assert alice.put(root, data).status == 201
    changed = bytearray(data)
    changed[2 * CHUNK + 5] ^= 1
    storage.s3.put_object(Bucket=BUCKET, Key=f"data/{root.hex()}", Body=bytes(changed))
    assert alice.get(root, 0, 9).body == data[:10]
    answer = alice.get(root, 2 * CHUNK, 2 * CHUNK + 9)
    assert (answer.status, answer.reason) == (500, "damaged")
    assert "chunk 2" in run(member.home, "verify", "--root", root.hex(), status=4, extra=storage.settings)
    assert member.metric("mednexus_content_damaged") == 1
    storage.s3.put_object(Bucket=BUCKET, Key=f"data/{root.hex()}", Body=data)


def test_what_no_version_names_leaves_the_bucket(storage, network):
    member = network.members[0]
    member.stop()
    # As if a day had passed: the time stands in the name.
    for key in storage.keys("blobs/"):
        words = key.split("/")
        words[3] = str(int(time.time() * 1000) - 25 * 3_600_000)
        storage.s3.put_object(Bucket=BUCKET, Key="/".join(words), Body=b"")
        storage.s3.delete_object(Bucket=BUCKET, Key=key)
    said = run(member.home, "collect", extra=storage.settings)
    assert "3 removed" in said, said
    assert storage.keys() == []
    member.start()


def test_a_wrong_key_is_said_at_the_start(storage, network):
    member = network.members[0]
    member.stop()
    member.launch(storage.wrong)
    assert member.process.wait(60) == 3, member.tail()
    assert "SignatureDoesNotMatch" in member.tail() or "403" in member.tail()
    member.launch([setting for setting in storage.settings if "secret" not in setting] + ["content.s3-secret-key-file=/none"])
    assert member.process.wait(60) == 3, member.tail()
    assert "content.s3-secret-key-file" in member.tail()
    member.start()
