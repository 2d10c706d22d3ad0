"""The settings of a prompted model."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from valence.llm.asked import Form, Way
from valence.llm.shots import Pick
from valence.text.prompt import Cut
from valence.types import Settings


class Prompting(Settings):
    """How a language model is reached and asked."""

    model: str = ""
    """Name on the server; path of a .gguf; or folder, hub's name or name under $VALENCE_MODELS of weights for transformers."""
    backend: Literal["llamacpp", "server", "transformers"] = "llamacpp"
    """A .gguf served in this process by llama.cpp; a server of OpenAI's protocol (Ollama, llama.cpp, vLLM, LM Studio); or local weights."""
    base_url: str = "http://localhost:11434/v1"
    """Where the server listens; its key is read from $VALENCE_API_KEY or $OPENAI_API_KEY."""
    answer: Way = "score"
    """Free words, words held to the label words by the server's grammar, or the probability of each label word."""
    template: str = "default"
    """Wording of the prompt: the name of a template that comes with Valence, or the path of a jinja2 file."""
    form: Form = "auto"
    """Whether the prompt wears the model's chat template; `auto` where the model has one."""
    label_words: tuple[str, ...] = ()
    """What the model answers for each label, in the order of the labels; the labels' own names when not given."""
    shots: NonNegativeInt = 0
    """Examples with answers in the prompt."""
    pick: Pick = "stratified"
    """Examples: drawn by the seed, equally many of each label; or for each review the training texts that resemble it most."""
    encoder: str = ""
    """Encoder whose mean states tell how alike texts are, for `nearest`: a folder or a name under $VALENCE_MODELS; tf-idf without one."""
    max_review_tokens: PositiveInt = 1024
    """Tokens of a review that are read, by the model's own tokenizer; nothing else in the prompt is ever cut."""
    max_shot_tokens: PositiveInt = 256
    """Tokens of an example that are read."""
    cut: Cut = "head+tail"
    """Which tokens of a longer review are read: its first, its last, or half of each."""
    calibrate: bool = False
    """Divide each label's probability by the one it has for a review without content (Zhao et al., 2021); for `score`."""
    thinking: NonNegativeInt = 0
    """Tokens a thinking model may think before it answers, for `generate`; the thought is removed from the answer."""
    answer_tokens: PositiveInt = 8
    """Tokens of an answer in free words."""
    parallel: NonNegativeInt = 0
    """Requests that a server works on at a time; 0 takes 4, and 1 for a .gguf in this process, whose four bits round by what is beside."""
    timeout: PositiveFloat = 120.0
    """Seconds to wait for one answer of a server."""
    retries: NonNegativeInt = 5
    """Further tries for a request that failed, each after a longer pause."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Number format of local weights; `auto` takes bfloat16 on a GPU that has it."""
    batch_tokens: PositiveInt = 16_384
    """Tokens that local weights read at a time."""
    cache: bool = True
    """Keep answers on disk ($VALENCE_CACHE), so that no question is put to the same model twice."""

    @model_validator(mode="after")
    def _ways_that_exclude_each_other(self) -> Self:
        if self.calibrate and self.answer != "score":
            raise ValueError(f"calibrate needs the probabilities of answer = score, not {self.answer}")
        if self.thinking and self.answer != "generate":
            raise ValueError(f"thinking needs answer = generate: {self.answer} leaves no room for it")
        return self
