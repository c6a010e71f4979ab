# What the other scripts share. They run in the device's sh, with BASE, NODE, SCOPE, UNIT and UNIT_PATH set.
set -eu
umask 077
HERE=$BASE/nodes/$NODE

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# The service manager that the node belongs to.
manage() {
  if [ "$SCOPE" = system ]; then
    as_root systemctl "$@"
  else
    XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/run/user/$(id -u)} systemctl --user "$@"
  fi
}

# What the service said last.
journal() {
  if [ "$SCOPE" = system ]; then
    as_root journalctl --unit "$UNIT" --lines 15 --no-pager --output cat 2>/dev/null || true
  else
    journalctl --user --unit "$UNIT" --lines 15 --no-pager --output cat 2>/dev/null || true
  fi
}

# put FILE PATH: puts the unit in place, whole or not at all.
put_unit() {
  if [ "$SCOPE" = system ]; then
    as_root install -m 644 "$1" "$UNIT_PATH"
  else
    mkdir -p "${UNIT_PATH%/*}"
    cp "$1" "$UNIT_PATH.new"
    mv "$UNIT_PATH.new" "$UNIT_PATH"
  fi
}

# switch RELEASE: from now on `current` is that one.
switch() {
  ln -sfn "releases/$1" "$HERE/current.new"
  mv -T "$HERE/current.new" "$HERE/current"
  # What a node has begun on its own, to replace itself, is over.
  rm -rf "$HERE/trial" "$HERE/trial_failed"
  mkdir -p "$HERE/bin"
  cp "$HERE/current/launcher" "$HERE/bin/agentflow-node.new"
  mv "$HERE/bin/agentflow-node.new" "$HERE/bin/agentflow-node"
  put_unit "$HERE/current/unit"
  manage daemon-reload
}

# Everything that no release of any node uses any more.
tidy_store() {
  for blob in "$BASE"/store/*; do
    [ -e "$blob" ] || continue
    used=no
    for link in "$BASE"/nodes/*/releases/*/deno "$BASE"/nodes/*/releases/*/agentflow-node.js; do
      if [ "$(readlink "$link" 2>/dev/null)" = "../../../../store/${blob##*/}/${link##*/}" ]; then used=yes; fi
    done
    if [ "$used" = no ]; then rm -rf "$blob"; fi
  done
}
