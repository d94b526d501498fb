"""Types exactly what the README says, from nothing to a minted score, a sold license and a claimed royalty, and to a case
that is sold sealed."""

import json
import os
import pathlib
import re
import subprocess
import time

from conftest import ROOT


def blocks(section):
    """The shell blocks of a section of the README, in order."""
    text = (ROOT / "README.md").read_text()
    body = text.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    found = re.findall(r"```sh\n(.*?)```", body, re.DOTALL)
    assert found, f"the README has no commands under {section}"
    return found


def test_the_first_score_by_hand(tmp_path):
    build_and_start, acts = blocks("A first score, by hand")
    assert "make build" in build_and_start and "mednexusd devnet" in build_and_start
    home = tmp_path / "mednexus"
    # The one change to what is typed: a folder of its own, so that tests don't meet an earlier network.
    started = build_and_start.replace("/tmp/mednexus", str(home)).replace("make build", "true")
    (sealed,) = blocks("A sealed case, by hand")
    rights = "".join(blocks("Rights and offices, by hand"))
    typed = acts.replace("/tmp/mednexus", str(home)) + sealed.replace(" removed.json", f" {home}/removed.json").replace(
        " case.json", f" {home}/case.json") + rights
    script = f"""
set -e
cd {ROOT}
{started}
devnet=$!
for _ in $(seq 600); do [ -f {home}/network.json ] && break; sleep 0.1; done
set +e
(
set -e
{typed}
)
code=$?
kill -TERM $devnet
wait $devnet
exit $code
"""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MEDNEXUS_")}
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=180, env=environment,
        stdin=subprocess.DEVNULL)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    # What the README promises.
    assert "called curb65" in done.stdout
    assert re.search(r"15\.00 EURX to author", done.stdout)
    assert re.search(r"In force:\s+yes", done.stdout)
    for name in ["house-terms", "house-offer", "house", "ward-license", "stmary", "medical", "author-license", "second-issuer"]:
        assert f"called {name}\n" in done.stdout, name
    assert re.search(r"adds developer \(.*\) as clinician", done.stdout)
    assert re.search(
        r"proposes: Let clinic-org .* vote yes or no\s+mednexus governance vote second-issuer VOTE --from hospital"
        r" --acting-for hospital-org", done.stdout)
    statement = done.stdout.rsplit("opening balance", 1)[1]
    assert re.search(r"claim\s+vault of curb65\s+15\.00", statement)
    opened = json.loads((home / "case.json").read_text())
    assert len(opened["phenotypicFeatures"]) == 3 and "Mustermann" not in json.dumps(opened)
    assert json.loads((home / "removed.json").read_text())["removed"]


def test_every_document_that_the_readme_links_exists():
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text()):
        assert target.startswith("https://") or (ROOT / target).exists(), target
