# Puts a release in place and starts it: comes back when the node says that it is up, or has failed.
switch "$RELEASE"
manage enable --quiet "$UNIT"
if ! manage restart "$UNIT" >&2; then
  journal >&2
  exit 20
fi
