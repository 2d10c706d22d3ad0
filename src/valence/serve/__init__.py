"""A finished run behind HTTP: an API, and a page that asks it.

    valence serve RUN       # http://127.0.0.1:8000

limits.py   what one request may ask for, and how requests are read together
waiting.py  the queue
batcher.py  the one thread that owns the classifier, and reads together what arrives together
opening.py  the classifier, made fit for texts that must not stay
card.py     what is served: figures with intervals, what they say nothing of, where the run came from
schema.py   requests and answers as JSON
counts.py   figures for Prometheus
figure.py, confidence.py  parts of the card
entrance.py around all routes: counts, and refuses a body too large
app.py      the routes; page.py with ask.html.j2, ask.css and ask.js: the page
server.py   `serve`: binds, loads, listens, ends

No text that a user sends is logged or kept.
"""
