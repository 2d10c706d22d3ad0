"""Reviews per second through our way of asking a llama.cpp server, against the same server called one by one; ratios in one run.

    VALENCE_MODELS=... VALENCE_DATA=... python benchmarks/llm_server.py                     SmolLM2, 100 sentences of SST-2's dev
    python benchmarks/llm_server.py --model Qwen2.5-Coder-1.5B-Instruct --reviews 40 --shots 4 --parallel 8

Sides, the same prompts for all: `one by one` sends a chat request per review and reads free words, as most scripts do; `and nothing kept`
does so without the server's prompt cache; ours asks for each way to an answer, several at a time, beginnings kept. Every side has the
same threads, and its own turn in every round; the median counts.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

from valence import data
from valence.llm.asked import Answer, Ask, Question, Way, name_label
from valence.llm.connection import Patience
from valence.llm.embedded import Embedded, threads
from valence.llm.examples import Shorten, make_shots
from valence.llm.places import find_template
from valence.llm.shots import stratified
from valence.text.prompt import Prompt, tidy

LABELS = ("negative", "positive")
Side = Callable[[Sequence[Question]], list[int | None]]


def one_by_one(model: Embedded, *, keep: bool) -> Side:
    """Return the side that sends one chat request after the other and waits for each."""
    import openai

    client = openai.OpenAI(base_url=model._connection.base_url, api_key="none")

    def side(questions: Sequence[Question]) -> list[int | None]:
        found = []
        for question in questions:
            reply = client.chat.completions.create(
                model="any",
                messages=question.prompt.messages(question.review),  # type: ignore[arg-type]
                temperature=0,
                max_tokens=8,
                extra_body={"cache_prompt": keep},
            )
            found.append(name_label(reply.choices[0].message.content or "", LABELS, LABELS)[0])
        return found

    return side


def ours(model: Embedded, way: Way) -> Side:
    """Return the side that asks as the method `prompted` does, without its cache on disk."""
    ask = Ask(way, LABELS, 1024, "head+tail")

    def side(questions: Sequence[Question]) -> list[int | None]:
        found: list[int | None] = [None] * len(questions)
        for i, reply in model.ask(questions, ask):
            if isinstance(reply, Answer) and reply.scores is not None:
                found[i] = max(range(len(LABELS)), key=reply.scores.__getitem__)
            elif isinstance(reply, Answer):
                found[i] = name_label(reply.text or "", LABELS, LABELS)[0]
        return found

    return side


def main() -> None:
    """Time every side in turn and print reviews per second, ratios and accuracies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="SmolLM2-135M-Instruct")
    parser.add_argument("--data", default="sst2")
    parser.add_argument("--reviews", type=int, default=100)
    parser.add_argument("--shots", type=int, default=0)
    parser.add_argument("--parallel", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    splits = data.load(options.data).splits
    part = splits.get("dev") or splits["test"]
    part = part.select(range(options.reviews))
    room = 700 + options.shots * 300
    model = Embedded(options.model, options.parallel, room + 1024, Patience(timeout=600, retries=0), "cpu")
    rows = stratified(splits["train"], options.shots, len(LABELS), seed=0)
    shots = make_shots(splits["train"], rows, LABELS, Shorten(model, 256, "head+tail"))
    questions = [Question(Prompt(find_template("default"), LABELS, shots), tidy(text)) for text in part.texts]
    sides = {
        "one by one, free words": one_by_one(model, keep=True),
        "and nothing kept": one_by_one(model, keep=False),
        **{f"ours, {way}": ours(model, way) for way in ("generate", "choice", "score")},
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    accuracy = {}
    for _ in range(options.rounds):
        for name, side in sides.items():
            started = time.perf_counter()
            answers = side(questions)
            seconds[name].append(time.perf_counter() - started)
            accuracy[name] = sum(a == y for a, y in zip(answers, part.labels.tolist(), strict=True)) / len(answers)
    asked = f"{len(questions)} reviews of {options.data}, {options.shots} shots"
    print(f"{options.model}, {asked}, {threads()} threads, {options.parallel} at a time")
    base = statistics.median(seconds["one by one, free words"])
    for name, times in seconds.items():
        middle = statistics.median(times)
        spread = f"{min(times):.1f} to {max(times):.1f} s"
        print(f"{name:24} {len(questions) / middle:7.2f} reviews/s  {base / middle:5.2f} x  {spread}  accuracy {accuracy[name]:.3f}")
    model.close()


if __name__ == "__main__":
    main()
