# Switches to a release and starts it. Returns when the node reports that it is up, or has failed.
switch "$RELEASE"
manage enable --quiet "$UNIT"
if ! manage restart "$UNIT" >&2; then
  journal >&2
  exit 20
fi
