"""deploy/example and the queries that deploy/try.sh prints."""

import re
import shlex

import pytest

from canopy import Canopy, run
from conftest import DEPLOY
from dig import dig

EXAMPLE = DEPLOY / "example"
# "  $ask catalog.shop.svc.cluster.local AAAA         # dual stack"
QUESTIONS = re.findall(r"(?m)^  \$ask ([^#\n]+)",
                       (DEPLOY / "try.sh").read_text())


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Canopy(tmp_path_factory.mktemp("example"),
                manifests=[EXAMPLE]) as running:
        yield running


def test_nothing_in_it_is_worth_a_warning(server):
    assert server.log_lines("warning") == []
    done = run("check", f"--manifests={EXAMPLE}")
    assert (done.returncode, done.stderr) == (0, "")


def test_there_are_questions():
    assert len(QUESTIONS) >= 9


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_of_try_sh(server, question):
    text = dig(server.port, *shlex.split(question))
    if "nosuch" in question:
        assert "status: NXDOMAIN" in text
    elif "example.com" in question:
        assert "status: SERVFAIL" in text  # our upstream is a closed port
    else:
        assert "status: NOERROR" in text and "ANSWER SECTION" in text, text
