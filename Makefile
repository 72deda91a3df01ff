# `make run` and `make test` need python3 (3.11 or newer), pip and make; they do the rest themselves.
.PHONY: run setup dev homeserver other-client test test-slow soak synapse check format bench pictures lock

PYTEST = .venv/bin/python -m pytest

run: setup            ## try the bot in the terminal, on the example campaign, on 27 January 2019
	@.venv/bin/actiebot run --only terminal --at 2019-01-27T12:00:00+01:00

setup:                ## a .venv with what the bot needs to run
	@scripts/setup.sh run

dev:                  ## a .venv with what work on the bot needs
	@scripts/setup.sh dev

homeserver:           ## a .venv-synapse for the Matrix tests; where it is not to be had, they are skipped and say so
	@scripts/setup.sh synapse || echo "There is no Synapse: tests that need a homeserver are skipped." >&2

other-client:         ## tests/js/node_modules, for the test with a client that is not nio; without node 20 it is skipped
	@scripts/setup.sh js || echo "There is no other Matrix client: the test with it is skipped." >&2

test: dev homeserver other-client ## every test but the slow ones
	@$(PYTEST)

test-slow: dev homeserver ## chaos: the bot killed at every step of sending, and on a homeserver that fails
	@$(PYTEST) -m slow

soak: dev homeserver  ## the outbox killed over and over for an hour, then Matrix asked on for half an hour; or ACTIEBOT_SOAK_MINUTES each
	@end=$$(( $$(date +%s) + 60 * $${ACTIEBOT_SOAK_MINUTES:-60} )); \
	while [ $$(date +%s) -lt $$end ]; do $(PYTEST) -m slow tests/chaos/test_kill.py || exit 1; done
	@.venv/bin/python -m tests.chaos.soak

synapse: dev          ## a homeserver on 127.0.0.1 with accounts, a room and a config.yaml, to try the bot on; PORT=8008
	@scripts/setup.sh synapse
	@PYTHONPATH=. .venv/bin/python scripts/synapse.py

check: dev            ## format, lint, types, layers
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --cache-dir .import_linter_cache
	@.venv/bin/actiebot check

format: dev
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

bench: dev homeserver ## speed, memory and how well questions are answered; writes bench/results.json
	@.venv/bin/python -m bench

pictures: dev homeserver ## docs/pictures anew: a conversation on Discord and Matrix; needs Chromium or another browser like it
	@.venv/bin/python -m scripts.pictures

LOCK = .venv/bin/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options --no-header

lock: dev             ## the newest versions that pyproject.toml and tests/synapse.in allow
	@$(LOCK) --output-file requirements.lock pyproject.toml
	@$(LOCK) --extra dev --output-file requirements-dev.lock pyproject.toml
	@$(LOCK) --output-file tests/synapse.lock tests/synapse.in
