/* Asks the server about the text, and shows what it says. Text is only ever set as text. */
const known = read("data");
let turn = 0;

const percent = (p) => `${(100 * p).toFixed(1)} %`;

function fail(message) {
  $("failed").textContent = message;
  $("failed").hidden = false;
  $("answer").hidden = true;
}

function show(found, seconds) {
  const ranked = known.labels.map((label) => [label, found.probabilities[label]]).sort((a, b) => b[1] - a[1]);
  $("label").textContent = found.label;
  $("sure").textContent = `with ${percent(found.probabilities[found.label])}`;
  $("bars").replaceChildren(...ranked.flatMap(([label, p]) => {
    const bar = make("i");
    bar.style.width = `${100 * p}%`;
    const track = make("div", { class: label === found.label ? "track first" : "track", "aria-hidden": "true" }, bar);
    return [make("span", {}, label), track, make("span", {}, percent(p))];
  }));
  $("response").hidden = found.response === undefined;
  $("response").textContent = found.response === undefined ? "" : `In its own words: ${found.response}`;
  $("took").textContent = `Answered in ${seconds < 1 ? `${Math.round(1000 * seconds)} ms` : `${seconds.toFixed(1)} s`}.`;
  $("failed").hidden = true;
  $("answer").hidden = false;
}

async function post(text) {
  const body = JSON.stringify({ texts: [text] });
  const reply = await fetch("/v1/predict", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  const said = await reply.json();
  if (!reply.ok) throw new Error(said.detail);
  return said;
}

async function ask() {
  const text = $("text").value, mine = ++turn, started = performance.now();
  if (!text.trim()) { fail("Type a text first."); return; }
  $("send").setAttribute("aria-disabled", "true");
  $("answer").classList.add("waits");
  try {
    const said = await post(text);
    if (mine === turn) show(said.predictions[0], (performance.now() - started) / 1000);
  } catch (error) {
    if (mine === turn) fail(error instanceof TypeError ? "The server does not answer. Was it ended?" : error.message);
  }
  if (mine === turn) {
    $("send").removeAttribute("aria-disabled");
    $("answer").classList.remove("waits");
  }
}

$("form").addEventListener("submit", (event) => { event.preventDefault(); ask(); });
$("text").addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); ask(); } });
document.querySelectorAll(".example").forEach((button) => button.addEventListener("click", () => { $("text").value = button.textContent; ask(); }));
