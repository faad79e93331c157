# Runs one of the two programs under the cached Node.js, whatever Node.js the caller has, if any.
# Sourced (POSIX sh) by bin/runbook and bin/lab with $root and $main set.
. "$root/setup/env.sh"
if [ ! -x "$RUNBOOKS_CACHE/bin/node" ] || [ ! -f "$root/$main" ] || [ ! -d "$root/node_modules" ]; then
  "$root/setup/install" >&2 || exit 1
fi
exec "$RUNBOOKS_CACHE/bin/node" "$root/$main" "$@"
