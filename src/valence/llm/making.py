"""From settings to a classifier: find the template, open the model, pick the examples."""

from __future__ import annotations

from pathlib import Path

from valence.errors import BadSetting
from valence.llm.asked import Ask, Backend
from valence.llm.connection import Connection, Patience
from valence.llm.examples import Examples, Shorten, make_shots, read_train
from valence.llm.places import find_template
from valence.llm.prompted_classifier import PromptedClassifier, read_back
from valence.llm.prompting import Prompting
from valence.llm.shots import Neighbours, by_meaning, by_words, stratified
from valence.text.prompt import Prompt, tidy
from valence.types import Split, Task

AT_ONCE = 4
"""Requests that a server outside this process gets at a time."""
SLACK = 128
"""Tokens of a prompt beside the instruction, the review and the answer: what a chat template adds."""


def make(settings: Prompting, train: Split, task: Task) -> PromptedClassifier:
    """Open the model and pick the examples from `train`.

    Raises:
        BadSetting: no such model, server, template or encoder; too few label words; fewer texts than examples.
    """
    if settings.shots > len(train):
        raise BadSetting(f"shots = {settings.shots}, but there are {len(train)} training texts to take them from.")
    prompt = _prompt(settings, task)
    chosen = stratified(train, settings.shots, len(task.labels), task.seed) if settings.pick == "stratified" else []
    backend = open_backend(settings, prompt, [train.texts[i] for i in chosen], task)
    shorten = Shorten(backend, settings.max_shot_tokens, settings.cut)
    shots = make_shots(train, chosen, prompt.words, shorten)
    return _classifier(settings, backend, Prompt(prompt.template, prompt.words, shots), train, task)


def remake(settings: Prompting, folder: Path, task: Task) -> PromptedClassifier:
    """Return the classifier that was saved in a folder.

    Raises:
        BadData: the folder is broken, or the model has changed since.
        BadSetting: as `make`.
    """
    prompt = _prompt(settings, task)
    train = read_train(folder) if _by_review(settings) else None
    backend = open_backend(settings, prompt, [], task)
    kept = tuple(read_back(folder, backend))
    return _classifier(settings, backend, Prompt(prompt.template, prompt.words, kept), train, task)


def _classifier(settings: Prompting, backend: Backend, prompt: Prompt, train: Split | None, task: Task) -> PromptedClassifier:
    examples = None
    if train is not None and _by_review(settings):
        shorten = Shorten(backend, settings.max_shot_tokens, settings.cut)
        examples = Examples(train, _neighbours(settings, train, task), prompt.words, settings.shots, shorten)
    return PromptedClassifier(
        backend, _ask(settings, prompt), prompt, task.labels, task.journal, examples, settings.calibrate, caching=settings.cache
    )


def open_backend(settings: Prompting, prompt: Prompt, shots: list[str], task: Task) -> Backend:
    """Open the model.

    Args:
        settings: which, and where.
        prompt: its instruction; a server in this process makes room for it.
        shots: texts of the examples that every prompt will hold.
        task: tells the device.
    """
    if not settings.model:
        raise BadSetting("No model is named. Say which, as in: --model SmolLM2-135M-Instruct, or: --backend server --model llama3.1:8b")
    if settings.backend == "transformers":
        from valence.llm.local import Local

        return Local(settings.model, task.device, settings.precision, settings.batch_tokens)
    patience = Patience(settings.timeout, settings.retries)
    if settings.backend == "llamacpp":
        from valence.llm.embedded import Embedded

        return Embedded(settings.model, settings.parallel or 1, _room(settings, prompt, shots), patience, task.device)
    return open_server(settings.base_url, settings.model, settings.parallel or AT_ONCE, patience)


def open_server(base_url: str, model: str, parallel: int, patience: Patience) -> Backend:
    """Open a model on a server, as a llama.cpp server where it is one: that one shows more."""
    from valence.llm.chat_server import ChatServer
    from valence.llm.llama_server import LlamaServer

    connection = Connection(base_url, patience)
    if "total_slots" in (connection.peek("/props") or {}):
        return LlamaServer(connection, model, parallel)
    return ChatServer.open(connection, model, parallel)


def _room(settings: Prompting, prompt: Prompt, shots: list[str]) -> int:
    """Return the tokens that a prompt and its answer may take; no token is shorter than a byte."""
    asked = len(prompt.plain("").encode()) + SLACK + settings.max_review_tokens + settings.thinking + settings.answer_tokens
    long = [min(len(tidy(text).encode()), settings.max_shot_tokens) for text in shots] or [settings.max_shot_tokens] * settings.shots
    return asked + sum(size + SLACK for size in long)


def _prompt(settings: Prompting, task: Task) -> Prompt:
    words = settings.label_words or task.labels
    if len(words) != len(task.labels) or len({word.lower() for word in words}) != len(words) or not all(word.strip() for word in words):
        raise BadSetting(f"label_words must be {len(task.labels)} different words, for {', '.join(task.labels)}; got: {', '.join(words)}.")
    return Prompt(find_template(settings.template), tuple(words))


def _ask(settings: Prompting, prompt: Prompt) -> Ask:
    return Ask(
        settings.answer,
        prompt.words,
        settings.max_review_tokens,
        settings.cut,
        settings.form,
        settings.thinking,
        settings.answer_tokens,
    )


def _by_review(settings: Prompting) -> bool:
    return settings.shots > 0 and settings.pick == "nearest"


def _neighbours(settings: Prompting, train: Split, task: Task) -> Neighbours:
    texts = [tidy(text) for text in train.texts]
    return by_meaning(texts, settings.encoder, task.device) if settings.encoder else by_words(texts)
