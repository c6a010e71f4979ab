# Starts a node that is in place.
manage enable --quiet "$UNIT"
if ! manage start "$UNIT" >&2; then
  journal >&2
  exit 20
fi
