"""A reply that is kept is given again, to any run, until the cache is emptied."""

import sqlite3
import stat
import threading
from contextlib import closing

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from pagehop.agents.budget import Budget
from pagehop.agents.calling.cache import REPLY_FILE, ReplyCache, forget_replies
from pagehop.agents.calling.calls import Calls
from pagehop.agents.prompting import data_block
from pagehop.agents.scripted import ScriptedChatModel
from pagehop.tools.errors import BudgetSpentError, CorpusVersionError, StorageError

WORDS = "The mayor of Oslo is Anne Lindboe."


@pytest.fixture
def cache(tmp_path):
    with closing(ReplyCache(tmp_path / REPLY_FILE)) as cache:
        yield cache


def model_of(reply):
    """One that is the same model to the cache, whatever it replies."""
    return ScriptedChatModel(rules=[("", lambda messages: reply)])


def ask(calls, model, text="What?"):
    mark = calls.mark("hit", text)
    prompt = f"{text}\n{data_block(WORDS, mark, 'hit 1')}"
    return calls.invoke(model, [HumanMessage(prompt)], role="text agent").text


def test_another_run_is_answered_without_a_call_and_at_no_cost(cache):
    first = Calls(Budget(), cache=cache)
    assert ask(first, model_of("yes")) == "yes"
    unused = model_of("never")
    second = Calls(Budget(model_calls=0), cache=cache)
    assert [ask(second, unused), ask(second, unused)] == ["yes", "yes"]
    assert unused.calls == ()
    usage = second.usage
    assert (usage.cached_calls, usage.model_calls, usage.input_tokens, usage.money) == (1, 0, 0, 0)
    assert usage.roles == ()
    with pytest.raises(BudgetSpentError):
        ask(second, unused, "Something new?")


def test_it_is_there_for_a_later_process(tmp_path):
    with closing(ReplyCache(tmp_path / "kept")) as cache:
        ask(Calls(Budget(), cache=cache), model_of("yes"))
    with closing(ReplyCache(tmp_path / "kept")) as cache:
        assert ask(Calls(Budget(), cache=cache), model_of("never")) == "yes"


def test_other_settings_of_a_model_are_another_call(cache):
    ask(Calls(Budget(), cache=cache), model_of("yes"))
    plain = model_of("new").model_copy(update={"tool_calling": False})
    assert ask(Calls(Budget(), cache=cache), plain) == "new"


def test_no_run_shares_a_mark_with_one_that_has_no_cache(cache):
    with_cache = Calls(Budget(), cache=cache).mark("a")
    assert with_cache == Calls(Budget(), cache=cache).mark("a")
    assert with_cache != Calls(Budget()).mark("a")


@pytest.mark.parametrize(
    "reply",
    [AIMessage(""), AIMessage("The", response_metadata={"finish_reason": "length"})],
    ids=["empty", "cut short"],
)
def test_a_reply_that_serves_nobody_is_not_kept(cache, reply):
    ask(Calls(Budget(), cache=cache), model_of(reply))
    assert len(cache) == 0


def test_a_failed_call_is_not_kept(cache):
    calls = Calls(Budget(), cache=cache)
    with pytest.raises(Exception, match="colour"):
        ask(calls, model_of(KeyError("colour")))
    assert len(cache) == 0


def test_emptied_it_holds_nothing_on_disk_and_gives_nothing(cache):
    for number in range(50):
        ask(Calls(Budget(), cache=cache), model_of(WORDS), f"Who {number}?")
    assert len(cache) == 50
    forget_replies(cache.path.parent, "d1")
    assert len(cache) == 0
    left = b"".join(path.read_bytes() for path in cache.path.parent.iterdir())
    assert b"Lindboe" not in left
    assert ask(Calls(Budget(), cache=cache), model_of("new"), "Who 1?") == "new"


def test_a_run_that_began_before_it_was_emptied_puts_nothing_back(cache):
    running = Calls(Budget(), cache=cache)
    ask(running, model_of(WORDS))
    cache.clear()
    assert ask(running, model_of(WORDS), "And now?") == WORDS
    assert len(cache) == 0


def test_a_corpus_without_a_cache_has_nothing_to_forget(tmp_path):
    forget_replies(tmp_path, "d1")
    assert list(tmp_path.iterdir()) == []


def test_only_its_owner_can_read_it(cache):
    ask(Calls(Budget(), cache=cache), model_of("yes"))
    modes = {stat.S_IMODE(path.stat().st_mode) for path in cache.path.parent.iterdir()}
    assert modes == {0o600}


def test_a_damaged_reply_is_asked_for_again(cache, caplog):
    ask(Calls(Budget(), cache=cache), model_of("old"))
    with closing(sqlite3.connect(cache.path)) as other, other:
        other.execute("UPDATE replies SET reply = '{not json'")
    assert ask(Calls(Budget(), cache=cache), model_of("new")) == "new"
    assert "cannot be read" in caplog.text


def test_a_file_that_is_no_cache_is_refused_in_one_line(tmp_path):
    (tmp_path / "kept").write_bytes(b"no database at all, but long enough to be looked at" * 10)
    with pytest.raises(StorageError, match="move it away"):
        ReplyCache(tmp_path / "kept")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match="cannot be used"):
        ReplyCache(tmp_path / "folder")


def test_a_file_of_a_newer_version_is_refused(cache):
    with closing(sqlite3.connect(cache.path)) as other:
        other.execute("PRAGMA user_version=2")
    with pytest.raises(CorpusVersionError, match="newer pagehop"):
        ReplyCache(cache.path)


def test_many_open_it_at_once_and_lose_nothing(tmp_path):
    together = threading.Barrier(8, timeout=10)
    secrets, errors = set(), []

    def work(number):
        try:
            together.wait()
            with closing(ReplyCache(tmp_path / "kept")) as cache:
                secrets.add(cache.secret())
                for turn in range(10):
                    cache.put(f"{number} {turn}", {"content": "x"}, secret=cache.secret())
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert len(secrets) == 1
    with closing(ReplyCache(tmp_path / "kept")) as cache:
        assert len(cache) == 80
