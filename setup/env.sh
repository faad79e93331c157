# Where things are; sourced (POSIX sh) by the launchers and the set-up with $root = the repository.
#
#   $RUNBOOKS_CACHE/bin/{node,npm,npx,temporal,temporal-test-server}
#   $RUNBOOKS_CACHE/postgresql/17/{bin,lib,share}
#   $RUNBOOKS_CACHE/labs/<name>/      a lab's data
#   $RUNBOOKS_CACHE/logs/             what the set-up's commands printed
#
# Root's cache is one that other users can read, because PostgreSQL refuses to run as root.
if [ -z "${RUNBOOKS_CACHE:-}" ]; then
  if [ "$(id -u)" = 0 ]; then
    RUNBOOKS_CACHE=/var/cache/durable-runbooks
  else
    RUNBOOKS_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/durable-runbooks
  fi
fi
export RUNBOOKS_CACHE

# How this machine's user types the two commands: what the programs print in their hints.
if command -v npx >/dev/null 2>&1; then
  RUNBOOK_COMMAND='npx runbook' LAB_COMMAND='npx lab'
else
  RUNBOOK_COMMAND=./runbook LAB_COMMAND=bin/lab
fi
export RUNBOOK_COMMAND LAB_COMMAND
