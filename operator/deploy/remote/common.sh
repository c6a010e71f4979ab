# Shared by the other scripts, which run in the device's sh with BASE, NODE, SCOPE, UNIT and UNIT_PATH set.
set -eu
umask 077
HERE=$BASE/nodes/$NODE

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Runs systemctl for the node's service manager.
manage() {
  if [ "$SCOPE" = system ]; then
    as_root systemctl "$@"
  else
    XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/run/user/$(id -u)} systemctl --user "$@"
  fi
}

# Prints the last lines of the service's log.
journal() {
  if [ "$SCOPE" = system ]; then
    as_root journalctl --unit "$UNIT" --lines 15 --no-pager --output cat 2>/dev/null || true
  else
    journalctl --user --unit "$UNIT" --lines 15 --no-pager --output cat 2>/dev/null || true
  fi
}

# put_unit FILE: installs the unit atomically.
put_unit() {
  if [ "$SCOPE" = system ]; then
    as_root install -m 644 "$1" "$UNIT_PATH"
  else
    mkdir -p "${UNIT_PATH%/*}"
    cp "$1" "$UNIT_PATH.new"
    mv "$UNIT_PATH.new" "$UNIT_PATH"
  fi
}

# switch RELEASE: makes it the current release.
switch() {
  ln -sfn "releases/$1" "$HERE/current.new"
  mv -T "$HERE/current.new" "$HERE/current"
  # Discards any self-upgrade that the node has begun.
  rm -rf "$HERE/trial" "$HERE/trial_failed"
  mkdir -p "$HERE/bin"
  cp "$HERE/current/launcher" "$HERE/bin/agentflow-node.new"
  mv "$HERE/bin/agentflow-node.new" "$HERE/bin/agentflow-node"
  put_unit "$HERE/current/unit"
  manage daemon-reload
}

# Removes everything that no release of any node uses any more.
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
