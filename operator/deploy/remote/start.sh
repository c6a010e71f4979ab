# Starts a node that is already installed.
manage enable --quiet "$UNIT"
if ! manage start "$UNIT" >&2; then
  journal >&2
  exit 20
fi
